// SPDX-License-Identifier: GPL-2.0
/*
 * Does the comparison of original and rewritten pairs notice when the rewritten
 * one is wrong? Each instruction of correct code is damaged in turn.
 */
#include <stdio.h>

#include "analysis_test.h"
#include "equiv.h"

static const struct bpf_insn enter[] = {
	LDX(BPF_DW, 6, 1, 8), MOVI(0, 0), JMPI(BPF_JEQ, 6, 1, 14),
	LDX(BPF_DW, 7, 1, 0), ENTER_STORES, MOVI(0, 0), EXIT,
};
static const struct bpf_insn leave[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 12), LDX(BPF_DW, 6, 0, 0),
	TID_KEY, CALL(map_delete_elem), MOV(1, 6), CALL(send_signal), MOVI(0, 0), EXIT,
	MOVI(0, 0), EXIT,
};

static struct test_object *object(struct test_input *t)
{
	static struct test_object obj;

	obj = (struct test_object){ .in = t->in, .progs = t->progs, .maps = t->maps };
	return &obj;
}

static const char *differs(struct test_input *t, const struct pairfuse_result *res)
{
	static char buf[256];
	long saved;

	return equiv_run(object(t), res, 1, 500, buf, sizeof(buf), &saved);
}

/* Change one instruction so that it does something else that is harmless. */
static bool damage(struct bpf_insn *insn)
{
	if (insn->code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
	    insn->code == (BPF_JMP | BPF_JEQ | BPF_K)) {
		insn->imm ^= 1;
		return true;
	}
	if (pairfuse_insn_is_load(insn) && insn->src_reg == 10) {
		*insn = MOVI(insn->dst_reg, 12345);
		return true;
	}
	if (pairfuse_insn_is_store(insn)) {
		*insn = MOVI(5, 0);
		return true;
	}
	return false;
}

static void test_sensitivity(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_code *code;
	struct bpf_insn saved;
	unsigned int tried = 0, noticed = 0;
	struct test_input t;
	size_t i;

	test_input_init(&t);
	add_entry(&t, enter);
	add_exit(&t, leave);
	assert_int_equal(pairfuse_analyze(&t.in, &res), 0);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_null(differs(&t, res));
	code = &res->pairs[0].entry_code;
	for (i = 0; i < code->nr_insns; i++) {
		saved = code->insns[i];
		if (!damage(&code->insns[i]))
			continue;
		tried++;
		noticed += differs(&t, res) != NULL;
		code->insns[i] = saved;
	}
	assert_true(tried >= 4);
	assert_int_equal(noticed, tried);
	pairfuse_result_free(res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sensitivity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
