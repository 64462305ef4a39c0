// SPDX-License-Identifier: GPL-2.0
/* Abstract interpretation: states, notes, returns, refusals of single programs. */
#include "analysis_test.h"
#include "absint.h"
#include "inline.h"

struct fixture {
	struct test_input t;
	struct pairfuse_exprs x;
	struct pairfuse_key_bytes key;
	struct pairfuse_why why;
	struct pairfuse_run run;
	struct pairfuse_flat flat;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_input_init(&f->t);
	*state = f;
	return pairfuse_exprs_init(&f->x);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pairfuse_run_free(&f->run);
	pairfuse_ir_free(&f->flat.ir);
	pairfuse_exprs_free(&f->x);
	free(f);
	return 0;
}

static int run(struct fixture *f, bool is_exit, const struct bpf_insn *insns, size_t nr)
{
	int err;

	test_add_prog(&f->t, "prog", is_exit ? PAIRFUSE_AT_FEXIT : PAIRFUSE_AT_FENTRY, "f",
		      insns, nr);
	f->flat.prog = &f->t.progs[0];
	err = pairfuse_flatten(&f->t.in, &f->x, &f->flat);
	f->why = f->flat.why;
	if (err)
		return err;
	f->run = (struct pairfuse_run){
		.in = &f->t.in, .prog = &f->t.progs[0], .ir = &f->flat.ir, .x = &f->x,
		.why = &f->why, .is_exit = is_exit, .carrier = 0, .key = &f->key,
		.kind = PAIRFUSE_CARRIER_HASH, .nr_start = 1,
		.start[0] = { .armed = is_exit, .present = is_exit },
	};
	return pairfuse_run(&f->run);
}

#define RUN(f, is_exit, ...) ({						\
	static const struct bpf_insn code[] = { __VA_ARGS__ };		\
	run(f, is_exit, code, ARRAY_SIZE(code)); })

static enum pairfuse_expr_kind kind_at(struct fixture *f, int node, int reg)
{
	return pairfuse_expr(&f->x, f->run.notes[node].in[reg])->kind;
}

/* A value saved on the stack as two halves is the value again. */
static void test_stack(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false,
			     CALL(get_current_pid_tgid), STX(BPF_DW, 10, 0, -8),
			     LDX(BPF_W, 1, 10, -8), LDX(BPF_W, 2, 10, -4), LDX(BPF_DW, 3, 10, -8),
			     ST(BPF_B, 10, -8, 1), LDX(BPF_DW, 4, 10, -8), LDX(BPF_W, 5, 10, -4),
			     MOVI(0, 0), EXIT), 0);
	assert_int_equal(kind_at(f, 9, 3), PAIRFUSE_E_PID_TGID);
	assert_int_equal(f->run.notes[9].in[1],
			 pairfuse_expr_part(&f->x, f->run.notes[9].in[3], 0, 4));
	assert_int_equal(f->run.notes[9].in[2], f->run.notes[9].in[5]);
	assert_int_equal(kind_at(f, 9, 4), PAIRFUSE_E_TOP);
	assert_int_equal(f->run.stack, -8);
}

/* Update on one of two paths: two kinds of returns, conditions remembered. */
static void test_update(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false,
			     LDX(BPF_DW, 6, 1, 8), MOVI(0, 0), JMPI(BPF_JEQ, 6, 7, 12),
			     ENTER_STORES, EXIT), 0);
	assert_int_equal(f->run.nr_returns, 2);
	assert_int_not_equal(f->run.returns[0].present, f->run.returns[1].present);
	assert_int_equal(f->run.returns[0].written | f->run.returns[1].written, 0xff);
	assert_int_equal(f->run.returns[0].facts.nr, 1);
	assert_int_not_equal(f->run.returns[0].facts.f[0].truth,
			     f->run.returns[1].facts.f[0].truth);
	assert_true(f->key.set);
	assert_int_equal(f->run.words, 1 << 1);
}

/* With state, the lookup is a pointer and its NULL branch is never taken. */
static void test_lookup(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, true,
			     TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 2),
			     LDX(BPF_W, 7, 0, 4), ST(BPF_DW, 0, 0, 0), MOVI(0, 0), EXIT), 0);
	assert_int_equal(f->run.notes[5].op, PAIRFUSE_OP_LOOKUP);
	assert_int_equal(f->run.notes[6].edges, 1);
	assert_int_equal(kind_at(f, 7, 0), PAIRFUSE_E_STATE);
	assert_int_equal(f->run.reads[1], 0xf0);
	assert_int_equal(f->run.touched, 0xff);
	assert_int_equal(f->run.returns[0].zero, 0xff);
}

/* A loop over a counter ends, and the counter becomes unknown. */
static void test_loop(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false,
			     MOVI(6, 0), ADDI(6, 1), STX(BPF_DW, 10, 6, -8),
			     JMPI(BPF_JNE, 6, 1000, -3), MOVI(0, 0), EXIT), 0);
	assert_int_equal(kind_at(f, 4, 6), PAIRFUSE_E_TOP);
}

static void refused(struct fixture *f, int err, enum pairfuse_reason reason, int insn)
{
	assert_int_equal(err, PAIRFUSE_REFUSED);
	assert_string_equal(pairfuse_reason_id(f->why.reason), pairfuse_reason_id(reason));
	assert_int_equal(f->why.insn, insn);
}

static void test_stack_range(void **state)
{
	refused(*state, RUN(*state, false, ST(BPF_DW, 10, -516, 0), EXIT),
		PAIRFUSE_REASON_BYTECODE, 0);
}

static void test_state_leak(void **state)
{
	/* a helper reads the stack where a pointer into the state lies */
	refused(*state, RUN(*state, true,
			    TID_KEY, CALL(map_lookup_elem), STX(BPF_DW, 10, 0, -16),
			    MOV(1, 10), ADDI(1, -16), MOVI(2, 8), CALL(trace_printk), EXIT),
		PAIRFUSE_REASON_STATE_ESCAPES, 11);
}

static void test_context_store(void **state)
{
	refused(*state, RUN(*state, false, ST(BPF_DW, 1, 0, 0), EXIT), PAIRFUSE_REASON_CONTEXT, 0);
}

static void test_beyond_value(void **state)
{
	refused(*state, RUN(*state, true,
			    TID_KEY, CALL(map_lookup_elem), LDX(BPF_DW, 1, 0, 4), EXIT),
		PAIRFUSE_REASON_BYTECODE, 7);
}

/* --- inlining --- */

/* The callee's frame lies below the caller's; r6 survives, r7 need not. */
static void test_inline(void **state)
{
	struct fixture *f = *state;
	size_t i, saves = 0;

	assert_int_equal(RUN(f, false,
			     MOVI(6, 1), MOVI(7, 2), ST(BPF_DW, 10, -8, 5), SUBCALL(3),
			     LDX(BPF_DW, 0, 10, -8), STX(BPF_DW, 10, 6, -8), EXIT,
			     MOVI(6, 3), MOVI(7, 4), STX(BPF_DW, 10, 6, -16), MOV(2, 10),
			     MOVI(0, 0), EXIT), 0);
	assert_true(f->flat.inlined);
	for (i = 0; i < f->flat.ir.nr; i++) {
		const struct bpf_insn *insn = &f->flat.ir.nodes[i].insn;

		assert_false(pairfuse_insn_is_call(insn));
		saves += insn->code == (BPF_STX | BPF_MEM | BPF_DW) && insn->off == -16;
	}
	assert_int_equal(saves, 1);
	assert_int_equal(f->run.stack, -32);
	/* the caller's values at the end */
	i = f->run.returns[0].node;
	assert_int_equal(f->run.notes[i].in[0], pairfuse_expr_const(&f->x, 5));
	assert_int_equal(f->run.notes[i].in[6], pairfuse_expr_const(&f->x, 1));
}

static void test_recursion(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false, SUBCALL(1), EXIT, SUBCALL(-1), EXIT), PAIRFUSE_REFUSED);
	assert_int_equal(f->why.reason, PAIRFUSE_REASON_BYTECODE);
}

static void test_inline_stack(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false, ST(BPF_DW, 10, -300, 0), SUBCALL(1), EXIT,
			     ST(BPF_DW, 10, -304, 0), MOVI(0, 0), EXIT), PAIRFUSE_REFUSED);
	assert_int_equal(f->why.reason, PAIRFUSE_REASON_STACK);
}

/* --- what is written where --- */

/* r2 = r10 + something in -24 .. 7, as compilers of C say it */
#define SOMEWHERE	CALL(get_prandom_u32), MOV(2, 10),			\
			PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 0, 0, 0)

/* An index into the stack is no effect, and nobody knows how deep it goes. */
static void test_loose(void **state)
{
	struct fixture *f = *state;

	f->flat.reserved = 16;
	assert_int_equal(RUN(f, false, SOMEWHERE, ST(BPF_B, 2, -40, 1),
			     MOVI(0, 0), EXIT), 0);
	assert_true(f->flat.loose);
	assert_true(f->run.loose);
	assert_false(f->run.effects_unarmed);
	/* what is reserved is above all that it can reach */
	assert_int_equal(f->flat.ir.nodes[2].insn.imm, -16);
}

static void test_firm(void **state)
{
	struct fixture *f = *state;

	f->flat.reserved = 16;
	assert_int_equal(RUN(f, false, MOV(2, 10), ADDI(2, -40), ST(BPF_B, 2, 4, 1),
			     MOVI(0, 0), EXIT), 0);
	assert_false(f->flat.loose);
	assert_int_equal(f->run.stack, -40);
}

/* The stack, or what was found in a map that is not followed. */
static void test_either(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false, CALL(get_current_task), MOV(2, 10), ADDI(2, -8),
			     JMPI(BPF_JEQ, 0, 0, 1), MOV(2, 0), ST(BPF_DW, 2, 0, 1),
			     MOVI(0, 0), EXIT), 0);
	assert_true(f->run.effects_unarmed);
}

/* A helper without effects has one where it fills something that is not the stack. */
static void test_fills(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false, CALL(get_current_task), MOV(1, 0), MOVI(2, 8),
			     CALL(get_current_comm), MOVI(0, 0), EXIT), 0);
	assert_true(f->run.effects_unarmed);
}

static void test_fills_local(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, false, MOV(1, 10), ADDI(1, -8), MOVI(2, 8),
			     CALL(get_current_comm), MOVI(0, 0), EXIT), 0);
	assert_false(f->run.effects_unarmed);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_stack), T(test_update), T(test_lookup), T(test_loop),
		T(test_stack_range), T(test_state_leak), T(test_context_store),
		T(test_beyond_value), T(test_inline), T(test_recursion), T(test_inline_stack),
		T(test_loose), T(test_firm), T(test_either), T(test_fills), T(test_fills_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
