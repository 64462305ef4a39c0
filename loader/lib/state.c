// SPDX-License-Identifier: GPL-2.0
/*
 * Abstract states: start, join, and values of several bytes in memory.
 *
 * Bytes are kept in a canonical form (constants by byte, parts by the whole
 * that they are parts of), so that a value that is stored in one width and
 * loaded in another is recognised.
 */
#include <string.h>

#include "state.h"

void pairfuse_state_init(struct pairfuse_run *run, const struct pairfuse_start *start,
			 struct pairfuse_state *st)
{
	struct pairfuse_exprs *x = run->x;
	pairfuse_val left = pairfuse_expr_leaf(x, PAIRFUSE_E_LEFT, 0, 0, 0);
	pairfuse_val zero = pairfuse_expr_const(x, 0);
	unsigned int i;

	memset(st, 0, sizeof(*st));	/* PAIRFUSE_TOP is 0 */
	for (i = 1; run->is_sub && i <= 5; i++)
		st->reg[i] = pairfuse_expr_leaf(x, PAIRFUSE_E_PARAM, i, 0, 0);
	if (!run->is_sub)
		st->reg[1] = pairfuse_expr_leaf(x, PAIRFUSE_E_CTX, 0, 0, 0);
	st->reg[10] = pairfuse_expr_leaf(x, PAIRFUSE_E_STACK, 0, 0, 0);
	for (i = 0; i < PAIRFUSE_SLOT_BYTES; i++)
		st->slot[i] = start->zero & (1ULL << i) ? zero : left;
	st->facts = start->facts;
	st->armed = start->armed;
	st->present = start->present;
	st->left = start->present ? PAIRFUSE_LEFT_FILTERED : 0;
}

bool pairfuse_state_same_part(const struct pairfuse_state *a, const struct pairfuse_state *b)
{
	return a->armed == b->armed && a->present == b->present && a->written == b->written;
}

static bool join_bytes(struct pairfuse_exprs *x, pairfuse_val *av, __u8 *ai,
		       const pairfuse_val *bv, const __u8 *bi, unsigned int n)
{
	bool changed = false;
	pairfuse_val v;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (av[i] == bv[i] && ai[i] == bi[i])
			continue;
		v = pairfuse_expr_top(x, pairfuse_expr(x, av[i])->taint |
					 pairfuse_expr(x, bv[i])->taint);
		if (v == av[i] && ai[i] == 0)
			continue;
		av[i] = v;
		ai[i] = 0;
		changed = true;
	}
	return changed;
}

/* Facts that hold on both paths. */
static bool join_facts(struct pairfuse_facts *a, const struct pairfuse_facts *b)
{
	unsigned int i, j, nr = 0;
	bool changed;

	for (i = 0; i < a->nr; i++) {
		for (j = 0; j < b->nr; j++)
			if (a->f[i].v == b->f[j].v && a->f[i].truth == b->f[j].truth)
				break;
		if (j < b->nr)
			a->f[nr++] = a->f[i];
	}
	changed = nr != a->nr;
	a->nr = nr;
	return changed;
}

bool pairfuse_state_join(struct pairfuse_exprs *x, struct pairfuse_state *a,
			 const struct pairfuse_state *b)
{
	bool changed = false;
	pairfuse_val v;
	unsigned int i;

	for (i = 0; i < PAIRFUSE_NR_REGS; i++) {
		v = pairfuse_expr_join(x, a->reg[i], b->reg[i]);
		changed |= v != a->reg[i];
		a->reg[i] = v;
	}
	changed |= join_bytes(x, a->stack, a->stack_idx, b->stack, b->stack_idx,
			      PAIRFUSE_STACK_SIZE);
	changed |= join_bytes(x, a->slot, a->slot_idx, b->slot, b->slot_idx,
			      PAIRFUSE_SLOT_BYTES);
	changed |= join_facts(&a->facts, &b->facts);
	changed |= b->deleted && !a->deleted;
	a->deleted |= b->deleted;
	changed |= b->left & ~a->left;
	a->left |= b->left;
	changed |= a->found && a->found != b->found;
	a->found = a->found == b->found ? a->found : PAIRFUSE_TOP;
	return changed;
}

pairfuse_val pairfuse_bytes_get(struct pairfuse_exprs *x, const pairfuse_val *val,
				const __u8 *idx, unsigned int n)
{
	const struct pairfuse_expr *e;
	bool same = true, is_const = true;
	__u64 imm = 0, byte = 0;
	__u32 taint = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		e = pairfuse_expr(x, val[i]);
		taint |= e->taint;
		same &= val[i] == val[0] && idx[i] == idx[0] + i;
		is_const &= pairfuse_expr_is_const(x, val[i], &byte);
		imm |= (byte & 0xff) << 8 * i;
	}
	if (is_const)
		return pairfuse_expr_const(x, imm);
	if (same && pairfuse_expr(x, val[0])->kind != PAIRFUSE_E_TOP)
		return pairfuse_expr_part(x, val[0], idx[0], n);
	return pairfuse_expr_part(x, pairfuse_expr_top(x, taint & ~PAIRFUSE_T_LEFT), 0, n);
}

void pairfuse_bytes_set(struct pairfuse_exprs *x, pairfuse_val *val, __u8 *idx,
			unsigned int n, pairfuse_val v)
{
	struct pairfuse_expr e = *pairfuse_expr(x, v);
	unsigned int i;

	for (i = 0; i < n; i++) {
		val[i] = v;
		idx[i] = i;
		if (e.kind == PAIRFUSE_E_CONST) {
			val[i] = pairfuse_expr_const(x, e.imm >> 8 * i & 0xff);
			idx[i] = 0;
		} else if (e.kind == PAIRFUSE_E_TOP) {
			idx[i] = 0;
		} else if (e.kind == PAIRFUSE_E_PART && i < e.b) {
			val[i] = e.a;
			idx[i] = e.imm + i;
		} else if ((e.kind == PAIRFUSE_E_PART || e.kind == PAIRFUSE_E_LOAD) &&
			   i >= e.b) {
			val[i] = pairfuse_expr_const(x, 0);
			idx[i] = 0;
		}
	}
}

__u64 pairfuse_state_zero(struct pairfuse_exprs *x, const struct pairfuse_state *st)
{
	__u64 zero = 0, imm;
	unsigned int i;

	for (i = 0; i < PAIRFUSE_SLOT_BYTES; i++)
		if (pairfuse_expr_is_const(x, st->slot[i], &imm) && imm == 0)
			zero |= 1ULL << i;
	return zero;
}

__u64 pairfuse_state_changed(struct pairfuse_exprs *x, const struct pairfuse_state *st)
{
	pairfuse_val left = pairfuse_expr_leaf(x, PAIRFUSE_E_LEFT, 0, 0, 0);
	__u64 same = pairfuse_state_zero(x, st);
	unsigned int i;

	for (i = 0; i < PAIRFUSE_SLOT_BYTES; i++)
		if (st->slot[i] == left)
			same |= 1ULL << i;
	return ~same;
}

__u64 pairfuse_state_times(struct pairfuse_exprs *x, const struct pairfuse_state *st)
{
	__u64 times = 0;
	unsigned int off, i;

	for (off = 0; off + 8 <= PAIRFUSE_SLOT_BYTES; off += 8) {
		if (pairfuse_expr(x, st->slot[off])->kind != PAIRFUSE_E_TIME)
			continue;
		for (i = 0; i < 8; i++)
			if (st->slot[off + i] != st->slot[off] || st->slot_idx[off + i] != i)
				break;
		if (i == 8)
			times |= 1ULL << off;
	}
	return times;
}
