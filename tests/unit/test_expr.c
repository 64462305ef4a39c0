// SPDX-License-Identifier: GPL-2.0
/* Expressions: equal values are the same expression, however they are spelt. */
#include "analysis_test.h"
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
	assert_int_equal(alu32(BPF_MOV, 0, sp), pairfuse_expr_top(&x, PAIRFUSE_T_STACK));
	assert_int_equal(pairfuse_expr_join(&x, st, st), st);
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
		cmocka_unit_test_setup_teardown(test_fixed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
