// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: the pairs that share a carrier map, and may meet in it.
 *
 * A pair that stays as it is keeps using the map; what it leaves there could be
 * found by other pairs only if they used the map too, and fused pairs do not.
 * But before that, each pair's proof that the slot is equivalent assumes
 * something about what the others leave behind. So all programs that use the
 * map have to be understood, and to agree on why (see plan.c).
 *
 * Programs whose keys differ in a constant byte use different elements of one map
 * (key.c). They are like programs with different maps: pairs are in different groups
 * then, and one of no pair does not count. Of that one, each access is followed to see
 * its key; it has to be an access by key.
 */
#include <errno.h>
#include <stdlib.h>

#include "group.h"
#include "hook.h"
#include "key.h"
#include "storage.h"

static const char *proof_lacks(const struct pairfuse_plan *plan)
{
	if (plan->kind == PAIRFUSE_CARRIER_ARRAY)
		return "the entry does not always write it, nor does the exit always zero it";
	return "the exit does not always delete it, nor does the entry always store it";
}

static void refuse_pair(struct pairfuse_study *st, size_t p, enum pairfuse_reason reason,
			int prog, int insn, const char *text)
{
	struct pairfuse_why why = { .prog = prog };

	/* a pair may have been refused for a reason of its own */
	if (st->res->pairs[p].reason != PAIRFUSE_REASON_NONE)
		return;
	pairfuse_refuse(&why, reason, insn, "carrier map '%s': %s",
			st->in->maps[st->plans[p].carrier].name, text);
	pairfuse_pair_refuse(&st->res->pairs[p], &why);
}

/* A pair whose use of the map is understood; it may stay as it is all the same. */
static bool uses_map(const struct pairfuse_study *st, size_t p, int map)
{
	return st->plans[p].in && st->plans[p].carrier == map;
}

/* --- who is in which group --- */

static void merge(struct pairfuse_study *st, int from, int into)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++)
		if (st->plans[p].group == from)
			st->plans[p].group = into;
}

/* Pairs of a map whose keys may be the same are in one group, named by its first pair. */
static void find_groups(struct pairfuse_study *st)
{
	size_t p, q;

	for (p = 0; p < st->res->nr_pairs; p++) {
		st->plans[p].group = st->plans[p].in ? (int)p : -1;
		for (q = 0; st->plans[p].in && q < p; q++)
			if (uses_map(st, q, st->plans[p].carrier) &&
			    st->plans[q].group != st->plans[p].group &&
			    !pairfuse_key_apart(&st->exprs, &st->plans[p].key, &st->plans[q].key))
				merge(st, st->plans[p].group, st->plans[q].group);
	}
}

/* --- programs of no pair --- */

/* Programs that are called with a function's address are not followed into. */
static bool has_callbacks(const struct pairfuse_prog *prog)
{
	size_t i;

	for (i = 0; i < prog->nr_insns; i++) {
		if (!pairfuse_insn_is_imm64(&prog->insns[i]))
			continue;
		if (prog->insns[i].src_reg == BPF_PSEUDO_FUNC)
			return true;
		i++;
	}
	return false;
}

static bool is_reached(const struct pairfuse_ir *ir, int orig)
{
	size_t i;

	for (i = 0; i < ir->nr; i++)
		if (ir->nodes[i].orig == orig)
			return true;
	return false;
}

/* Code that is there and that nothing leads to: it is for bpf_throw(), and may use any map. */
static bool has_unreached(const struct pairfuse_prog *prog, const struct pairfuse_ir *ir)
{
	size_t i;

	for (i = 0; i < prog->nr_insns; i++) {
		if (!pairfuse_insn_is_imm64(&prog->insns[i]))
			continue;
		if (!is_reached(ir, i))
			return true;
		i++;
	}
	return false;
}

int pairfuse_watch(struct pairfuse_study *st, int map, int prog, struct pairfuse_watch *watch,
		   unsigned int nr, bool *looks)
{
	struct pairfuse_why why;
	struct pairfuse_run run = {
		.in = st->in, .prog = &st->in->progs[prog], .x = &st->exprs, .why = &why,
		.is_exit = true, .is_raw = true, .carrier = map,
		.watching = true, .watch = watch, .nr_watch = nr,
		.nr_start = 1, .start[0] = { .armed = true },
	};
	unsigned int w;
	int err = PAIRFUSE_REFUSED;

	if (!has_callbacks(run.prog) &&
	    pairfuse_carrier_kind(st->in->maps[map].type, &run.kind))
		err = pairfuse_study_flat(st, prog);
	if (!err && has_unreached(run.prog, &st->flats[prog].ir))
		err = PAIRFUSE_REFUSED;
	if (!err) {
		run.ir = &st->flats[prog].ir;
		err = pairfuse_run(&run);
		pairfuse_run_free(&run);
	}
	if (looks)
		*looks = err || run.loads;
	for (w = 0; err && w < nr; w++)
		watch[w].met = true;
	return err == PAIRFUSE_REFUSED ? 0 : err;
}

static void refuse_met(struct pairfuse_study *st, int map, int prog, int group)
{
	const char *name = st->in->maps[map].name;
	int insn = st->uses[(size_t)prog * st->in->nr_maps + map] - 1;
	struct pairfuse_why why = { .prog = prog };
	size_t p;

	pairfuse_refuse(&why, PAIRFUSE_REASON_CARRIER_SHARED, insn,
			"carrier map '%s' is also used by '%s' (insn %d)", name,
			st->in->progs[prog].name, insn);
	for (p = 0; p < st->res->nr_pairs; p++)
		if (st->plans[p].group == group &&
		    st->res->pairs[p].reason == PAIRFUSE_REASON_NONE)
			pairfuse_pair_refuse(&st->res->pairs[p], &why);
}

/* A program that is in none of the map's pairs: refuse the groups that it may meet. */
static int check_outsider(struct pairfuse_study *st, int map, int prog)
{
	struct pairfuse_watch *keys = calloc(st->res->nr_pairs, sizeof(*keys));
	unsigned int nr = 0, w;
	size_t p;
	int err;

	if (!keys)
		return -ENOMEM;
	for (p = 0; p < st->res->nr_pairs; p++)
		if (uses_map(st, p, map))
			keys[nr++].key = &st->plans[p].key;
	err = nr ? pairfuse_watch(st, map, prog, keys, nr, NULL) : 0;
	for (p = 0, w = 0; !err && p < st->res->nr_pairs; p++)
		if (uses_map(st, p, map) && keys[w++].met)
			refuse_met(st, map, prog, st->plans[p].group);
	free(keys);
	return err;
}

static bool is_outsider(const struct pairfuse_study *st, int map, int prog)
{
	const struct pairfuse_prog *pr = &st->in->progs[prog];
	size_t p;

	/* without a target it is never attached, where BTF is needed for that */
	if (!pairfuse_uses(st, prog, map) || (pairfuse_hook_is_typed(pr->at) && !pr->target))
		return false;
	for (p = 0; p < st->res->nr_pairs; p++)
		if (uses_map(st, p, map) &&
		    (st->res->pairs[p].entry == prog || st->res->pairs[p].exit == prog))
			return false;
	return true;
}

/* --- what the pairs of a group agree on --- */

static bool in_group(const struct pairfuse_study *st, size_t p, int group)
{
	return st->plans[p].group == group;
}

struct common {
	bool slot, removes, stores, any;
	__u64 zeroes;
	size_t first;
	bool keys_differ;
};

static struct common common_ground(const struct pairfuse_study *st, int group)
{
	struct common c = { .slot = true, .removes = true, .stores = true, .zeroes = ~0ULL };
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		if (!in_group(st, p, group))
			continue;
		c.slot &= st->plans[p].slot_ok;
		c.removes &= st->plans[p].removes;
		c.stores &= st->plans[p].stores_always;
		c.zeroes &= st->plans[p].zeroes;
		if (c.any)
			c.keys_differ |= !pairfuse_key_same(&st->plans[p].key,
						      &st->plans[c.first].key);
		else
			c.first = p;
		c.any = true;
	}
	return c;
}

/* The group has no storage: the pair's own reason, or that of another one. */
static void refuse_storage(struct pairfuse_study *st, size_t p, const struct common *c,
			   enum pairfuse_proof proof)
{
	const struct pairfuse_pair *pair = &st->res->pairs[p];
	const struct pairfuse_plan *plan = &st->plans[p];
	struct pairfuse_why why = plan->slot_why;

	if (!plan->slot_ok && pair->reason == PAIRFUSE_REASON_NONE) {
		if (why.prog >= 0)
			why.prog = why.prog ? pair->exit : pair->entry;
		pairfuse_pair_refuse(&st->res->pairs[p], &why);
	} else if (!c->slot) {
		refuse_pair(st, p, PAIRFUSE_REASON_GROUP, -1, -1,
			    "another pair that shares it cannot be fused");
	} else if (proof == PAIRFUSE_PROOF_NONE) {
		refuse_pair(st, p, PAIRFUSE_REASON_NOT_CONSUMED, -1, -1, proof_lacks(plan));
	} else {
		refuse_pair(st, p, PAIRFUSE_REASON_NESTING, -1, -1,
			    plan->looks ?
			    "the entry looks for the state of another call, which only the map has unless its key is just the thread (--nesting=per-call: it finds none)" :
			    plan->second >= 0 ?
			    "state is in another map, too, and only here the key is more than the thread (--nesting=per-call: calls inside calls may find half of it)" :
			    pairfuse_storage_key_is_thread(plan) ?
			    "several functions share it, and nested calls cannot find each other's state: it cannot be kept in task storage (--nesting=per-call: each has its own)" :
			    "its key is not the thread, so nested calls cannot see each other's state");
	}
}

static void agree_on(struct pairfuse_study *st, int group)
{
	struct common c = common_ground(st, group);
	enum pairfuse_proof proof;
	bool storage;
	size_t p;

	if (!c.any)
		return;
	proof = !c.slot ? PAIRFUSE_PROOF_NONE :
		c.removes ? PAIRFUSE_PROOF_REMOVED :
		c.stores ? PAIRFUSE_PROOF_STORED :
		c.zeroes ? PAIRFUSE_PROOF_ZEROED : PAIRFUSE_PROOF_NONE;
	for (p = 0; p < st->res->nr_pairs; p++) {
		if (!in_group(st, p, group))
			continue;
		st->plans[p].proof = proof;
		st->plans[p].flag_bytes = proof == PAIRFUSE_PROOF_ZEROED ? c.zeroes : 0;
		if (c.keys_differ)
			refuse_pair(st, p, PAIRFUSE_REASON_KEY_DIFFERS, -1, -1,
				    "the pairs that share it use different keys");
	}
	storage = pairfuse_storage_choose(st, group, proof != PAIRFUSE_PROOF_NONE);
	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, group) && !storage)
			refuse_storage(st, p, &c, proof);
}

int pairfuse_agree(struct pairfuse_study *st)
{
	size_t map, prog, p;
	int err = 0;

	find_groups(st);
	for (map = 0; map < st->in->nr_maps; map++)
		for (prog = 0; !err && prog < st->in->nr_progs; prog++)
			if (is_outsider(st, map, prog))
				err = check_outsider(st, map, prog);
	for (p = 0; !err && p < st->res->nr_pairs; p++)
		agree_on(st, p);
	return err;
}
