// SPDX-License-Identifier: GPL-2.0
/*
 * --self-check in the interposer: what is wrong is refused, what has passed is
 * remembered by its code.
 */
#include <string.h>

#include "insn.h"
#include "mock.h"
#include "selfcheck.h"
#include "test_check.h"

#define KEY								\
	PAIRFUSE_CALL(BPF_FUNC_get_current_pid_tgid),			\
	PAIRFUSE_STX(BPF_W, 10, 0, -4),					\
	PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_IDX, 0, 0),	\
	PAIRFUSE_INSN(0, 0, 0, 0, 0),					\
	PAIRFUSE_MOV_REG(2, 10), PAIRFUSE_ADD_IMM(2, -4)

static const struct bpf_insn enter[] = {
	PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns), PAIRFUSE_STX(BPF_DW, 10, 0, -16), KEY,
	PAIRFUSE_MOV_REG(3, 10), PAIRFUSE_ADD_IMM(3, -16), PAIRFUSE_MOV_IMM(4, 0),
	PAIRFUSE_CALL(BPF_FUNC_map_update_elem), PAIRFUSE_MOV_IMM(0, 0), PAIRFUSE_EXIT(),
};

static const struct bpf_insn leave[] = {
	KEY, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem), PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0),
	PAIRFUSE_LDX(BPF_DW, 1, 0, 0), PAIRFUSE_CALL(BPF_FUNC_send_signal),
	KEY, PAIRFUSE_CALL(BPF_FUNC_map_delete_elem), PAIRFUSE_MOV_IMM(0, 0), PAIRFUSE_EXIT(),
};

static int map_ref(void *arg, const struct bpf_insn *insn)
{
	return insn->imm;
}

static struct pairfuse_result *analyze(struct pairfuse_input *in, struct bpf_insn *exit_insns)
{
	static const struct pairfuse_proto proto = { .nr_regs = 1, .ret_size = 8 };
	static const struct pairfuse_map map = {
		.name = "starts", .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8,
		.max_entries = 10,
	};
	static struct pairfuse_prog progs[2];
	struct pairfuse_result *res;

	memcpy(exit_insns, leave, sizeof(leave));
	exit_insns[7].off = 9;	/* without state: to the end */
	progs[0] = (struct pairfuse_prog){
		.name = "enter", .section = "", .at = PAIRFUSE_AT_FENTRY, .target = "f",
		.proto = &proto, .insns = enter, .nr_insns = sizeof(enter) / sizeof(enter[0]),
	};
	progs[1] = (struct pairfuse_prog){
		.name = "leave", .section = "", .at = PAIRFUSE_AT_FEXIT, .target = "f",
		.proto = &proto, .insns = exit_insns,
		.nr_insns = sizeof(leave) / sizeof(leave[0]),
	};
	*in = (struct pairfuse_input){ .progs = progs, .nr_progs = 2, .maps = &map, .nr_maps = 1,
				       .map_ref = map_ref };
	assert_int_equal(pairfuse_analyze(in, &res), 0);
	assert_string_equal(res->pairs[0].reason_text, "");
	return res;
}

void test_self_check(void **state)
{
	struct bpf_insn insns[sizeof(leave) / sizeof(leave[0])];
	struct pairfuse_input in;
	struct pairfuse_result *res;
	struct pairfuse_checked checked;
	struct pairfuse_code *code;
	int fd = -1;

	run_self_check = 200;
	res = analyze(&in, insns);
	run_check(&in, res, &fd);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_true(res->pairs[0].checked.insns_run > 0);
	checked = res->pairs[0].checked;
	pairfuse_result_free(res);
	/* the same again is known, and not run */
	run_self_check = 1;
	res = analyze(&in, insns);
	run_check(&in, res, &fd);
	assert_memory_equal(&res->pairs[0].checked, &checked, sizeof(checked));
	pairfuse_result_free(res);
	run_self_check = 200;
	/* something else is not; this is wrong */
	res = analyze(&in, insns);
	code = &res->pairs[0].exit_code;
	code->insns[code->nr_insns - 3] = PAIRFUSE_MOV_IMM(0, 0);
	run_check(&in, res, &fd);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_SELF_CHECK);
	assert_string_equal(res->pairs[0].reason_text, "'leave' differs in events");
	assert_int_equal(res->pairs[0].exit_code.nr_insns, 0);
	pairfuse_result_free(res);
	/* that is known as well */
	res = analyze(&in, insns);
	code = &res->pairs[0].exit_code;
	code->insns[code->nr_insns - 3] = PAIRFUSE_MOV_IMM(0, 0);
	run_self_check = 1;
	run_check(&in, res, &fd);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_SELF_CHECK);
	assert_string_equal(res->pairs[0].reason_text, "'leave' differs in events");
	assert_int_equal(res->pairs[0].exit_code.nr_insns, 0);
	pairfuse_result_free(res);
	run_self_check = 0;
}

/* Unasked, what cannot be tried stays, and is not tried again. */
void test_self_check_brief(void **state)
{
	struct bpf_insn insns[sizeof(leave) / sizeof(leave[0])];
	struct pairfuse_result *res;
	struct pairfuse_input in;
	unsigned int i;
	int fd = -1;

	run_self_check = PAIRFUSE_CHECK_BRIEF;
	for (i = 0; i < 2; i++) {
		res = analyze(&in, insns);
		insns[0] = PAIRFUSE_CALL(BPF_FUNC_probe_write_user);
		run_check(&in, res, &fd);
		assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
		assert_non_null(strstr(res->pairs[0].checked.unchecked, "helper 36"));
		assert_true(res->pairs[0].exit_code.nr_insns > 0);
		pairfuse_result_free(res);
	}
	run_self_check = 0;
}
