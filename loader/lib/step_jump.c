// SPDX-License-Identifier: GPL-2.0
/*
 * One step of the abstract interpretation: conditional jumps.
 *
 * A jump is decided when both operands are constants, when a pointer that
 * cannot be NULL is compared with 0, or when the same condition on fixed
 * operands has been met before on this path: entry and exit of one invocation
 * agree on those, so what the entry has tested ("is this the process that I
 * want?") the exit need not test again.
 */
#include "bounds.h"
#include "state.h"

enum { FALLS = 1, TAKEN = 2, BOTH = 3 };

/* Conditions in terms of JEQ, JGT, JGE, JSGT, JSGE, JSET; *truth is of the taken edge. */
static __u8 canonical(__u8 op, bool *truth)
{
	*truth = true;
	switch (op) {
	case BPF_JNE:
		*truth = false;
		return BPF_JEQ;
	case BPF_JLT:
		*truth = false;
		return BPF_JGE;
	case BPF_JLE:
		*truth = false;
		return BPF_JGT;
	case BPF_JSLT:
		*truth = false;
		return BPF_JSGE;
	case BPF_JSLE:
		*truth = false;
		return BPF_JSGT;
	}
	return op;
}

static bool never_null(const struct pairfuse_expr *e)
{
	switch (e->kind) {
	case PAIRFUSE_E_CTX:
	case PAIRFUSE_E_STACK:
	case PAIRFUSE_E_MAP:
	case PAIRFUSE_E_GLOBAL:
	case PAIRFUSE_E_STATE:
	case PAIRFUSE_E_ELEMENT:
	case PAIRFUSE_E_TASK:
		return true;
	}
	return false;
}

static void add_fact(struct pairfuse_facts *facts, pairfuse_val v, bool truth)
{
	if (facts->nr < PAIRFUSE_MAX_FACTS)
		facts->f[facts->nr++] = (struct pairfuse_fact){ .v = v, .truth = truth };
}

static bool find_fact(const struct pairfuse_facts *facts, pairfuse_val v, bool *truth)
{
	unsigned int i;

	for (i = 0; i < facts->nr; i++) {
		if (facts->f[i].v != v)
			continue;
		*truth = facts->f[i].truth;
		return true;
	}
	return false;
}

/* Fixed operands: look the condition up, or remember it on both edges. */
static __u8 decide_fixed(struct pairfuse_step *s, struct pairfuse_state *taken, __u8 op,
			 pairfuse_val a, pairfuse_val b, bool truth)
{
	struct pairfuse_exprs *x = s->run->x;
	pairfuse_val v = pairfuse_expr_cond(x, op, a, b);
	bool known;

	if (pairfuse_expr(x, v)->kind != PAIRFUSE_E_OP)
		return BOTH;
	if (find_fact(&s->st->facts, v, &known))
		return known == truth ? TAKEN : FALLS;
	add_fact(&taken->facts, v, truth);
	add_fact(&s->st->facts, v, !truth);
	return BOTH;
}

/* State bytes that were loaded and compared equal to 0 are 0, unless changed since. */
static void refine_zero(struct pairfuse_step *s, struct pairfuse_state *st, pairfuse_val v)
{
	struct pairfuse_exprs *x = s->run->x;
	const struct pairfuse_expr *e = pairfuse_expr(x, v);
	pairfuse_val left;
	__u32 off = e->a, len = e->b, i;

	if (e->kind != PAIRFUSE_E_LOAD)
		return;
	left = pairfuse_expr_leaf(x, PAIRFUSE_E_LEFT, 0, 0, 0);
	for (i = off; i < off + len; i++)
		if (st->slot[i] != left)
			return;
	pairfuse_bytes_set(x, &st->slot[off], &st->slot_idx[off], len,
			   pairfuse_expr_const(x, 0));
}

static int check_pointers(struct pairfuse_step *s, pairfuse_val a, pairfuse_val b)
{
	const struct pairfuse_exprs *x = s->run->x;
	__u32 taint = pairfuse_expr(x, a)->taint | pairfuse_expr(x, b)->taint;
	int insn = pairfuse_step_insn(s);

	if (taint & PAIRFUSE_T_STATE)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, insn,
				       "insn %d compares a pointer into '%s' with something else than NULL",
				       insn, pairfuse_step_map(s));
	if (taint & PAIRFUSE_T_CTX)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d compares the context pointer", insn);
	return pairfuse_step_surplus(s, a) ? PAIRFUSE_REFUSED : pairfuse_step_surplus(s, b);
}

static void refine_const(struct pairfuse_state *st, pairfuse_val from, pairfuse_val to)
{
	unsigned int i;

	for (i = 0; i < PAIRFUSE_NR_REGS; i++)
		if (st->reg[i] == from)
			st->reg[i] = to;
}

/* An elapsed time is never negative: decided, when compared with nothing above 0. */
static bool elapsed_cond(const struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b,
			 bool *result)
{
	__u64 c;

	if (pairfuse_expr(x, a)->kind == PAIRFUSE_E_ELAPSED &&
	    pairfuse_expr_is_const(x, b, &c)) {
		*result = true;
		return (op == BPF_JSGE && (__s64)c <= 0) || (op == BPF_JSGT && (__s64)c < 0);
	}
	if (pairfuse_expr(x, b)->kind == PAIRFUSE_E_ELAPSED &&
	    pairfuse_expr_is_const(x, a, &c)) {
		*result = false;
		return (op == BPF_JSGT && (__s64)c <= 0) || (op == BPF_JSGE && (__s64)c < 0);
	}
	return false;
}

/* Ids, arguments, constants, or who the task belongs to: a filter looks at these. */
static bool is_about_task(const struct pairfuse_exprs *x, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	return e->fixed || ((e->taint & PAIRFUSE_T_WHO) &&
			    !(e->taint & (PAIRFUSE_T_RET | PAIRFUSE_T_LEFT | PAIRFUSE_T_VALUE)));
}

/* A time that the entry has stored: it was not taken at the instant of booting. */
static bool is_time(const struct pairfuse_step *s, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, v);

	return e->kind == PAIRFUSE_E_LOAD && e->b == 8 && s->st->armed &&
	       e->a < PAIRFUSE_SLOT_BYTES && (s->run->times & (1ULL << e->a));
}

/* An unknown number in dst, compared with b, which has limits: so has it now, on each edge. */
static void refine_limits(struct pairfuse_step *s, struct pairfuse_state *taken, __u8 op,
			  bool truth, bool is32, pairfuse_val b)
{
	unsigned int dst = s->node->insn.dst_reg;
	struct pairfuse_exprs *x = s->run->x;
	struct pairfuse_state *above = truth ? taken : s->st, *below = truth ? s->st : taken;
	pairfuse_val v = s->st->reg[dst];
	__u64 lo, hi, least, most;

	if (!pairfuse_bounds_number(x, b, &least, &most) ||
	    (is32 && pairfuse_expr_part(x, v, 0, 4) != v))
		return;
	/* of numbers that are never negative, the order is the same */
	if ((op == BPF_JSGT || op == BPF_JSGE) && !(most >> 31) &&
	    pairfuse_bounds_number(x, v, &lo, &hi) && !(hi >> 31))
		op = op == BPF_JSGT ? BPF_JGT : BPF_JGE;
	if (op == BPF_JGT) {
		pairfuse_bounds_not_below(x, v, least + 1, &above->reg[dst]);
		pairfuse_bounds_not_above(x, v, most, &below->reg[dst]);
	} else if (op == BPF_JGE) {
		pairfuse_bounds_not_below(x, v, least, &above->reg[dst]);
		if (most)
			pairfuse_bounds_not_above(x, v, most - 1, &below->reg[dst]);
	}
}

/* *taken is a copy of the state before the jump. */
int pairfuse_step_cond(struct pairfuse_step *s, struct pairfuse_state *taken, __u8 *edges)
{
	const struct bpf_insn *insn = &s->node->insn;
	bool is32 = pairfuse_insn_class(insn) == BPF_JMP32, truth, result, ca, cb;
	struct pairfuse_exprs *x = s->run->x;
	pairfuse_val a, b;
	__u64 va, vb;
	__u8 op;

	*edges = BOTH;
	if (pairfuse_insn_is_may_goto(insn))
		return 0;
	a = s->st->reg[insn->dst_reg];
	if (BPF_SRC(insn->code) == BPF_X)
		b = s->st->reg[insn->src_reg];
	else
		b = pairfuse_expr_const(x, (__s64)insn->imm);
	op = canonical(BPF_OP(insn->code), &truth);

	cb = pairfuse_expr_is_const(x, b, &vb);
	if (op == BPF_JEQ && !is32 && cb && vb == 0 &&
	    (never_null(pairfuse_expr(x, a)) || is_time(s, a))) {
		*edges = truth ? FALLS : TAKEN;
		return 0;
	}
	if (!is32 && elapsed_cond(x, op, a, b, &result)) {
		*edges = result == truth ? TAKEN : FALLS;
		return 0;
	}
	if (check_pointers(s, a, b))
		return PAIRFUSE_REFUSED;
	/* what was looked up is not there */
	if (op == BPF_JEQ && !is32 && cb && vb == 0 && a && a == s->st->found)
		(truth ? taken : s->st)->left = 0;
	if (is32) {
		a = pairfuse_expr_part(x, a, 0, 4);
		b = pairfuse_expr_part(x, b, 0, 4);
		cb = pairfuse_expr_is_const(x, b, &vb);
	}
	ca = pairfuse_expr_is_const(x, a, &va);
	if (ca && cb) {
		*edges = pairfuse_cond_eval(op, va, vb, is32) == truth ? TAKEN : FALLS;
		return 0;
	}
	refine_limits(s, taken, op, truth, is32, b);
	if (!is_about_task(x, a) || !is_about_task(x, b)) {
		pairfuse_step_known(taken);
		pairfuse_step_known(s->st);
	}
	if (op == BPF_JEQ && cb && vb == 0) {
		refine_zero(s, truth ? taken : s->st, a);
		if (pairfuse_expr(x, a)->kind == PAIRFUSE_E_LOAD)
			refine_const(truth ? taken : s->st, a, b);
	}
	/* signed comparison of halves would need another kind of condition */
	if (is32 && (op == BPF_JSGT || op == BPF_JSGE))
		return 0;
	*edges = decide_fixed(s, taken, op, a, b, truth);
	return 0;
}
