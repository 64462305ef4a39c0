// SPDX-License-Identifier: GPL-2.0
/* Bytecode to nodes and back; liveness on nodes. */
#include "analysis_test.h"
#include "ir.h"
#include "live.h"

static int decode(const struct bpf_insn *insns, size_t nr, struct pairfuse_ir *ir,
		  struct pairfuse_why *why)
{
	struct pairfuse_func *funcs;
	size_t nr_funcs;
	int err;

	memset(ir, 0, sizeof(*ir));
	err = pairfuse_ir_decode(insns, nr, ir, &funcs, &nr_funcs, why);
	free(funcs);
	return err;
}

static void bad(const struct bpf_insn *insns, size_t nr, int insn)
{
	struct pairfuse_why why = { 0 };
	struct pairfuse_ir ir;

	assert_int_equal(decode(insns, nr, &ir, &why), PAIRFUSE_REFUSED);
	assert_int_equal(why.reason, PAIRFUSE_REASON_BYTECODE);
	assert_int_equal(why.insn, insn);
	pairfuse_ir_free(&ir);
}

#define BAD(insn, ...) do {						\
	const struct bpf_insn code[] = { __VA_ARGS__ };			\
	bad(code, ARRAY_SIZE(code), insn);				\
} while (0)

static void test_malformed(void **state)
{
	bad(NULL, 0, -1);
	BAD(0, MOVI(0, 0));					/* no exit */
	BAD(1, MOVI(0, 0), JMPI(BPF_JEQ, 0, 0, -2));		/* may fall off */
	BAD(0, JA(1), EXIT);					/* beyond the end */
	BAD(0, JA(-2), EXIT);					/* before the start */
	BAD(0, JA(1), MAP_REF(1, 0), EXIT);			/* second half */
	BAD(1, EXIT, PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, 0));
	BAD(0, PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, 0), MOVI(0, 0), EXIT);
	BAD(0, SUBCALL(5), EXIT);				/* no function there */
	BAD(0, JA(1), EXIT, EXIT, SUBCALL(-2), EXIT);		/* into another one */
	BAD(1, MOVI(0, 0), PAIRFUSE_INSN(0xff, 0, 0, 0, 0), EXIT);
}

static void test_round_trip(void **state)
{
	const struct bpf_insn code[] = {
		TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JNE, 0, 0, 2), MOVI(0, 1), EXIT,
		LDX(BPF_DW, 1, 0, 0), JMPI(BPF_JGT, 1, 5, -4), MOVI(0, 2), EXIT,
	};
	struct pairfuse_why why = { 0 };
	struct bpf_insn *out;
	struct pairfuse_ir ir;
	size_t nr;

	assert_int_equal(decode(code, ARRAY_SIZE(code), &ir, &why), 0);
	assert_int_equal(ir.nr, ARRAY_SIZE(code) - 1);
	assert_int_equal(pairfuse_ir_encode(&ir, &out, &nr, &why), 0);
	assert_int_equal(nr, ARRAY_SIZE(code));
	assert_memory_equal(out, code, sizeof(code));
	free(out);
	pairfuse_ir_free(&ir);
}

/* Dead ends, jumps to the next instruction, and far gotos. */
static void test_clean(void **state)
{
	const struct bpf_insn code[] = {
		PAIRFUSE_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 1), EXIT, JA(0), MOVI(0, 0),
		JMPI(BPF_JEQ, 0, 0, 0), EXIT, JA(-2),
	};
	const struct bpf_insn want[] = { MOVI(0, 0), EXIT };
	struct pairfuse_why why = { 0 };
	struct bpf_insn *out;
	struct pairfuse_ir ir;
	size_t nr;

	assert_int_equal(decode(code, ARRAY_SIZE(code), &ir, &why), 0);
	assert_int_equal(pairfuse_ir_encode(&ir, &out, &nr, &why), 0);
	assert_int_equal(nr, ARRAY_SIZE(want));
	assert_memory_equal(out, want, sizeof(want));
	free(out);
	pairfuse_ir_free(&ir);
}

static void test_far_jump(void **state)
{
	size_t nr = 40000, i;
	struct pairfuse_why why = { 0 };
	struct pairfuse_ir ir = { 0 };
	struct bpf_insn *out;

	pairfuse_ir_add(&ir, JMPI(BPF_JEQ, 1, 0, 0), nr, -1);
	for (i = 1; i < nr; i++)
		pairfuse_ir_add(&ir, MOVI(0, 0), -1, -1);
	pairfuse_ir_add(&ir, EXIT, -1, -1);
	assert_int_equal(pairfuse_ir_encode(&ir, &out, &nr, &why), PAIRFUSE_REFUSED);
	assert_int_equal(why.reason, PAIRFUSE_REASON_COMPLEX);
	pairfuse_ir_free(&ir);
}

static void test_live(void **state)
{
	/* r6 lives around the loop, r7 only until the call */
	const struct bpf_insn code[] = {
		MOVI(6, 3), MOVI(7, 4), MOV(1, 7), CALL(get_current_pid_tgid), ADDI(6, -1),
		JMPI(BPF_JNE, 6, 0, -3), EXIT,
	};
	struct pairfuse_why why = { 0 };
	struct pairfuse_ir ir;
	__u16 live[ARRAY_SIZE(code)];

	assert_int_equal(decode(code, ARRAY_SIZE(code), &ir, &why), 0);
	pairfuse_live_regs(&ir, live);
	assert_int_equal(live[0], 1 << 6);
	assert_int_equal(live[1], 1 << 6 | 1 << 7);
	assert_int_equal(live[2], 1 << 6);
	assert_int_equal(live[3], 1 << 6 | 1);
	assert_int_equal(live[5], 1 << 6 | 1);
	assert_int_equal(live[6], 0);
	pairfuse_ir_free(&ir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_far_jump),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
