// SPDX-License-Identifier: GPL-2.0
/* Single instructions: what is valid, what is read and written, how it reads. */
#include "analysis_test.h"

static bool valid(struct bpf_insn insn)
{
	return pairfuse_insn_valid(&insn);
}

static void test_valid(void **state)
{
	assert_true(valid(MOV(0, 10)));
	assert_false(valid(MOV(10, 0)));
	assert_false(valid(MOV(11, 0)));
	assert_false(valid(MOV(0, 12)));
	assert_true(valid(PAIRFUSE_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 32, 0)));
	assert_false(valid(PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, 1, 2, 32, 0)));
	assert_false(valid(PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 2, 1, 0)));
	assert_true(valid(PAIRFUSE_INSN(BPF_ALU64 | BPF_DIV | BPF_X, 1, 2, 1, 0)));
	assert_true(valid(PAIRFUSE_INSN(BPF_LDX | BPF_MEMSX | BPF_W, 1, 2, 0, 0)));
	assert_false(valid(PAIRFUSE_INSN(BPF_LDX | BPF_MEMSX | BPF_DW, 1, 2, 0, 0)));
	assert_false(valid(PAIRFUSE_INSN(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, 0)));
	assert_false(valid(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_B, 1, 2, 0, BPF_ADD)));
	assert_true(valid(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_CMPXCHG)));
	assert_false(valid(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, 0x33)));
	assert_false(valid(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 10, 0,
					 BPF_ADD | BPF_FETCH)));
	assert_false(valid(PAIRFUSE_INSN(BPF_JMP | BPF_CALL, 0, 3, 0, 1)));
	assert_false(valid(PAIRFUSE_INSN(0xff, 0, 0, 0, 0)));
	assert_true(valid(PAIRFUSE_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 5)));
	assert_true(valid(PAIRFUSE_INSN(BPF_JMP | BPF_JCOND, 0, 0, 3, 0)));
}

static void uses_defs(struct bpf_insn insn, unsigned int uses, unsigned int defs)
{
	assert_int_equal(pairfuse_insn_uses(&insn, -1), uses);
	assert_int_equal(pairfuse_insn_defs(&insn), defs);
}

static void test_uses(void **state)
{
	struct bpf_insn call = CALL(map_lookup_elem);

	uses_defs(MOV(1, 2), 1 << 2, 1 << 1);
	uses_defs(MOVI(1, 2), 0, 1 << 1);
	uses_defs(ADDI(3, 1), 1 << 3, 1 << 3);
	uses_defs(LDX(BPF_W, 4, 5, 0), 1 << 5, 1 << 4);
	uses_defs(STX(BPF_W, 4, 5, 0), 1 << 5 | 1 << 4, 0);
	uses_defs(ST(BPF_W, 4, 5, 0), 1 << 4, 0);
	uses_defs(EXIT, 1, 0);
	uses_defs(JA(3), 0, 0);
	uses_defs(JMPI(BPF_JEQ, 6, 0, 1), 1 << 6, 0);
	uses_defs(call, 0x3e, 1);
	assert_int_equal(pairfuse_insn_uses(&call, 2), 0x6);
	assert_int_equal(pairfuse_insn_uses(&call, 0), 0);
	uses_defs(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_CMPXCHG), 7, 1);
	uses_defs(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_XCHG), 6, 4);
	uses_defs(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD), 6, 0);
	uses_defs(PAIRFUSE_INSN(BPF_ALU64 | BPF_NEG, 1, 0, 0, 0), 2, 2);
}

static void reads(struct bpf_insn insn, const char *text)
{
	char buf[64];

	assert_string_equal(pairfuse_insn_text(&insn, 1, buf, sizeof(buf)), text);
}

static void test_text(void **state)
{
	struct bpf_insn any, wide[2] = {
		PAIRFUSE_INSN(BPF_LD | BPF_IMM | BPF_DW, 3, 0, 0, 2), { .imm = 1 },
	};
	char buf[32], small[8];
	int code;

	reads(MOV(1, 10), "r1 = r10");
	reads(ADDI(2, -4), "r2 += -4");
	reads(LDX(BPF_W, 1, 0, 8), "r1 = *(u32 *)(r0 +8)");
	reads(PAIRFUSE_INSN(BPF_LDX | BPF_MEMSX | BPF_H, 1, 0, -2, 0), "r1 = *(s16 *)(r0 -2)");
	reads(STX(BPF_DW, 10, 3, -8), "*(u64 *)(r10 -8) = r3");
	reads(CALL(ktime_get_ns), "call bpf_ktime_get_ns#5");
	reads(JMPI(BPF_JEQ, 0, 0, 3), "if r0 == 0 goto pc+3");
	reads(PAIRFUSE_INSN(BPF_JMP32 | BPF_JSLT | BPF_X, 1, 2, -3, 0), "if w1 s< w2 goto pc-3");
	reads(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD),
	      "lock *(u64 *)(r1 +0) += r2");
	reads(PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_W, 1, 2, 4, BPF_CMPXCHG),
	      "r0 = atomic_cmpxchg((u32 *)(r1 +4), r0, r2)");
	assert_string_equal(pairfuse_insn_text(wide, 2, buf, sizeof(buf)), "r3 = 0x100000002 ll");
	wide[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	assert_string_equal(pairfuse_insn_text(wide, 2, buf, sizeof(buf)), "r3 = map[2] value +1");
	reads(SUBCALL(7), "call pc+7");
	reads(EXIT, "exit");
	/* whatever it is, there is a text, and it fits */
	for (code = 0; code < 256 * 256; code++) {
		any = PAIRFUSE_INSN(code & 0xff, 1, 2, 3, code >> 8);
		assert_ptr_equal(pairfuse_insn_text(&any, 1, small, sizeof(small)), small);
		assert_true(strlen(small) > 0 && strlen(small) < sizeof(small));
	}
}

static void test_helpers(void **state)
{
	int id, k;

	assert_null(pairfuse_helper(-1));
	assert_null(pairfuse_helper(0));
	assert_null(pairfuse_helper(100000));
	assert_string_equal(pairfuse_helper(BPF_FUNC_d_path)->name, "bpf_d_path");
	for (id = 1; id < 250; id++) {
		const struct pairfuse_helper *h = pairfuse_helper(id);

		for (k = 0; h && k < 2; k++) {
			assert_true(h->mem[k].arg <= h->nargs);
			if (h->mem[k].size == PAIRFUSE_MEM_REG)
				assert_true(h->mem[k].n >= 1 && h->mem[k].n <= h->nargs);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
