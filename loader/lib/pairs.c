// SPDX-License-Identifier: GPL-2.0
/*
 * Pairing: an entry and an exit program on the same function that share a map.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "hook.h"
#include "storage.h"

void pairfuse_pair_refuse(struct pairfuse_pair *pair, const struct pairfuse_why *why)
{
	pair->reason = why->reason;
	pair->reason_prog = why->prog;
	pair->reason_insn = why->insn;
	snprintf(pair->reason_text, sizeof(pair->reason_text), "%s", why->text);
}

/* --- uses of maps --- */

static void find_uses_of(struct pairfuse_study *st, size_t p)
{
	const struct pairfuse_input *in = st->in;
	const struct pairfuse_prog *prog = &in->progs[p];
	struct bpf_insn pair[2];
	size_t i;
	int map;

	for (i = 0; i < prog->nr_insns; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (!pairfuse_insn_is_imm64(insn))
			continue;
		pair[0] = *insn;
		pair[1] = i + 1 < prog->nr_insns ? insn[1] : (struct bpf_insn){ 0 };
		switch (insn->src_reg) {
		case BPF_PSEUDO_MAP_FD:
		case BPF_PSEUDO_MAP_IDX:
		case BPF_PSEUDO_MAP_VALUE:
		case BPF_PSEUDO_MAP_IDX_VALUE:
			map = in->map_ref(in->map_ref_arg, pair);
			if (map >= 0 && (size_t)map < in->nr_maps &&
			    !st->uses[p * in->nr_maps + map])
				st->uses[p * in->nr_maps + map] = i + 1;
		}
		i++;	/* its second half */
	}
}

void pairfuse_find_uses(struct pairfuse_study *st)
{
	size_t p;

	for (p = 0; p < st->in->nr_progs; p++)
		find_uses_of(st, p);
}

/* --- pairs --- */

/* Maps for output: what two programs have in common with them is no state. */
static bool is_output(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return true;
	default:
		return false;
	}
}

/* Global data: libbpf names these maps after their section, with a dot. */
static bool is_global_data(const struct pairfuse_map *map)
{
	return map->frozen || (map->type == BPF_MAP_TYPE_ARRAY && strchr(map->name, '.'));
}

static bool may_carry(const struct pairfuse_map *map)
{
	return !is_output(map->type) && !is_global_data(map);
}

static bool share_map(const struct pairfuse_study *st, int a, int b)
{
	size_t m;

	for (m = 0; m < st->in->nr_maps; m++)
		if (may_carry(&st->in->maps[m]) && pairfuse_uses(st, a, m) &&
		    pairfuse_uses(st, b, m))
			return true;
	return false;
}

static bool same_target(const struct pairfuse_prog *a, const struct pairfuse_prog *b)
{
	return a->target && b->target && !strcmp(a->target, b->target);
}

static bool is_half(const struct pairfuse_prog *p)
{
	return pairfuse_hook_is_half(p->at);
}

/* Programs of p's kind at the other end of its function; *one is one of them. */
static unsigned int partners(const struct pairfuse_study *st, size_t p, bool sharing, size_t *one)
{
	const struct pairfuse_prog *progs = st->in->progs;
	unsigned int nr = 0;
	size_t q;

	for (q = 0; q < st->in->nr_progs; q++) {
		if (progs[q].at != pairfuse_hook_partner(progs[p].at) ||
		    !same_target(&progs[p], &progs[q]) || (sharing && !share_map(st, p, q)))
			continue;
		*one = q;
		nr++;
	}
	return nr;
}

/* A program at the other end of p's function that is of another kind than its partner. */
static int other_kind(const struct pairfuse_study *st, size_t p)
{
	const struct pairfuse_prog *progs = st->in->progs;
	size_t q;

	for (q = 0; q < st->in->nr_progs; q++)
		if (is_half(&progs[q]) && same_target(&progs[p], &progs[q]) &&
		    pairfuse_hook_is_entry(progs[p].at) != pairfuse_hook_is_entry(progs[q].at) &&
		    progs[q].at != pairfuse_hook_partner(progs[p].at) && share_map(st, p, q))
			return q;
	return -1;
}

static void add_pair(struct pairfuse_study *st, int entry, int exit)
{
	struct pairfuse_pair *pair = &st->res->pairs[st->res->nr_pairs++];

	pair->entry = entry;
	pair->exit = exit;
	pair->carrier = -1;
	pair->reason_prog = -1;
	pair->reason_insn = -1;
}

/* Does the entry leave something in a map for the exit, or is that not known? */
static int carries(struct pairfuse_study *st, int entry, int exit, size_t m, bool *yes)
{
	struct pairfuse_plan plan = {
		.in = st->in, .x = &st->exprs, .entry = &st->flats[entry],
		.exit = &st->flats[exit], .carrier = m, .why = { .prog = -1 },
	};
	struct pairfuse_watch key = { .key = &plan.key };
	int err = pairfuse_plan_study(&plan);

	*yes = true;
	if (err == PAIRFUSE_REFUSED && plan.why.reason == PAIRFUSE_REASON_NO_CARRIER)
		*yes = false;
	if (err == PAIRFUSE_REFUSED && plan.why.reason == PAIRFUSE_REASON_KEY_DIFFERS) {
		err = pairfuse_watch(st, m, exit, &key, 1, NULL);
		*yes = key.met;
	}
	pairfuse_plan_free(&plan);
	return err == PAIRFUSE_REFUSED ? 0 : err;
}

/* The same, in any map. */
static int are_joined(struct pairfuse_study *st, int entry, int exit, bool *yes)
{
	size_t m;
	int err;

	*yes = true;
	err = pairfuse_study_flat(st, entry);
	if (!err)
		err = pairfuse_study_flat(st, exit);
	if (err)
		return err == PAIRFUSE_REFUSED ? 0 : err;
	*yes = false;
	for (m = 0; m < st->in->nr_maps && !err && !*yes; m++)
		if (may_carry(&st->in->maps[m]) && pairfuse_uses(st, entry, m) &&
		    pairfuse_uses(st, exit, m))
			err = carries(st, entry, exit, m, yes);
	return err;
}

/*
 * Of several programs that share maps with p, those that are joined to it: the maps may be
 * options that all of them only look at. *one is one of them.
 */
static int joined(struct pairfuse_study *st, size_t p, unsigned int *nr, size_t *one)
{
	const struct pairfuse_prog *progs = st->in->progs;
	bool entry = pairfuse_hook_is_entry(progs[p].at), yes;
	size_t q;
	int err;

	*nr = 0;
	for (q = 0; q < st->in->nr_progs; q++) {
		if (progs[q].at != pairfuse_hook_partner(progs[p].at) ||
		    !same_target(&progs[p], &progs[q]) || !share_map(st, p, q))
			continue;
		err = are_joined(st, entry ? p : q, entry ? q : p, &yes);
		if (err)
			return err;
		if (!yes)
			continue;
		*one = q;
		(*nr)++;
	}
	return 0;
}

/* *partner: p's if both have no other choice, else -1. 0 or -ENOMEM. */
static int find_partner(struct pairfuse_study *st, size_t p, int *partner)
{
	size_t q = 0, back = 0;
	unsigned int nr;
	int err;

	*partner = -1;
	nr = partners(st, p, true, &q);
	if (nr == 1 && partners(st, q, true, &back) == 1) {
		*partner = q;
		return 0;
	}
	if (nr) {
		err = joined(st, p, &nr, &q);
		if (!err && nr == 1)
			err = joined(st, q, &nr, &back);
		if (!err && nr == 1 && back == p)
			*partner = q;
		return err;
	}
	/* two programs without a common map: a pair that cannot be fused */
	if (partners(st, p, false, &q) == 1 && partners(st, q, true, &back) == 0 &&
	    partners(st, q, false, &back) == 1)
		*partner = q;
	return 0;
}

/* Why does p go with none of the programs that it shares maps with? */
static int refuse_sharing(struct pairfuse_study *st, size_t p, struct pairfuse_why *why)
{
	const struct pairfuse_prog *prog = &st->in->progs[p];
	unsigned int nr;
	size_t q = 0;
	int err = joined(st, p, &nr, &q);

	if (err)
		return err;
	if (nr)
		pairfuse_refuse(why, PAIRFUSE_REASON_AMBIGUOUS, -1,
				"'%s' shares maps with '%s' and more programs on %s", prog->name,
				st->in->progs[q].name, prog->target);
	else
		pairfuse_refuse(why, PAIRFUSE_REASON_NO_PARTNER, -1,
				"'%s' hands nothing over by the maps that it shares with programs at the %s of %s",
				prog->name, pairfuse_hook_is_entry(prog->at) ? "exit" : "entry",
				prog->target);
	return 0;
}

static int add_single(struct pairfuse_study *st, size_t p)
{
	const struct pairfuse_prog *prog = &st->in->progs[p];
	struct pairfuse_why why = { .prog = p };
	bool entry = pairfuse_hook_is_entry(prog->at);
	size_t q = 0;
	int err = 0;

	add_pair(st, entry ? (int)p : -1, entry ? -1 : (int)p);
	if (!prog->target)
		pairfuse_refuse(&why, PAIRFUSE_REASON_NO_TARGET, -1,
				"'%s' names no function of this kernel", prog->name);
	else if (partners(st, p, true, &q))
		err = refuse_sharing(st, p, &why);
	else if (partners(st, p, false, &q))
		pairfuse_refuse(&why, PAIRFUSE_REASON_NO_PARTNER, -1,
				"'%s' shares no map with a program at the %s of %s", prog->name,
				entry ? "exit" : "entry", prog->target);
	else if (other_kind(st, p) >= 0)
		pairfuse_refuse(&why, PAIRFUSE_REASON_NO_PARTNER, -1,
				"'%s' and '%s' on %s are of two kinds: use fentry and fexit, or kprobe and kretprobe",
				prog->name, st->in->progs[other_kind(st, p)].name, prog->target);
	else
		pairfuse_refuse(&why, PAIRFUSE_REASON_NO_PARTNER, -1,
				"no program at the %s of %s goes with '%s'",
				entry ? "exit" : "entry", prog->target, prog->name);
	pairfuse_pair_refuse(&st->res->pairs[st->res->nr_pairs - 1], &why);
	return err;
}

int pairfuse_find_pairs(struct pairfuse_study *st)
{
	const struct pairfuse_prog *progs = st->in->progs;
	int q, err;
	size_t p;

	/* at most one for each program */
	st->res->pairs = calloc(st->in->nr_progs + 1, sizeof(*st->res->pairs));
	if (!st->res->pairs)
		return -ENOMEM;
	for (p = 0; p < st->in->nr_progs; p++) {
		if (!is_half(&progs[p]))
			continue;
		err = find_partner(st, p, &q);
		if (!err && q < 0)
			err = add_single(st, p);
		if (err)
			return err;
		if (q >= 0 && pairfuse_hook_is_entry(progs[p].at))
			add_pair(st, p, q);
	}
	return 0;
}

/* --- the carrier of a pair --- */

/* Does its type allow that the map is a carrier, and do both sides use it? */
static bool is_candidate(const struct pairfuse_study *st, const struct pairfuse_pair *pair,
			 size_t m, bool *supported)
{
	enum pairfuse_carrier_kind kind;

	*supported = pairfuse_carrier_kind(st->in->maps[m].type, &kind);
	return may_carry(&st->in->maps[m]) && pairfuse_uses(st, pair->entry, m) &&
	       pairfuse_uses(st, pair->exit, m);
}

/* Which of two refusals tells more? The map that only looks like a carrier tells less. */
static int weight(enum pairfuse_reason reason)
{
	switch (reason) {
	case PAIRFUSE_REASON_NONE:
		return 0;
	case PAIRFUSE_REASON_NO_CARRIER:
		return 1;
	case PAIRFUSE_REASON_CARRIER_TYPE:
	case PAIRFUSE_REASON_CARRIER_SHARED:
		return 2;
	case PAIRFUSE_REASON_KEY_UNKNOWN:
	case PAIRFUSE_REASON_KEY_DIFFERS:
		return 3;
	default:
		return 4;
	}
}

static struct pairfuse_plan new_plan(struct pairfuse_study *st, size_t p, size_t m)
{
	const struct pairfuse_pair *pair = &st->res->pairs[p];

	return (struct pairfuse_plan){
		.in = st->in, .x = &st->exprs, .entry = &st->flats[pair->entry],
		.exit = &st->flats[pair->exit], .carrier = m, .why = { .prog = -1 },
	};
}

static int study_map(struct pairfuse_study *st, size_t p, size_t m, struct pairfuse_plan *plan)
{
	const struct pairfuse_pair *pair = &st->res->pairs[p];
	int err;

	*plan = new_plan(st, p, m);
	err = pairfuse_storage_study(plan, pairfuse_plan_study(plan));
	if (err == PAIRFUSE_REFUSED && plan->why.prog >= 0)
		plan->why.prog = plan->why.prog ? pair->exit : pair->entry;
	return err;
}

/*
 * Can it be one although it is not ours alone? Whether other programs use it is
 * seen when the groups are known.
 */
static int check_owner(const struct pairfuse_map *map, struct pairfuse_why *why)
{
	why->prog = -1;
	if (map->pinned || map->reused)
		return pairfuse_refuse(why, PAIRFUSE_REASON_CARRIER_PINNED, -1,
				       "carrier map '%s' is %s", map->name,
				       map->pinned ? "pinned" : "shared with another object");
	if (map->shown)
		return pairfuse_refuse(why, PAIRFUSE_REASON_CARRIER_USER, -1,
				       "user space reads carrier map '%s'", map->name);
	if (map->inner)
		return pairfuse_refuse(why, PAIRFUSE_REASON_CARRIER_SHARED, -1,
				       "carrier map '%s' can be in a map of maps of the object",
				       map->name);
	return 0;
}

/* Where the program calls one of two helpers for the map (r1 just before), or -1. */
static int call_for(const struct pairfuse_study *st, size_t q, size_t m, __s32 helper, __s32 or)
{
	const struct pairfuse_prog *prog = &st->in->progs[q];
	int r1 = -1;
	size_t i;

	for (i = 0; i < prog->nr_insns; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (pairfuse_insn_is_imm64(insn)) {
			if (insn->dst_reg == 1)
				r1 = insn->src_reg && i + 1 < prog->nr_insns ?
					     st->in->map_ref(st->in->map_ref_arg, insn) : -1;
			i++;
		} else if (pairfuse_insn_is_helper(insn) && r1 == (int)m &&
			   (insn->imm == helper || insn->imm == or)) {
			return i;
		}
	}
	return -1;
}

/* (Not: the map is just in front of the call.) */
static int lookup_of(const struct pairfuse_study *st, size_t q, size_t m)
{
	return call_for(st, q, m, BPF_FUNC_map_lookup_elem, BPF_FUNC_task_storage_get);
}

/* Does the exit take away what is there for it? That is what carriers are for. */
static bool takes(const struct pairfuse_study *st, const struct pairfuse_pair *pair, size_t m)
{
	return call_for(st, pair->exit, m, BPF_FUNC_map_delete_elem,
			BPF_FUNC_task_storage_delete) >= 0;
}

/* The third program that a map is for: one that looks it up, or -1; or -ENOMEM. */
static int reader_of(struct pairfuse_study *st, const struct pairfuse_pair *pair, size_t m)
{
	bool looks;
	size_t q;
	int err;

	for (q = 0; q < st->in->nr_progs; q++) {
		if ((int)q == pair->entry || (int)q == pair->exit || !pairfuse_uses(st, q, m))
			continue;
		err = pairfuse_watch(st, m, q, NULL, 0, &looks);
		if (err)
			return err;
		if (looks)
			return q;
	}
	return -1;
}

/* The map tells nothing to the exit; is it for a third program? */
static int check_reader(struct pairfuse_study *st, const struct pairfuse_pair *pair, size_t m,
			struct pairfuse_why *why)
{
	int q = reader_of(st, pair, m), insn;

	if (q == -1)
		return PAIRFUSE_REFUSED;
	if (q < 0)
		return q;
	insn = lookup_of(st, q, m);
	why->prog = q;
	return pairfuse_refuse(why, PAIRFUSE_REASON_CARRIER_SHARED,
			       insn >= 0 ? insn : st->uses[q * st->in->nr_maps + m] - 1,
			       "what is in map '%s' during the call is for '%s', not for '%s'",
			       st->in->maps[m].name, st->in->progs[q].name,
			       st->in->progs[pair->exit].name);
}

/*
 * How much a map looks like the pair's carrier, of those that could be: it is not for user
 * space; it comes and goes with the call, rather than being a buffer or a table of counts;
 * the exit takes it away.
 */
static unsigned int rank(const struct pairfuse_study *st, const struct pairfuse_pair *pair,
			 const struct pairfuse_plan *plan)
{
	bool comes = plan->kind != PAIRFUSE_CARRIER_ARRAY &&
		     pairfuse_plan_key(plan) != PAIRFUSE_KEY_CONST;

	return !plan->leaves * 4 + comes * 2 + takes(st, pair, plan->carrier);
}

static bool is_tried(const struct pairfuse_study *st, const struct pairfuse_pair *pair, size_t m)
{
	return st->tried[pair->entry * (st->in->nr_maps + 1) + m];
}

/* The first of the best ones is kept. */
static void take_plan(struct pairfuse_study *st, size_t p, struct pairfuse_plan *plan)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	struct pairfuse_plan *kept = &st->plans[p];
	bool others = kept->in && (kept->others || (!kept->leaves && !plan->leaves));

	if (is_tried(st, pair, plan->carrier) ||
	    (kept->in && rank(st, pair, plan) <= rank(st, pair, kept))) {
		kept->others = others;
		pairfuse_plan_free(plan);
		return;
	}
	pairfuse_plan_free(kept);
	*kept = *plan;
	kept->others = others;
	pair->carrier = plan->carrier;
}

/* What it does to the map is known, for the sake of other pairs; the map is needed. */
static int refuse_result(struct pairfuse_study *st, size_t p)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	struct pairfuse_why why = st->plans[p].leaves_why;

	pair->carrier = st->plans[p].carrier;
	why.prog = pair->exit;
	pairfuse_pair_refuse(pair, &why);
	return PAIRFUSE_REFUSED;
}

static bool carries_too(struct pairfuse_study *st, size_t p, size_t m)
{
	struct pairfuse_plan plan = new_plan(st, p, m);
	bool carries = pairfuse_storage_carries(&plan);

	pairfuse_plan_free(&plan);
	return carries;
}

/* Another map in which the entry leaves something for the exit, or -1. */
static int find_second(struct pairfuse_study *st, size_t p, size_t first)
{
	bool supported;
	size_t m;

	for (m = 0; m < st->in->nr_maps; m++)
		if (m != first && is_candidate(st, &st->res->pairs[p], m, &supported) &&
		    supported && carries_too(st, p, m))
			return m;
	return -1;
}

/* A refusal, and how much it tells. */
struct best {
	struct pairfuse_why why;
	int map;
	int weight;
};

/* One map more: a plan for it, or why there is none. 0 or -ENOMEM. */
static int try_map(struct pairfuse_study *st, size_t p, size_t m, struct best *best)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	struct pairfuse_plan plan;
	int err, tells;

	err = study_map(st, p, m, &plan);
	if (!err)
		err = check_owner(&st->in->maps[m], &plan.why);
	if (!err) {
		plan.second = find_second(st, p, m);
		take_plan(st, p, &plan);
		return 0;
	}
	pairfuse_plan_free(&plan);
	if (err == PAIRFUSE_REFUSED && plan.why.reason == PAIRFUSE_REASON_NO_CARRIER)
		err = check_reader(st, pair, m, &plan.why);
	if (err != PAIRFUSE_REFUSED)
		return err;
	/* what the exit takes away is the carrier, whatever is said of other maps */
	tells = weight(plan.why.reason) + (takes(st, pair, m) ? 8 : 0);
	if (tells > best->weight)
		*best = (struct best){ .why = plan.why, .map = m, .weight = tells };
	return 0;
}

int pairfuse_find_carrier(struct pairfuse_study *st, size_t p)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	struct best best = { .why = { .prog = -1, .insn = -1 }, .map = -1, .weight = 1 };
	bool supported;
	size_t m;
	int err;

	pairfuse_refuse(&best.why, PAIRFUSE_REASON_NO_CARRIER, -1,
			"'%s' and '%s' have no map in common that could carry state",
			st->in->progs[pair->entry].name, st->in->progs[pair->exit].name);
	for (m = 0; m < st->in->nr_maps; m++) {
		if (!is_candidate(st, pair, m, &supported))
			continue;
		err = try_map(st, p, m, &best);
		if (err)
			return err;
	}
	if (st->plans[p].in && !st->plans[p].leaves)
		return 0;
	/* a table of results beside a carrier that was refused: that one is the reason */
	if (st->plans[p].in && (best.weight < 8 || takes(st, pair, st->plans[p].carrier)))
		return refuse_result(st, p);
	pair->carrier = best.map;
	pairfuse_pair_refuse(pair, &best.why);
	return PAIRFUSE_REFUSED;
}
