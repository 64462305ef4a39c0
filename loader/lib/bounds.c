// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of values that are not known, see bounds.h.
 *
 * How they are kept: PAIRFUSE_E_TOP with op saying what is limited (and how often the limits
 * have grown), a and b the limits, imm how far a number has been shifted to the left (compilers
 * shift by 32 and back), or the maps as a mask.
 *
 * Why a limit holds: numbers are limited by what they are made of (a mask, a remainder, the
 * width of a load) or by a comparison on the path; sums and products are exact as long as they stay
 * below 1 << 32. Pointers into the stack are r10 plus such numbers.
 */
#include "bounds.h"
#include "insn.h"

#define MAX_NUMBER	0xffffffffULL
#define MAX_PLACE	(1 << 15)	/* a place on the stack is far below */
#define GROWTH		4
#define MAX_AGE		4	/* so often a number's limits are those of what meets */
#define AGE_SHIFT	4

enum { LIMITS_NONE, LIMITS_NUMBER, LIMITS_STACK, LIMITS_MAPS };

static bool is_limited(const struct pairfuse_expr *e, __u8 what)
{
	return e->kind == PAIRFUSE_E_TOP && (e->op & ((1 << AGE_SHIFT) - 1)) == what;
}

static unsigned int age_of(const struct pairfuse_expr *e)
{
	return is_limited(e, LIMITS_NUMBER) ? e->op >> AGE_SHIFT : 0;
}

static bool aged_number(struct pairfuse_exprs *x, __u32 taint, __u64 lo, __u64 hi,
			unsigned int shift, unsigned int age, pairfuse_val *out)
{
	if (lo > hi || hi > MAX_NUMBER)
		return false;
	/* made of a pointer, it is none */
	if (taint & PAIRFUSE_T_STACK)
		taint |= PAIRFUSE_T_ELSEWHERE;
	*out = pairfuse_expr_limited(x, LIMITS_NUMBER | age << AGE_SHIFT, taint, lo, hi, shift);
	return true;
}

static bool number(struct pairfuse_exprs *x, __u32 taint, __u64 lo, __u64 hi, unsigned int shift,
		   pairfuse_val *out)
{
	return aged_number(x, taint, lo, hi, shift, 0, out);
}

static bool place(struct pairfuse_exprs *x, __u32 taint, __s64 lo, __s64 hi, pairfuse_val *out)
{
	if (lo > hi || lo < -MAX_PLACE || hi > MAX_PLACE)
		return false;
	*out = pairfuse_expr_limited(x, LIMITS_STACK, taint, lo, hi, 0);
	return true;
}

/* --- what is known --- */

static bool limits_of(__u8 op, __u64 alo, __u64 ahi, __u64 blo, __u64 bhi, __u64 *lo, __u64 *hi);

/* e is what was shifted up by 32 and down again: a number below 1 << 31 is what it was. */
static bool number_extended(const struct pairfuse_exprs *x, const struct pairfuse_expr *e,
			    __u64 *lo, __u64 *hi)
{
	const struct pairfuse_expr *up = pairfuse_expr(x, e->a);
	__u64 down, count;

	return e->op == BPF_ARSH && pairfuse_expr_is_const(x, e->b, &down) && down == 32 &&
	       up->kind == PAIRFUSE_E_OP && up->op == BPF_LSH &&
	       pairfuse_expr_is_const(x, up->b, &count) && count == 32 &&
	       pairfuse_bounds_number(x, up->a, lo, hi) && !(*hi >> 31);
}

static bool number_of_op(const struct pairfuse_exprs *x, const struct pairfuse_expr *e,
			 __u64 *lo, __u64 *hi)
{
	__u64 alo = 0, ahi = ~0ULL, blo, bhi;

	if (number_extended(x, e, lo, hi))
		return true;
	/* conditions have other codes */
	if (!pairfuse_bounds_number(x, e->b, &blo, &bhi))
		return false;
	if (!pairfuse_bounds_number(x, e->a, &alo, &ahi))
		ahi = ~0ULL;
	return limits_of(e->op, alo, ahi, blo, bhi, lo, hi) && *hi <= MAX_NUMBER;
}

bool pairfuse_bounds_number(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *lo, __u64 *hi)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	switch (e->kind) {
	case PAIRFUSE_E_CONST:
		if (e->imm > MAX_NUMBER)
			return false;
		*lo = *hi = e->imm;
		return true;
	case PAIRFUSE_E_PART:
		if (!e->imm && pairfuse_bounds_number(x, e->a, lo, hi) &&
		    (e->b > 4 || !(*hi >> 8 * e->b)))
			return true;
		/* fall through */
	case PAIRFUSE_E_LOAD:
		if (e->b > 4)
			return false;
		*lo = 0;
		*hi = (1ULL << 8 * e->b) - 1;
		return true;
	case PAIRFUSE_E_OP:
		return number_of_op(x, e, lo, hi);
	}
	if (!is_limited(e, LIMITS_NUMBER) || e->imm)
		return false;
	*lo = e->a;
	*hi = e->b;
	return true;
}

bool pairfuse_bounds_stack(const struct pairfuse_exprs *x, pairfuse_val v, __s64 *lo, __s64 *hi)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	if (e->kind == PAIRFUSE_E_STACK) {
		*lo = *hi = (__s64)e->imm;
		return true;
	}
	if (!is_limited(e, LIMITS_STACK))
		return false;
	*lo = (__s32)e->a;
	*hi = (__s32)e->b;
	return true;
}

bool pairfuse_bounds_maps(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *mask)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	if (e->kind == PAIRFUSE_E_MAP && e->a < 64) {
		*mask = 1ULL << e->a;
		return true;
	}
	*mask = e->imm;
	return is_limited(e, LIMITS_MAPS);
}

/* --- where paths meet --- */

static __s64 least(__s64 a, __s64 b)
{
	return a < b ? a : b;
}

static __s64 most(__s64 a, __s64 b)
{
	return a > b ? a : b;
}

/* All bits below the highest one of v. */
static __u64 fill(__u64 v)
{
	return v ? ~0ULL >> __builtin_clzll(v) : 0;
}

static bool join_numbers(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b, __u32 taint,
			 pairfuse_val *out)
{
	unsigned int age = age_of(pairfuse_expr(x, a));
	__u64 lo, hi, blo, bhi;
	bool old = age == MAX_AGE;

	if (!pairfuse_bounds_number(x, a, &lo, &hi) || !pairfuse_bounds_number(x, b, &blo, &bhi))
		return false;
	if ((blo < lo || bhi > hi) && !old)
		age++;
	/* in a loop they grow again and again: to the next power of two */
	if (blo < lo)
		lo = old ? 0 : blo;
	if (bhi > hi)
		hi = old ? fill(bhi) : bhi;
	return aged_number(x, taint, lo, hi, 0, age, out);
}

static bool join_places(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b, __u32 taint,
			pairfuse_val *out)
{
	__s64 lo, hi, blo, bhi, span;

	if (!pairfuse_bounds_stack(x, a, &lo, &hi) || !pairfuse_bounds_stack(x, b, &blo, &bhi))
		return false;
	span = hi - lo;
	if (blo < lo)
		lo = least(blo, lo - (GROWTH - 1) * span);
	if (bhi > hi)
		hi = most(bhi, hi + (GROWTH - 1) * span);
	return place(x, taint, lo, hi, out);
}

bool pairfuse_bounds_join(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b,
			  pairfuse_val *out)
{
	__u32 taint = pairfuse_expr(x, a)->taint | pairfuse_expr(x, b)->taint;
	__u64 amask, bmask;

	if (pairfuse_bounds_maps(x, a, &amask) && pairfuse_bounds_maps(x, b, &bmask)) {
		*out = pairfuse_expr_limited(x, LIMITS_MAPS, taint, 0, 0, amask | bmask);
		return true;
	}
	return join_places(x, a, b, taint, out) || join_numbers(x, a, b, taint, out);
}

/* --- operations --- */

pairfuse_val pairfuse_bounds_low(struct pairfuse_exprs *x, pairfuse_val v, unsigned int from,
				 unsigned int len)
{
	__u32 taint = pairfuse_expr(x, v)->taint;
	__u64 lo, hi;
	pairfuse_val out;

	if (!from && pairfuse_bounds_number(x, v, &lo, &hi) && !(len < 8 && hi >> 8 * len) &&
	    number(x, taint, lo, hi, 0, &out))
		return out;
	if (len <= 4 && number(x, taint, 0, (1ULL << 8 * len) - 1, 0, &out))
		return out;
	return pairfuse_expr_top(x, taint);
}

/* Limits of a op b. b is below 1 << 32; a, too, or nothing is known of it (ahi: ~0). */
static bool limits_of(__u8 op, __u64 alo, __u64 ahi, __u64 blo, __u64 bhi, __u64 *lo, __u64 *hi)
{
	bool known = ahi <= MAX_NUMBER;

	*lo = 0;
	switch (op) {
	case BPF_AND:
		*hi = ahi < bhi ? ahi : bhi;
		return true;
	case BPF_MOD:
		*hi = bhi - 1;
		return blo > 0;
	case BPF_ADD:
		*lo = alo + blo;
		*hi = ahi + bhi;
		return known;
	case BPF_SUB:
		*lo = alo - bhi;
		*hi = ahi - blo;
		return known && alo >= bhi;
	case BPF_OR:
		*lo = alo > blo ? alo : blo;
		*hi = fill(ahi | bhi);
		return known;
	case BPF_MUL:
		*lo = alo * blo;
		*hi = ahi * bhi;
		return known;
	case BPF_LSH:
		*lo = alo << (blo & 31);
		*hi = ahi << (blo & 31);
		return known && blo == bhi && blo < 32;
	case BPF_RSH:
		*lo = alo >> (blo & 63);
		*hi = ahi >> (blo & 63);
		return blo == bhi && blo < 64;
	case BPF_DIV:
		*lo = bhi ? alo / bhi : 0;
		*hi = blo ? ahi / blo : 0;
		return known && blo > 0;
	}
	return false;
}

/* Up by 32 and down again. */
static bool shift_back(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, __u64 count,
		       __u32 taint, pairfuse_val *out)
{
	const struct pairfuse_expr e = *pairfuse_expr(x, a);
	__u64 lo, hi;

	if (count != 32)
		return false;
	if (op == BPF_LSH)
		return pairfuse_bounds_number(x, a, &lo, &hi) && number(x, taint, lo, hi, 32, out);
	if (!is_limited(&e, LIMITS_NUMBER) || e.imm != 32)
		return false;
	if (op == BPF_ARSH && e.b > MAX_NUMBER / 2)
		return false;
	return (op == BPF_RSH || op == BPF_ARSH) && number(x, taint, e.a, e.b, 0, out);
}

static bool move(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b, __u32 taint,
		 pairfuse_val *out)
{
	__u64 nlo, nhi;
	__s64 lo, hi;
	pairfuse_val p = a, n = b;

	if (op == BPF_ADD && !pairfuse_bounds_stack(x, p, &lo, &hi)) {
		p = b;
		n = a;
	}
	if ((op != BPF_ADD && op != BPF_SUB) || !pairfuse_bounds_stack(x, p, &lo, &hi) ||
	    (pairfuse_expr(x, n)->taint & PAIRFUSE_T_STACK))
		return false;
	if (pairfuse_expr_is_const(x, n, &nlo)) {	/* negative ones, too */
		if ((__s64)nlo < -MAX_PLACE || (__s64)nlo > MAX_PLACE)
			return false;
		nhi = nlo;
	} else if (!pairfuse_bounds_number(x, n, &nlo, &nhi)) {
		return false;
	}
	if (op == BPF_ADD)
		return place(x, taint, lo + (__s64)nlo, hi + (__s64)nhi, out);
	return place(x, taint, lo - (__s64)nhi, hi - (__s64)nlo, out);
}

bool pairfuse_bounds_alu(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b,
			 pairfuse_val *out)
{
	__u32 taint = (pairfuse_expr(x, a)->taint | pairfuse_expr(x, b)->taint) &
		      ~PAIRFUSE_T_LEFT;
	__u64 alo = 0, ahi = ~0ULL, blo, bhi, lo, hi;

	if (move(x, op, a, b, taint, out))
		return true;
	if (!pairfuse_bounds_number(x, b, &blo, &bhi))
		return false;
	if (blo == bhi && shift_back(x, op, a, blo, taint, out))
		return true;
	if (!pairfuse_bounds_number(x, a, &alo, &ahi))
		ahi = ~0ULL;
	return limits_of(op, alo, ahi, blo, bhi, &lo, &hi) && number(x, taint, lo, hi, 0, out);
}

/* --- comparisons --- */

static bool is_unknown_number(const struct pairfuse_expr *e)
{
	return (is_limited(e, LIMITS_NONE) || is_limited(e, LIMITS_NUMBER)) && !e->imm;
}

bool pairfuse_bounds_not_above(struct pairfuse_exprs *x, pairfuse_val v, __u64 limit,
			       pairfuse_val *out)
{
	const struct pairfuse_expr e = *pairfuse_expr(x, v);
	__u64 lo = 0, hi = ~0ULL;

	if (!is_unknown_number(&e))
		return false;
	pairfuse_bounds_number(x, v, &lo, &hi);
	return number(x, e.taint, lo, limit < hi ? limit : hi, 0, out);
}

bool pairfuse_bounds_not_below(struct pairfuse_exprs *x, pairfuse_val v, __u64 limit,
			       pairfuse_val *out)
{
	const struct pairfuse_expr e = *pairfuse_expr(x, v);
	__u64 lo, hi;

	if (!is_unknown_number(&e) || !pairfuse_bounds_number(x, v, &lo, &hi))
		return false;
	return number(x, e.taint, limit > lo ? limit : lo, hi, 0, out);
}
