// SPDX-License-Identifier: GPL-2.0
/* Expressions: equal values are the same expression, however they are spelt. */
#include "analysis_test.h"
#include "bounds.h"
#include "expr.h"

static struct pairfuse_exprs x;

static int setup(void **state)
{
	return pairfuse_exprs_init(&x);
}

static int teardown(void **state)
{
	pairfuse_exprs_free(&x);
	return 0;
}

static pairfuse_val num(__u64 v)
{
	return pairfuse_expr_const(&x, v);
}

static pairfuse_val alu(__u8 op, pairfuse_val a, pairfuse_val b)
{
	return pairfuse_expr_alu(&x, op, a, b, false);
}

static pairfuse_val alu32(__u8 op, pairfuse_val a, pairfuse_val b)
{
	return pairfuse_expr_alu(&x, op, a, b, true);
}

static pairfuse_val leaf(enum pairfuse_expr_kind kind, __u32 a, __u64 imm)
{
	return pairfuse_expr_leaf(&x, kind, a, 0, imm);
}

/* Five ways to get the thread id. */
static void test_halves(void **state)
{
	pairfuse_val id = leaf(PAIRFUSE_E_PID_TGID, 0, 0), tid, tgid;

	tid = pairfuse_expr_part(&x, id, 0, 4);
	tgid = pairfuse_expr_part(&x, id, 4, 4);
	assert_int_not_equal(tid, tgid);
	assert_int_equal(alu32(BPF_MOV, 0, id), tid);
	assert_int_equal(alu(BPF_AND, id, num(0xffffffff)), tid);
	assert_int_equal(alu(BPF_RSH, alu(BPF_LSH, id, num(32)), num(32)), tid);
	assert_int_equal(alu(BPF_RSH, alu(BPF_LSH, tid, num(32)), num(32)), tid);
	assert_int_equal(alu(BPF_RSH, id, num(32)), tgid);
	assert_int_equal(alu32(BPF_MOV, 0, alu(BPF_RSH, id, num(32))), tgid);
	assert_int_equal(pairfuse_expr_part(&x, tgid, 2, 1), pairfuse_expr_part(&x, id, 6, 1));
	assert_int_equal(pairfuse_expr_part(&x, tgid, 4, 4), num(0));
	assert_true(pairfuse_expr(&x, tid)->fixed);
}

static void test_constants(void **state)
{
	assert_int_equal(alu(BPF_ADD, num(2), num(3)), num(5));
	assert_int_equal(alu32(BPF_SUB, num(0), num(1)), num(0xffffffff));
	assert_int_equal(alu(BPF_DIV, num(7), num(0)), num(0));
	assert_int_equal(alu(BPF_MOD, num(7), num(0)), num(7));
	assert_int_equal(alu32(BPF_ARSH, num(0x80000000), num(31)), num(0xffffffff));
	assert_int_equal(pairfuse_expr_part(&x, num(0x1122334455667788), 2, 2), num(0x5566));
	assert_true(pairfuse_cond_eval(BPF_JSLT, -1ULL, 0, false));
	assert_false(pairfuse_cond_eval(BPF_JLT, -1ULL, 0, false));
	assert_true(pairfuse_cond_eval(BPF_JSGT, 1, 0xffffffff, true));
	assert_true(pairfuse_cond_eval(BPF_JSET, 6, 2, false));
}

static void test_pointers(void **state)
{
	pairfuse_val sp = leaf(PAIRFUSE_E_STACK, 0, 0), st = leaf(PAIRFUSE_E_STATE, 1, 0);

	assert_int_equal(alu(BPF_ADD, alu(BPF_ADD, sp, num(-16)), num(8)),
			 leaf(PAIRFUSE_E_STACK, 0, -8));
	assert_int_equal(alu(BPF_SUB, st, num(-8)), leaf(PAIRFUSE_E_STATE, 1, 8));
	assert_int_equal(alu(BPF_ADD, num(8), st), leaf(PAIRFUSE_E_STATE, 1, 8));
	/* lost sight of, but not forgotten */
	assert_int_equal(alu(BPF_ADD, st, 0), pairfuse_expr_top(&x, PAIRFUSE_T_STATE));
	assert_int_equal(pairfuse_expr_join(&x, st, num(0)),
			 pairfuse_expr_top(&x, PAIRFUSE_T_STATE));
	assert_int_equal(pairfuse_expr(&x, alu32(BPF_MOV, 0, sp))->kind, PAIRFUSE_E_TOP);
	assert_true(pairfuse_expr(&x, alu32(BPF_MOV, 0, sp))->taint & PAIRFUSE_T_STACK);
	assert_false(pairfuse_expr_on_stack(&x, alu32(BPF_MOV, 0, sp)));
	assert_int_equal(pairfuse_expr_join(&x, st, st), st);
}

static void assert_number(pairfuse_val v, __u64 lo, __u64 hi)
{
	__u64 l, h;

	assert_true(pairfuse_bounds_number(&x, v, &l, &h));
	assert_int_equal(l, lo);
	assert_int_equal(h, hi);
}

static void test_limits(void **state)
{
	pairfuse_val some = pairfuse_expr_top(&x, PAIRFUSE_T_RET), few, v;
	__u64 l, h;

	(void)state;
	few = alu(BPF_AND, some, num(7));
	assert_number(few, 0, 7);
	assert_int_equal(pairfuse_expr(&x, few)->taint, PAIRFUSE_T_RET);
	assert_number(alu(BPF_LSH, few, num(3)), 0, 56);
	assert_number(alu(BPF_MOD, some, num(10)), 0, 9);
	assert_number(alu(BPF_OR, few, num(8)), 8, 15);
	assert_number(alu(BPF_SUB, num(9), few), 2, 9);
	assert_number(alu(BPF_ARSH, alu(BPF_LSH, few, num(32)), num(32)), 0, 7);
	assert_number(alu32(BPF_ADD, some, num(1)), 0, 0xffffffff);
	assert_false(pairfuse_bounds_number(&x, alu(BPF_SUB, few, num(1)), &l, &h));
	assert_false(pairfuse_bounds_number(&x, alu(BPF_ADD, some, few), &l, &h));
	assert_false(pairfuse_bounds_number(&x, alu(BPF_MOD, some, few), &l, &h));
	assert_false(pairfuse_bounds_number(&x, alu(BPF_LSH, few, num(32)), &l, &h));
	assert_true(pairfuse_bounds_not_above(&x, some, 20, &v));
	assert_number(v, 0, 20);
	assert_true(pairfuse_bounds_not_below(&x, v, 4, &v));
	assert_number(v, 4, 20);
	assert_false(pairfuse_bounds_not_below(&x, some, 4, &v));
}

/* A counter of a loop: it ends, whatever is added. */
static void test_loops(void **state)
{
	pairfuse_val i = num(0), p = leaf(PAIRFUSE_E_STACK, 0, -64), was;
	unsigned int rounds = 0;

	(void)state;
	assert_number(pairfuse_expr_join(&x, num(4), num(16)), 4, 16);
	do {
		was = i;
		i = pairfuse_expr_join(&x, i, alu(BPF_ADD, i, num(1)));
		assert_true(++rounds < 50);
	} while (i != was);
	rounds = 0;
	do {
		was = p;
		p = pairfuse_expr_join(&x, p, alu(BPF_SUB, p, num(1)));
		assert_true(++rounds < 50);
	} while (p != was);
	assert_true(pairfuse_expr_on_stack(&x, p));
}

static void test_places(void **state)
{
	pairfuse_val some = pairfuse_expr_top(&x, 0), sp = leaf(PAIRFUSE_E_STACK, 0, -64), v;
	__s64 lo, hi;
	__u64 maps;

	(void)state;
	v = alu(BPF_ADD, alu(BPF_AND, some, num(31)), sp);
	assert_true(pairfuse_bounds_stack(&x, alu(BPF_ADD, v, num(-8)), &lo, &hi));
	assert_int_equal(lo, -72);
	assert_int_equal(hi, -41);
	v = pairfuse_expr_join(&x, sp, leaf(PAIRFUSE_E_STACK, 0, -16));
	assert_true(pairfuse_bounds_stack(&x, v, &lo, &hi));
	assert_int_equal(lo, -64);
	assert_int_equal(hi, -16);
	/* something else on a path, or added without a limit */
	assert_false(pairfuse_bounds_stack(&x, pairfuse_expr_join(&x, v, num(0)), &lo, &hi));
	assert_false(pairfuse_bounds_stack(&x, alu(BPF_ADD, v, some), &lo, &hi));
	v = pairfuse_expr_join(&x, leaf(PAIRFUSE_E_MAP, 3, 0), leaf(PAIRFUSE_E_MAP, 5, 0));
	assert_true(pairfuse_bounds_maps(&x, v, &maps));
	assert_int_equal(maps, 1 << 3 | 1 << 5);
	assert_false(pairfuse_bounds_maps(&x, pairfuse_expr_join(&x, v, num(0)), &maps));
	v = pairfuse_expr_join(&x, v, leaf(PAIRFUSE_E_MAP, 64, 0));
	assert_false(pairfuse_bounds_maps(&x, v, &maps));
}

/* What surely points into the stack: r10 and numbers, whichever path. */
static void test_on_stack(void **state)
{
	pairfuse_val sp = leaf(PAIRFUSE_E_STACK, 0, -16), index = leaf(PAIRFUSE_E_RET, 0, 0);
	pairfuse_val data = leaf(PAIRFUSE_E_GLOBAL, 1, 0), moved = alu(BPF_ADD, sp, index);

	assert_true(pairfuse_expr_on_stack(&x, sp));
	assert_true(pairfuse_expr_on_stack(&x, moved));
	assert_true(pairfuse_expr_on_stack(&x, alu(BPF_ADD, index, sp)));
	assert_true(pairfuse_expr_on_stack(&x, alu(BPF_SUB, moved, num(40))));
	assert_true(pairfuse_expr_on_stack(&x, pairfuse_expr_join(&x, moved, sp)));
	assert_true(pairfuse_expr_on_stack(&x, pairfuse_expr_join(&x, sp,
							leaf(PAIRFUSE_E_STACK, 0, -8))));
	/* another place on another path; a number that is the distance of two places */
	assert_false(pairfuse_expr_on_stack(&x, data));
	assert_false(pairfuse_expr_on_stack(&x, pairfuse_expr_join(&x, sp, data)));
	assert_false(pairfuse_expr_on_stack(&x, pairfuse_expr_join(&x, num(0), moved)));
	assert_false(pairfuse_expr_on_stack(&x, alu(BPF_SUB, moved, index)));
	assert_false(pairfuse_expr_on_stack(&x, alu(BPF_ADD, data, alu(BPF_SUB, sp, moved))));
	assert_false(pairfuse_expr_on_stack(&x, alu32(BPF_MOV, 0, sp)));
	assert_false(pairfuse_expr_on_stack(&x, alu(BPF_AND, sp, num(-8))));
}

static void test_fixed(void **state)
{
	pairfuse_val arg = leaf(PAIRFUSE_E_WORD, 2, 0), id = leaf(PAIRFUSE_E_PID_TGID, 0, 0);
	pairfuse_val ret = leaf(PAIRFUSE_E_RET, 0, 0), v = arg;
	int i;

	assert_int_equal(alu(BPF_XOR, arg, id), alu(BPF_XOR, id, arg));
	assert_int_not_equal(alu(BPF_SUB, arg, id), alu(BPF_SUB, id, arg));
	assert_true(pairfuse_expr(&x, alu(BPF_MUL, arg, num(31)))->fixed);
	assert_int_equal(alu(BPF_XOR, arg, arg), num(0));
	assert_false(pairfuse_expr(&x, ret)->fixed);
	assert_false(pairfuse_expr(&x, alu(BPF_ADD, ret, arg))->fixed);
	/* subtraction and "equal" have the same code */
	assert_int_not_equal(pairfuse_expr_cond(&x, BPF_JEQ, arg, id), alu(BPF_SUB, arg, id));
	/* there is an end to it */
	for (i = 0; i < 1000; i++)
		v = alu(BPF_XOR, alu(BPF_ADD, v, id), num(i));
	assert_int_equal(pairfuse_expr(&x, v)->kind, PAIRFUSE_E_TOP);
}

/* The table grows, and finds everything again. */
static void test_many(void **state)
{
	pairfuse_val v[5000];
	int i;

	for (i = 0; i < 5000; i++)
		v[i] = num(i * 7919ULL);
	for (i = 0; i < 5000; i++)
		assert_int_equal(num(i * 7919ULL), v[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_halves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_constants, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_on_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fixed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
