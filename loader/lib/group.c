// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: the pairs that share a carrier map.
 *
 * A pair that stays as it is keeps using the map; what it leaves there could be
 * found by other pairs only if they used the map too, and fused pairs do not.
 * But before that, each pair's proof that the slot is equivalent assumes
 * something about what the others leave behind. So all programs that use the
 * map have to be understood, and to agree on why (see plan.c).
 */
#include <string.h>

#include "group.h"
#include "hook.h"
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
static bool in_group(const struct pairfuse_study *st, size_t p, int map)
{
	return st->plans[p].in && st->plans[p].carrier == map;
}

/* A program that uses the map and is in none of the group's pairs, or -1. */
static int outsider(const struct pairfuse_study *st, int map)
{
	const struct pairfuse_pair *pair;
	size_t prog, p;
	bool inside;

	for (prog = 0; prog < st->in->nr_progs; prog++) {
		const struct pairfuse_prog *pr = &st->in->progs[prog];

		/* without a target it is never attached, where BTF is needed for that */
		if (!pairfuse_uses(st, prog, map) ||
		    (pairfuse_hook_is_typed(pr->at) && !pr->target))
			continue;
		inside = false;
		for (p = 0; p < st->res->nr_pairs; p++) {
			pair = &st->res->pairs[p];
			inside |= in_group(st, p, map) && (pair->entry == (int)prog ||
							   pair->exit == (int)prog);
		}
		if (!inside)
			return prog;
	}
	return -1;
}

static void refuse_group(struct pairfuse_study *st, int map, int prog)
{
	const char *name = st->in->maps[map].name;
	int insn = st->uses[(size_t)prog * st->in->nr_maps + map] - 1;
	struct pairfuse_why why = { .prog = prog };
	size_t p;

	pairfuse_refuse(&why, PAIRFUSE_REASON_CARRIER_SHARED, insn,
			"carrier map '%s' is also used by '%s' (insn %d)", name,
			st->in->progs[prog].name, insn);
	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, map) && st->res->pairs[p].reason == PAIRFUSE_REASON_NONE)
			pairfuse_pair_refuse(&st->res->pairs[p], &why);
}

/* All of them keyed alike? Else one could look up what another has stored. */
static bool same_key(const struct pairfuse_key_bytes *a, const struct pairfuse_key_bytes *b)
{
	return a->size == b->size && !memcmp(a->root, b->root, a->size * sizeof(a->root[0])) &&
	       !memcmp(a->idx, b->idx, a->size);
}

struct common {
	bool slot, removes, stores, any;
	__u64 zeroes;
	size_t first;
	bool keys_differ;
};

static struct common common_ground(const struct pairfuse_study *st, int map)
{
	struct common c = { .slot = true, .removes = true, .stores = true, .zeroes = ~0ULL };
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		if (!in_group(st, p, map))
			continue;
		c.slot &= st->plans[p].slot_ok;
		c.removes &= st->plans[p].removes;
		c.stores &= st->plans[p].stores_always;
		c.zeroes &= st->plans[p].zeroes;
		if (c.any)
			c.keys_differ |= !same_key(&st->plans[p].key, &st->plans[c.first].key);
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
			    "its key is not the thread, so nested calls cannot see each other's state");
	}
}

static void agree_on(struct pairfuse_study *st, int map)
{
	struct common c = common_ground(st, map);
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
		if (!in_group(st, p, map))
			continue;
		st->plans[p].proof = proof;
		st->plans[p].flag_bytes = proof == PAIRFUSE_PROOF_ZEROED ? c.zeroes : 0;
		if (c.keys_differ)
			refuse_pair(st, p, PAIRFUSE_REASON_KEY_DIFFERS, -1, -1,
				    "the pairs that share it use different keys");
	}
	storage = pairfuse_storage_choose(st, map, proof != PAIRFUSE_PROOF_NONE);
	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, map) && !storage)
			refuse_storage(st, p, &c, proof);
}

void pairfuse_agree(struct pairfuse_study *st)
{
	size_t map;
	int prog;

	for (map = 0; map < st->in->nr_maps; map++) {
		prog = outsider(st, map);
		if (prog >= 0)
			refuse_group(st, map, prog);
		else
			agree_on(st, map);
	}
}
