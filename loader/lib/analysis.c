// SPDX-License-Identifier: GPL-2.0
/*
 * The analysis from end to end: pairs, carriers, groups, verdicts, code.
 */
#include <errno.h>
#include <linux/pairfuse.h>
#include <stdlib.h>
#include <string.h>

#include "ctxread.h"
#include "group.h"
#include "inline.h"
#include "key.h"
#include "live.h"
#include "once.h"
#include "order.h"
#include "rewrite.h"
#include "storage.h"

int pairfuse_study_flat(struct pairfuse_study *st, int p)
{
	struct pairfuse_flat *flat = &st->flats[p];

	if (flat->prog)
		return flat->err == PAIRFUSE_REFUSED ? PAIRFUSE_REFUSED : 0;
	flat->prog = &st->in->progs[p];
	flat->reserved = st->reserve[p];
	flat->err = pairfuse_flatten(st->in, &st->exprs, flat);
	flat->why.prog = p;
	if (flat->err)
		return flat->err;
	flat->live = calloc(flat->ir.nr + 1, sizeof(*flat->live));
	if (!flat->live)
		return -ENOMEM;
	pairfuse_live_regs(&flat->ir, flat->live);
	return 0;
}

/* What rules a program out before its code is looked at. */
static int check_program(const struct pairfuse_prog *prog, struct pairfuse_why *why)
{
	const struct pairfuse_proto *proto = prog->proto;

	if (prog->sleepable)
		return pairfuse_refuse(why, PAIRFUSE_REASON_SLEEPABLE, -1, "'%s' is sleepable",
				       prog->name);
	if (proto && (proto->nr_regs > PAIRFUSE_MAX_REGS || proto->ret_size > 8))
		return pairfuse_refuse(why, PAIRFUSE_REASON_ARGUMENTS, -1,
				       "%s takes %u argument registers (at most %d) and returns %u bytes (at most 8)",
				       prog->target, proto->nr_regs, PAIRFUSE_MAX_REGS,
				       proto->ret_size);
	return 0;
}

static int study_code(struct pairfuse_study *st, struct pairfuse_pair *pair, int p)
{
	int err = pairfuse_study_flat(st, p);

	if (err == PAIRFUSE_REFUSED)
		pairfuse_pair_refuse(pair, &st->flats[p].why);
	return err;
}

static void check_side(struct pairfuse_study *st, struct pairfuse_pair *pair, int p)
{
	struct pairfuse_why why = { .prog = p };

	if (check_program(&st->in->progs[p], &why))
		pairfuse_pair_refuse(pair, &why);
}

/* fmod_ret, an LSM program, or bpf_override_return() in a kprobe */
static bool can_answer(const struct pairfuse_prog *prog, const char *func)
{
	return prog->target && func && !strcmp(prog->target, func) &&
	       (prog->at == PAIRFUSE_AT_MODIFY ||
		(prog->at == PAIRFUSE_AT_KPROBE &&
		 pairfuse_insns_call(prog->insns, prog->nr_insns, BPF_FUNC_override_return)));
}

/*
 * Programs at the entry and exit see all calls. A stub stands in the function's place,
 * and sees those that reach it.
 */
static void check_answered(struct pairfuse_study *st, struct pairfuse_pair *pair)
{
	const char *func = st->in->progs[pair->entry].target;
	struct pairfuse_why why = { 0 };
	size_t q;

	for (q = 0; q < st->in->nr_progs; q++) {
		if (!can_answer(&st->in->progs[q], func))
			continue;
		why.prog = q;
		pairfuse_refuse(&why, PAIRFUSE_REASON_ANSWERED, -1,
				"'%s' can answer calls of %s() in its place, which a fused pair would not see: only without it can the pair be fused",
				st->in->progs[q].name, func);
		pairfuse_pair_refuse(pair, &why);
		return;
	}
}

static int study_pair(struct pairfuse_study *st, size_t p)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	int err;

	if (pair->reason != PAIRFUSE_REASON_NONE)
		return 0;
	err = study_code(st, pair, pair->entry);
	if (!err)
		err = study_code(st, pair, pair->exit);
	if (!err)
		err = pairfuse_find_carrier(st, p);
	/* last: its use of the map matters to others even if it is not fused */
	check_side(st, pair, pair->entry);
	check_side(st, pair, pair->exit);
	check_answered(st, pair);
	return err == PAIRFUSE_REFUSED ? 0 : err;
}

static void free_code(struct pairfuse_pair *pair)
{
	free(pair->entry_code.insns);
	free(pair->exit_code.insns);
	pair->entry_code = (struct pairfuse_code){ 0 };
	pair->exit_code = (struct pairfuse_code){ 0 };
	pair->opts = 0;
}

static int rewrite_both(struct pairfuse_pair *pair, struct pairfuse_plan *plan)
{
	int err;

	err = pairfuse_rewrite(plan, false, &pair->entry_code, &pair->opts);
	return err ? err : pairfuse_rewrite(plan, true, &pair->exit_code, &pair->opts);
}

static int make_code(struct pairfuse_pair *pair, struct pairfuse_plan *plan)
{
	int err;

	memset(plan->once, 0, sizeof(plan->once));
	err = pairfuse_plan_decide(plan);
	if (!err)
		err = rewrite_both(pair, plan);
	if (!err && pairfuse_once(plan, &pair->entry_code, &pair->exit_code)) {
		free_code(pair);
		err = rewrite_both(pair, plan);
	}
	/* that needs more stack; never worse than without */
	if (err == PAIRFUSE_REFUSED && pairfuse_once_any(plan)) {
		memset(plan->once, 0, sizeof(plan->once));
		free_code(pair);
		err = rewrite_both(pair, plan);
	}
	if (!err)
		return 0;
	free_code(pair);
	if (err != PAIRFUSE_REFUSED)
		return err;
	plan->refused = true;
	if (plan->why.prog >= 0)
		plan->why.prog = plan->why.prog ? pair->exit : pair->entry;
	pairfuse_pair_refuse(pair, &plan->why);
	return 0;
}

static int decide_pair(struct pairfuse_study *st, size_t p)
{
	struct pairfuse_pair *pair = &st->res->pairs[p];
	struct pairfuse_plan *plan = &st->plans[p];
	int err;

	if (plan->in && plan->carrier == pair->carrier) {
		pair->key = pairfuse_plan_key(plan);
		pair->consts = pairfuse_key_consts(&st->exprs, &plan->key);
	}
	if (pair->reason != PAIRFUSE_REASON_NONE)
		return 0;
	err = make_code(pair, plan);
	pairfuse_storage_tell(plan, pair);
	pair->state_size = pairfuse_plan_state_size(plan);
	pair->exit_always = plan->exit_always;
	pair->filter = plan->filter;
	pair->filter_value = plan->filter_value;
	if (plan->filter && !err)
		pair->opts |= PAIRFUSE_OPT_FILTER;
	pair->clock = plan->elapsed ? st->in->clock : PAIRFUSE_CLOCK_PROGRAMS;
	pair->no_entry = plan->elapsed && plan->no_entry && plan->leaf;
	pair->leaves = plan->stays || plan->forgets;
	pair->shared_only = plan->entry_run.kernel_stack || plan->exit_run.kernel_stack;
	return err;
}

static void take_back(struct pairfuse_pair *pair, const struct pairfuse_why *why)
{
	pairfuse_pair_refuse(pair, why);
	free_code(pair);
	pair->exit_always = pair->no_entry = pair->shared_only = false;
	pair->filter = PAIRFUSE_FILTER_NONE;
	pair->filter_value = 0;
	pair->clock = PAIRFUSE_CLOCK_PROGRAMS;
}

/*
 * The pairs of a group are fused together or not at all (attach.c says why): with one
 * that is refused, the others are.
 */
static void refuse_siblings(struct pairfuse_study *st, int group)
{
	const struct pairfuse_pair *culprit = NULL;
	struct pairfuse_why why = { .prog = -1 };
	size_t p;

	for (p = 0; !culprit && p < st->res->nr_pairs; p++)
		if (st->plans[p].group == group &&
		    st->res->pairs[p].reason != PAIRFUSE_REASON_NONE)
			culprit = &st->res->pairs[p];
	if (!culprit)
		return;
	pairfuse_refuse(&why, PAIRFUSE_REASON_GROUP, -1,
			"the pair of function '%s' shares the map '%s' and is not fused (%s)",
			st->in->progs[culprit->entry].target,
			st->in->maps[st->plans[group].carrier].name,
			pairfuse_reason_id(culprit->reason));
	for (p = 0; p < st->res->nr_pairs; p++) {
		struct pairfuse_pair *pair = &st->res->pairs[p];

		if (st->plans[p].group != group || pair->reason != PAIRFUSE_REASON_NONE)
			continue;
		take_back(pair, &why);
	}
}

/* Those whose programs are not alone on their function, and can tell which is first. */
static int refuse_unordered(struct pairfuse_study *st)
{
	struct pairfuse_why why = { .prog = -1 };
	size_t p;
	int err;

	for (p = 0; p < st->res->nr_pairs; p++) {
		if (st->res->pairs[p].reason != PAIRFUSE_REASON_NONE)
			continue;
		err = pairfuse_order_check(st, p, &why);
		if (err && err != PAIRFUSE_REFUSED)
			return err;
		if (err)
			take_back(&st->res->pairs[p], &why);
	}
	return 0;
}

/* The slot was refused while code was made: the group again, with task storage. */
static int decide_again(struct pairfuse_study *st, int group)
{
	size_t p;
	int err = 0;

	if (!pairfuse_storage_retry(st, group))
		return 0;
	for (p = 0; !err && p < st->res->nr_pairs; p++) {
		struct pairfuse_pair *pair = &st->res->pairs[p];
		struct pairfuse_plan *plan = &st->plans[p];

		if (plan->group != group)
			continue;
		free_code(pair);
		if (plan->refused)
			pairfuse_pair_refuse(pair, &(struct pairfuse_why){
						     .prog = -1, .insn = -1 });
		plan->refused = false;
		err = decide_pair(st, p);
	}
	return err;
}

bool pairfuse_wants_address(const struct pairfuse_prog *prog)
{
	return pairfuse_insns_call(prog->insns, prog->nr_insns, BPF_FUNC_get_func_ip);
}

bool pairfuse_wants_ip(const struct pairfuse_prog *prog)
{
	size_t i;

	if (prog->at != PAIRFUSE_AT_KPROBE)
		return false;
	for (i = 0; i < prog->nr_insns; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		/* a load, or the address for a helper that reads */
		if (pairfuse_insn_is_load(insn) && (insn->off & ~7) == PAIRFUSE_REGS_IP)
			return true;
		if (BPF_SRC(insn->code) == BPF_K && (insn->imm & ~7) == PAIRFUSE_REGS_IP)
			return true;
	}
	return false;
}

unsigned int pairfuse_pair_flags(const struct pairfuse_pair *pair)
{
	unsigned int flags = 0;

	if (pair->exit_always)
		flags |= PAIRFUSE_ATTACH_EXIT_ALWAYS;
	/* with task storage, nesting is the programs' business */
	if (pair->exact && pair->storage == PAIRFUSE_STORAGE_SLOT)
		flags |= PAIRFUSE_ATTACH_EXACT;
	if (pair->clock != PAIRFUSE_CLOCK_PROGRAMS)
		flags |= PAIRFUSE_ATTACH_ELAPSED;
	if (pair->clock == PAIRFUSE_CLOCK_MONOTONIC)
		flags |= PAIRFUSE_ATTACH_MONOTONIC;
	if (pair->no_entry)
		flags |= PAIRFUSE_ATTACH_NO_ENTRY;
	return flags;
}

static int check_input(const struct pairfuse_input *in)
{
	size_t i;

	if ((in->nr_progs && !in->progs) || (in->nr_maps && (!in->maps || !in->map_ref)))
		return -EINVAL;
	for (i = 0; i < in->nr_progs; i++)
		if (!in->progs[i].name || (in->progs[i].nr_insns && !in->progs[i].insns))
			return -EINVAL;
	for (i = 0; i < in->nr_maps; i++)
		if (!in->maps[i].name || (in->maps[i].frozen && !in->maps[i].rodata))
			return -EINVAL;
	return 0;
}

static int analyze(struct pairfuse_study *st)
{
	size_t p;
	int err;

	pairfuse_find_uses(st);
	err = pairfuse_find_pairs(st);
	if (err)
		return err;
	st->plans = calloc(st->res->nr_pairs + 1, sizeof(*st->plans));
	if (!st->plans)
		return -ENOMEM;
	for (p = 0; !err && p < st->res->nr_pairs; p++)
		err = study_pair(st, p);
	if (!err)
		err = pairfuse_agree(st);
	for (p = 0; !err && p < st->res->nr_pairs; p++)
		err = decide_pair(st, p);
	for (p = 0; !err && p < st->res->nr_pairs; p++)
		err = decide_again(st, p);
	if (!err)
		err = refuse_unordered(st);
	for (p = 0; !err && p < st->res->nr_pairs; p++)
		refuse_siblings(st, p);
	return err;
}

static void study_free(struct pairfuse_study *st)
{
	size_t i;

	for (i = 0; st->plans && i < st->res->nr_pairs; i++)
		pairfuse_plan_free(&st->plans[i]);
	for (i = 0; st->flats && i < st->in->nr_progs; i++) {
		pairfuse_ir_free(&st->flats[i].ir);
		free(st->flats[i].live);
	}
	pairfuse_exprs_free(&st->exprs);
	free(st->plans);
	free(st->flats);
	free(st->uses);
}

/* With another carrier, it might not have been. */
static bool is_about_carrier(enum pairfuse_reason reason)
{
	switch (reason) {
	case PAIRFUSE_REASON_NONE:
	case PAIRFUSE_REASON_GROUP:
	case PAIRFUSE_REASON_ANSWERED:
	case PAIRFUSE_REASON_SLEEPABLE:
	case PAIRFUSE_REASON_ARGUMENTS:
		return false;
	default:
		return true;
	}
}

/*
 * Pairs that were refused, and have another map that could be their carrier: that one is
 * tried. When all have been, the first is taken again, for its refusal. True: there are any.
 */
static bool try_others(const struct pairfuse_study *st)
{
	size_t nr = st->in->nr_maps, p;
	bool more = false;

	for (p = 0; p < st->res->nr_pairs; p++) {
		const struct pairfuse_plan *plan = &st->plans[p];
		__u8 *tried;

		if (!plan->in || !is_about_carrier(st->res->pairs[p].reason))
			continue;
		tried = &st->tried[st->res->pairs[p].entry * (nr + 1)];
		if (tried[nr] || (!plan->others && !memchr(tried, 1, nr)))
			continue;
		tried[plan->carrier] = 1;
		if (!plan->others) {
			memset(tried, 0, nr);
			tried[nr] = 1;
		}
		more = true;
	}
	return more;
}

/* Programs whose rewriting had too little stack: more for them. True: there are any. */
static bool reserve_more(const struct pairfuse_study *st)
{
	bool more = false;
	int side, prog;
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		for (side = 0; side < 2; side++) {
			prog = side ? st->res->pairs[p].exit : st->res->pairs[p].entry;
			if (prog < 0 || st->plans[p].wants[side] <= st->reserve[prog])
				continue;
			st->reserve[prog] = st->plans[p].wants[side];
			more = true;
		}
	}
	return more;
}

static int analyze_once(const struct pairfuse_input *in, int *reserve, __u8 *tried, bool *again,
			struct pairfuse_result **out)
{
	struct pairfuse_study st = { .in = in, .reserve = reserve, .tried = tried };
	int err = -ENOMEM;

	*again = false;
	st.res = calloc(1, sizeof(*st.res));
	if (!st.res)
		return -ENOMEM;
	st.flats = calloc(in->nr_progs + 1, sizeof(*st.flats));
	st.uses = calloc(in->nr_progs * in->nr_maps + 1, sizeof(*st.uses));
	if (st.flats && st.uses && !pairfuse_exprs_init(&st.exprs))
		err = analyze(&st);
	if (!err)
		*again = reserve_more(&st) || try_others(&st);
	study_free(&st);
	if (err || *again)
		pairfuse_result_free(st.res);
	else
		*out = st.res;
	return err;
}

/* What is reserved only grows, up to the size of a stack, and no map is tried twice. */
int pairfuse_analyze(const struct pairfuse_input *in, struct pairfuse_result **out)
{
	bool again = true;
	int *reserve;
	__u8 *tried;
	int err;

	err = check_input(in);
	if (err)
		return err;
	reserve = calloc(in->nr_progs + 1, sizeof(*reserve));
	tried = calloc(in->nr_progs + 1, in->nr_maps + 1);
	err = reserve && tried ? 0 : -ENOMEM;
	while (!err && again)
		err = analyze_once(in, reserve, tried, &again, out);
	free(reserve);
	free(tried);
	return err;
}

void pairfuse_result_free(struct pairfuse_result *res)
{
	size_t i;

	if (!res)
		return;
	for (i = 0; i < res->nr_pairs; i++) {
		free(res->pairs[i].entry_code.insns);
		free(res->pairs[i].exit_code.insns);
	}
	free(res->pairs);
	free(res);
}
