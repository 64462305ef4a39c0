// SPDX-License-Identifier: GPL-2.0
/* The interface: input checks, pairing, verdicts, and the code of a small pair. */
#include <errno.h>

#include <linux/pairfuse.h>

#include "analysis_test.h"

static const struct bpf_insn enter[] = { ENTER_STORES, MOVI(0, 0), EXIT };
static const struct bpf_insn leave[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 10), LDX(BPF_DW, 6, 0, 0),
	TID_KEY, CALL(map_delete_elem), MOV(1, 6), CALL(send_signal), MOVI(0, 0), EXIT,
};
static const struct bpf_insn nothing[] = { MOVI(0, 0), EXIT };

static struct pairfuse_result *analyze(struct test_input *t)
{
	struct pairfuse_result *res;

	assert_int_equal(pairfuse_analyze(&t->in, &res), 0);
	return res;
}

static void test_input(void **state)
{
	struct pairfuse_result *res = NULL;
	struct test_input t;

	test_input_init(&t);
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 0);
	pairfuse_result_free(res);
	pairfuse_result_free(NULL);

	t.in.map_ref = NULL;
	assert_int_equal(pairfuse_analyze(&t.in, &res), -EINVAL);
	test_input_init(&t);
	t.maps[0].frozen = true;
	assert_int_equal(pairfuse_analyze(&t.in, &res), -EINVAL);
	test_input_init(&t);
	add_entry(&t, enter);
	t.progs[0].insns = NULL;
	assert_int_equal(pairfuse_analyze(&t.in, &res), -EINVAL);
}

/* Everything that builds the key is gone; the state is one store and one load. */
static void test_code(void **state)
{
	const struct bpf_insn entry[] = {
		MOV(9, 1), CALL(ktime_get_ns), LDX(BPF_DW, 1, 9, 0), MOV(2, 0),
		STX(BPF_DW, 1, 2, 0), MOVI(0, 1), EXIT,
	};
	const struct bpf_insn exit[] = {
		LDX(BPF_DW, 0, 1, 0), LDX(BPF_DW, 6, 0, 0), MOV(1, 6), CALL(send_signal),
		MOVI(0, 0), EXIT,
	};
	struct pairfuse_result *res;
	struct pairfuse_pair *p;
	struct test_input t;

	test_input_init(&t);
	add_entry(&t, enter);
	add_exit(&t, leave);
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 1);
	p = &res->pairs[0];
	assert_string_equal(p->reason_text, "");
	assert_int_equal(p->reason, PAIRFUSE_REASON_NONE);
	assert_int_equal(p->carrier, 0);
	assert_int_equal(p->key, PAIRFUSE_KEY_TID);
	assert_int_equal(p->state_size, 8);
	assert_false(p->exit_always);
	assert_int_equal(p->opts, PAIRFUSE_OPT_SLOT | PAIRFUSE_OPT_SKIP_EXIT | PAIRFUSE_OPT_DEAD |
				  PAIRFUSE_OPT_COPIES);
	assert_int_equal(p->entry_code.nr_insns, ARRAY_SIZE(entry));
	assert_memory_equal(p->entry_code.insns, entry, sizeof(entry));
	assert_int_equal(p->exit_code.nr_insns, ARRAY_SIZE(exit));
	assert_memory_equal(p->exit_code.insns, exit, sizeof(exit));
	pairfuse_result_free(res);
}

static void test_shared(void **state)
{
	struct pairfuse_result *res;
	struct test_input t;

	test_input_init(&t);
	add_entry(&t, enter);
	add_exit(&t, leave);
	test_add_prog(&t, "print", PAIRFUSE_AT_OTHER, NULL, leave, ARRAY_SIZE(leave));
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 1);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_CARRIER_SHARED);
	assert_int_equal(res->pairs[0].reason_prog, 2);
	assert_int_equal(res->pairs[0].reason_insn, 2);
	assert_string_equal(res->pairs[0].reason_text,
			    "carrier map 'starts' is also used by 'print' (insn 2)");
	assert_null(res->pairs[0].entry_code.insns);
	pairfuse_result_free(res);
}

/* A program without a target is not attached, so it does not matter. */
static void test_no_target(void **state)
{
	struct pairfuse_result *res;
	struct test_input t;

	test_input_init(&t);
	add_entry(&t, enter);
	add_exit(&t, leave);
	test_add_prog(&t, "other", PAIRFUSE_AT_FENTRY, NULL, enter, ARRAY_SIZE(enter));
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 2);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_NO_TARGET);
	assert_int_equal(res->pairs[1].exit, -1);
	pairfuse_result_free(res);
}

/* Two pairs on one function, each with its own map. */
static void test_two_on_one(void **state)
{
	struct bpf_insn enter2[ARRAY_SIZE(enter)], leave2[ARRAY_SIZE(leave)];
	struct pairfuse_result *res;
	struct test_input t;
	size_t i;

	memcpy(enter2, enter, sizeof(enter));
	memcpy(leave2, leave, sizeof(leave));
	for (i = 0; i < ARRAY_SIZE(enter2); i++)
		if (pairfuse_insn_is_imm64(&enter2[i]))
			enter2[i].imm = 1;
	for (i = 0; i < ARRAY_SIZE(leave2); i++)
		if (pairfuse_insn_is_imm64(&leave2[i]))
			leave2[i].imm = 1;
	test_input_init(&t);
	t.maps[1] = t.maps[0];
	t.maps[1].name = "second";
	t.in.nr_maps = 2;
	add_entry(&t, enter);
	add_entry(&t, enter2);
	add_exit(&t, leave2);
	add_exit(&t, leave);
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 2);
	assert_int_equal(res->pairs[0].entry, 0);
	assert_int_equal(res->pairs[0].exit, 3);
	assert_int_equal(res->pairs[0].carrier, 0);
	assert_int_equal(res->pairs[1].exit, 2);
	assert_int_equal(res->pairs[1].carrier, 1);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_NONE);
	pairfuse_result_free(res);
}

static void test_no_map(void **state)
{
	struct pairfuse_result *res;
	struct test_input t;

	test_input_init(&t);
	add_entry(&t, nothing);
	add_exit(&t, nothing);
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 1);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NO_CARRIER);
	assert_int_equal(res->pairs[0].carrier, -1);
	pairfuse_result_free(res);
}

/* An array that one side reaches past the helpers, through its address. */
static void test_direct(void **state)
{
	struct bpf_insn direct[] = {
		PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_IDX_VALUE, 0, 0),
		PAIRFUSE_INSN(0, 0, 0, 0, 0), LDX(BPF_DW, 1, 1, 0), CALL(send_signal), MOVI(0, 0),
		EXIT,
	};
	struct bpf_insn stores[] = {
		ST(BPF_W, 10, -4, 0), ST(BPF_DW, 10, -16, 7), MAP_REF(1, 0), MOV(2, 10),
		ADDI(2, -4), MOV(3, 10), ADDI(3, -16), MOVI(4, 0), CALL(map_update_elem),
		MOVI(0, 0), EXIT,
	};
	struct pairfuse_result *res;
	struct test_input t;

	test_input_init(&t);
	t.maps[0].type = BPF_MAP_TYPE_ARRAY;
	add_entry(&t, stores);
	add_exit(&t, direct);
	res = analyze(&t);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_CARRIER_ACCESS);
	pairfuse_result_free(res);
}

/* A program with 6 typed arguments, each dereferenced. */
static void test_casts(void **state)
{
	const struct bpf_insn derefs[] = {
		MOV(6, 1), LDX(BPF_DW, 2, 6, 0), LDX(BPF_DW, 2, 2, 8), LDX(BPF_DW, 3, 6, 40),
		LDX(BPF_DW, 3, 3, 8), PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 3, 0, 0),
		STX(BPF_DW, 10, 2, -16), TID_KEY, MOV(3, 10), ADDI(3, -16), MOVI(4, 0),
		CALL(map_update_elem), MOVI(0, 0), EXIT,
	};
	struct pairfuse_proto proto = {
		.nr_regs = 6, .ret_size = 8, .btf_id = { 11, 12, 0, 0, 0, 16 },
	};
	struct pairfuse_result *res;
	struct test_input t;
	size_t i, ids = 0;

	test_input_init(&t);
	t.in.rdonly_cast_id = 77;
	add_entry(&t, derefs);
	add_exit(&t, leave);
	t.progs[0].proto = t.progs[1].proto = &proto;
	res = analyze(&t);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_true(res->pairs[0].opts & PAIRFUSE_OPT_CAST);
	for (i = 1; i < res->pairs[0].entry_code.nr_insns; i++) {
		const struct bpf_insn *insn = &res->pairs[0].entry_code.insns[i];

		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != BPF_PSEUDO_KFUNC_CALL)
			continue;
		assert_int_equal(insn->imm, 77);
		ids = 100 * ids + insn[-1].imm;
	}
	assert_int_equal(ids, 1116);
	pairfuse_result_free(res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_no_target),
		cmocka_unit_test(test_two_on_one),
		cmocka_unit_test(test_no_map),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_casts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
