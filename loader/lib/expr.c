// SPDX-License-Identifier: GPL-2.0
/*
 * Expressions: construction with canonical forms, so that equal values meet
 * in the same table entry however the compiler spelt them.
 *
 * Running out of memory makes the result unknown and sets ->failed; callers
 * look at that once, at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "expr.h"
#include "insn.h"

#define MAX_DEPTH	8	/* deeper expressions become unknown */
#define MAX_OFF		(1LL << 20)

static size_t hash_of(const struct pairfuse_expr *e)
{
	__u64 h = e->kind | (__u64)e->op << 8 | (__u64)e->taint << 16;

	h = (h ^ e->a) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ (h >> 29) ^ e->b) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ (h >> 32) ^ e->imm) * 0x94d049bb133111ebULL;
	return h ^ (h >> 31);
}

static bool same(const struct pairfuse_expr *l, const struct pairfuse_expr *r)
{
	return l->kind == r->kind && l->op == r->op && l->taint == r->taint &&
	       l->a == r->a && l->b == r->b && l->imm == r->imm;
}

static int grow(struct pairfuse_exprs *x)
{
	size_t size = x->hash_size ? 2 * x->hash_size : 512, i;
	struct pairfuse_expr *tab = realloc(x->tab, size / 2 * sizeof(*tab));
	__u32 *hash;

	if (!tab)
		return -ENOMEM;
	x->tab = tab;
	hash = calloc(size, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	x->cap = size / 2;
	for (i = 0; i < x->nr; i++) {
		size_t h = hash_of(&x->tab[i]) & (size - 1);

		while (hash[h])
			h = (h + 1) & (size - 1);
		hash[h] = i + 1;
	}
	free(x->hash);
	x->hash = hash;
	x->hash_size = size;
	return 0;
}

static pairfuse_val intern(struct pairfuse_exprs *x, const struct pairfuse_expr *e)
{
	size_t h;

	if (x->nr >= x->cap && grow(x)) {
		x->failed = true;
		return PAIRFUSE_TOP;
	}
	h = hash_of(e) & (x->hash_size - 1);
	while (x->hash[h]) {
		if (same(&x->tab[x->hash[h] - 1], e))
			return x->hash[h] - 1;
		h = (h + 1) & (x->hash_size - 1);
	}
	x->tab[x->nr] = *e;
	x->hash[h] = ++x->nr;
	return x->nr - 1;
}

int pairfuse_exprs_init(struct pairfuse_exprs *x)
{
	memset(x, 0, sizeof(*x));
	if (grow(x))
		return -ENOMEM;
	pairfuse_expr_top(x, 0);
	return 0;
}

void pairfuse_exprs_free(struct pairfuse_exprs *x)
{
	free(x->tab);
	free(x->hash);
	memset(x, 0, sizeof(*x));
}

pairfuse_val pairfuse_expr_top(struct pairfuse_exprs *x, __u32 taint)
{
	struct pairfuse_expr e = { .kind = PAIRFUSE_E_TOP, .taint = taint };

	if (taint & PAIRFUSE_T_STACK)
		e.taint |= PAIRFUSE_T_ELSEWHERE;
	return intern(x, &e);
}

pairfuse_val pairfuse_expr_limited(struct pairfuse_exprs *x, __u8 op, __u32 taint, __u32 lo,
				   __u32 hi, __u64 imm)
{
	return intern(x, &(struct pairfuse_expr){
		.kind = PAIRFUSE_E_TOP, .op = op, .taint = taint, .a = lo, .b = hi, .imm = imm });
}

bool pairfuse_expr_on_stack(const struct pairfuse_exprs *x, pairfuse_val v)
{
	return (x->tab[v].taint & (PAIRFUSE_T_STACK | PAIRFUSE_T_ELSEWHERE)) == PAIRFUSE_T_STACK;
}

/* Somewhere on the stack, from a and b of which one at least is. */
static pairfuse_val stack_at_all(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b)
{
	return intern(x, &(struct pairfuse_expr){
		.kind = PAIRFUSE_E_TOP, .taint = x->tab[a].taint | x->tab[b].taint });
}

pairfuse_val pairfuse_expr_const(struct pairfuse_exprs *x, __u64 imm)
{
	struct pairfuse_expr e = { .kind = PAIRFUSE_E_CONST, .fixed = true, .imm = imm };

	return intern(x, &e);
}

pairfuse_val pairfuse_expr_leaf(struct pairfuse_exprs *x, enum pairfuse_expr_kind kind,
				__u32 a, __u32 b, __u64 imm)
{
	struct pairfuse_expr e = { .kind = kind, .a = a, .b = b, .imm = imm };

	switch (kind) {
	case PAIRFUSE_E_CTX:
		e.taint = PAIRFUSE_T_CTX;
		break;
	case PAIRFUSE_E_STACK:
		e.taint = PAIRFUSE_T_STACK;
		break;
	case PAIRFUSE_E_STATE:
		e.taint = PAIRFUSE_T_STATE;
		break;
	case PAIRFUSE_E_GLOBAL:
		e.taint = PAIRFUSE_T_GLOBAL;
		break;
	case PAIRFUSE_E_FOUND:
		e.taint = PAIRFUSE_T_VALUE;
		break;
	case PAIRFUSE_E_LEFT:
		e.taint = PAIRFUSE_T_LEFT;
		break;
	case PAIRFUSE_E_MAP:
		e.taint = PAIRFUSE_T_MAP;
		break;
	case PAIRFUSE_E_RET:
		e.taint = PAIRFUSE_T_RET;
		break;
	case PAIRFUSE_E_PARAM:
		e.taint = PAIRFUSE_T_ARG(a);
		break;
	case PAIRFUSE_E_WORD:
		e.taint = PAIRFUSE_T_ARG(a);
		e.fixed = true;
		break;
	case PAIRFUSE_E_PID_TGID:
	case PAIRFUSE_E_TASK:
	case PAIRFUSE_E_COMM:
		e.fixed = true;
		break;
	default:
		break;
	}
	return intern(x, &e);
}

bool pairfuse_expr_is_const(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *imm)
{
	if (x->tab[v].kind != PAIRFUSE_E_CONST)
		return false;
	if (imm)
		*imm = x->tab[v].imm;
	return true;
}

/* Bytes that may be non-zero, from the low end. */
static unsigned int width(const struct pairfuse_expr *e)
{
	return e->kind == PAIRFUSE_E_PART || e->kind == PAIRFUSE_E_LOAD ? e->b : 8;
}

pairfuse_val pairfuse_expr_part(struct pairfuse_exprs *x, pairfuse_val v,
				unsigned int from, unsigned int len)
{
	struct pairfuse_expr e = x->tab[v];

	if (from == 0 && len >= width(&e))
		return v;
	if (from >= width(&e))
		return pairfuse_expr_const(x, 0);
	if (from + len > width(&e))
		len = width(&e) - from;
	switch (e.kind) {
	case PAIRFUSE_E_CONST:
		e.imm >>= 8 * from;
		return pairfuse_expr_const(x, len == 8 ? e.imm : e.imm & ((1ULL << 8 * len) - 1));
	case PAIRFUSE_E_PART:
		e.imm += from;
		e.b = len;
		return intern(x, &e);
	case PAIRFUSE_E_WORD:
	case PAIRFUSE_E_RET:
	case PAIRFUSE_E_PID_TGID:
	case PAIRFUSE_E_TASK:
	case PAIRFUSE_E_COMM:
	case PAIRFUSE_E_OP:
		if (e.depth >= MAX_DEPTH)
			break;
		return intern(x, &(struct pairfuse_expr){
			.kind = PAIRFUSE_E_PART, .a = v, .b = len, .imm = from,
			.taint = e.taint, .fixed = e.fixed, .depth = e.depth + 1 });
	}
	return pairfuse_bounds_low(x, v, from, len);
}

__u64 pairfuse_alu_eval(__u8 op, __u64 a, __u64 b, bool is32)
{
	unsigned int bits = is32 ? 31 : 63;

	if (is32) {
		a = (__u32)a;
		b = (__u32)b;
	}
	switch (op) {
	case BPF_ADD: a += b; break;
	case BPF_SUB: a -= b; break;
	case BPF_MUL: a *= b; break;
	case BPF_DIV: a = b ? a / b : 0; break;
	case BPF_MOD: a = b ? a % b : a; break;
	case BPF_OR: a |= b; break;
	case BPF_AND: a &= b; break;
	case BPF_XOR: a ^= b; break;
	case BPF_LSH: a <<= b & bits; break;
	case BPF_RSH: a >>= b & bits; break;
	case BPF_ARSH:
		a = is32 ? (__u64)((__s32)a >> (b & bits)) : (__u64)((__s64)a >> (b & bits));
		break;
	case BPF_MOV: a = b; break;
	}
	return is32 ? (__u32)a : a;
}

bool pairfuse_cond_eval(__u8 op, __u64 a, __u64 b, bool is32)
{
	__s64 sa = is32 ? (__s32)a : (__s64)a, sb = is32 ? (__s32)b : (__s64)b;

	if (is32) {
		a = (__u32)a;
		b = (__u32)b;
	}
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSET: return a & b;
	case BPF_JSGT: return sa > sb;
	case BPF_JSGE: return sa >= sb;
	case BPF_JSLT: return sa < sb;
	case BPF_JSLE: return sa <= sb;
	}
	return false;
}

/* pointer + constant, for pointers whose offset is followed */
static bool add_offset(struct pairfuse_exprs *x, pairfuse_val p, __s64 delta,
		       pairfuse_val *out)
{
	struct pairfuse_expr e = x->tab[p];
	__s64 off = (__s64)e.imm + delta;

	switch (e.kind) {
	case PAIRFUSE_E_CTX:
	case PAIRFUSE_E_STACK:
	case PAIRFUSE_E_PARAM:
	case PAIRFUSE_E_GLOBAL:
	case PAIRFUSE_E_STATE:
		if (delta > MAX_OFF || delta < -MAX_OFF || off > MAX_OFF || off < -MAX_OFF)
			return false;
		e.imm = off;
		*out = intern(x, &e);
		return true;
	}
	return false;
}

/* Shifts and masks that only select bytes. */
static bool byte_select(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, __u64 c,
			pairfuse_val *out)
{
	struct pairfuse_expr e = x->tab[a];
	__u64 shift;

	if (!e.fixed)
		return false;
	if (op == BPF_AND && (c == 0xff || c == 0xffff || c == 0xffffffff)) {
		*out = pairfuse_expr_part(x, a, 0, c == 0xff ? 1 : c == 0xffff ? 2 : 4);
		return true;
	}
	if (op != BPF_RSH || c % 8 || c >= 64)
		return false;
	/* (v << 32) >> 32 is the low half */
	if (e.kind == PAIRFUSE_E_OP && e.op == BPF_LSH &&
	    pairfuse_expr_is_const(x, e.b, &shift) && shift == c)
		*out = pairfuse_expr_part(x, e.a, 0, 8 - c / 8);
	else
		*out = pairfuse_expr_part(x, a, c / 8, 8 - c / 8);
	return true;
}

static bool commutes(__u8 op)
{
	return op == BPF_ADD || op == BPF_MUL || op == BPF_OR || op == BPF_AND || op == BPF_XOR;
}

static pairfuse_val make_op(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b)
{
	struct pairfuse_expr l = x->tab[a], r = x->tab[b];
	__u8 depth = l.depth > r.depth ? l.depth : r.depth;

	if (!l.fixed || !r.fixed || depth >= MAX_DEPTH)
		return pairfuse_expr_top(x, (l.taint | r.taint) & ~PAIRFUSE_T_LEFT);
	return intern(x, &(struct pairfuse_expr){
		.kind = PAIRFUSE_E_OP, .op = op, .a = a, .b = b, .depth = depth + 1,
		.taint = l.taint | r.taint, .fixed = true });
}

/* A pointer into the stack and a number? */
static bool moves_on_stack(const struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b)
{
	if (op == BPF_SUB)
		return pairfuse_expr_on_stack(x, a) && pairfuse_expr_is_const(x, b, NULL);
	if (op != BPF_ADD)
		return false;
	return (pairfuse_expr_on_stack(x, a) && !(x->tab[b].taint & PAIRFUSE_T_STACK)) ||
	       (pairfuse_expr_on_stack(x, b) && !(x->tab[a].taint & PAIRFUSE_T_STACK));
}

static pairfuse_val alu64(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b)
{
	bool ca, cb;
	__u64 va = 0, vb = 0;
	pairfuse_val out;

	ca = pairfuse_expr_is_const(x, a, &va);
	cb = pairfuse_expr_is_const(x, b, &vb);
	if (ca && cb)
		return pairfuse_expr_const(x, pairfuse_alu_eval(op, va, vb, false));
	if (ca && commutes(op)) {
		out = a, a = b, b = out;
		vb = va;
		cb = true;
	}
	if (cb) {
		if (vb == 0 && (op == BPF_ADD || op == BPF_SUB || op == BPF_OR ||
				op == BPF_XOR || op == BPF_LSH || op == BPF_RSH))
			return a;
		if ((op == BPF_ADD && add_offset(x, a, vb, &out)) ||
		    (op == BPF_SUB && add_offset(x, a, -vb, &out)) ||
		    byte_select(x, op, a, vb, &out))
			return out;
		if (op == BPF_LSH && vb % 8 == 0 && vb < 64) /* what is shifted out */
			a = pairfuse_expr_part(x, a, 0, 8 - vb / 8);
	} else if (commutes(op) && a > b) {
		out = a, a = b, b = out;
	}
	if (a == b && x->tab[a].fixed && (op == BPF_XOR || op == BPF_SUB))
		return pairfuse_expr_const(x, 0);
	out = make_op(x, op, a, b);
	if (x->tab[out].kind != PAIRFUSE_E_TOP || pairfuse_bounds_alu(x, op, a, b, &out))
		return out;
	return moves_on_stack(x, op, a, b) ? stack_at_all(x, a, b) : out;
}

pairfuse_val pairfuse_expr_alu(struct pairfuse_exprs *x, __u8 op, pairfuse_val a,
			       pairfuse_val b, bool is32)
{
	__u64 va, vb;

	if (op == BPF_MOV)
		return is32 ? pairfuse_expr_part(x, b, 0, 4) : b;
	if (!is32)
		return alu64(x, op, a, b);
	a = pairfuse_expr_part(x, a, 0, 4);
	b = pairfuse_expr_part(x, b, 0, 4);
	if (pairfuse_expr_is_const(x, a, &va) && pairfuse_expr_is_const(x, b, &vb))
		return pairfuse_expr_const(x, pairfuse_alu_eval(op, va, vb, true));
	/* the shift count is taken modulo 32, the rest is as with 64 bits */
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) {
		if (!pairfuse_expr_is_const(x, b, &vb) || op == BPF_ARSH)
			return pairfuse_expr_top(x, x->tab[a].taint | x->tab[b].taint);
		b = pairfuse_expr_const(x, vb & 31);
	}
	return pairfuse_expr_part(x, alu64(x, op, a, b), 0, 4);
}

pairfuse_val pairfuse_expr_cond(struct pairfuse_exprs *x, __u8 op, pairfuse_val a,
				pairfuse_val b)
{
	/* the class keeps conditions apart from arithmetic: JEQ is 0x10 as SUB is */
	return make_op(x, op | BPF_JMP, a, b);
}

pairfuse_val pairfuse_expr_join(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b)
{
	pairfuse_val out;

	if (a == b)
		return a;
	if (pairfuse_bounds_join(x, a, b, &out))
		return out;
	if (pairfuse_expr_on_stack(x, a) && pairfuse_expr_on_stack(x, b))
		return stack_at_all(x, a, b);
	return pairfuse_expr_top(x, x->tab[a].taint | x->tab[b].taint);
}
