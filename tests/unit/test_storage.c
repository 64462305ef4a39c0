// SPDX-License-Identifier: GPL-2.0
/* Where the state is kept: the choice, the code for task storage, nested calls. */
#include <errno.h>
#include <unistd.h>

#include "analysis_test.h"
#include "carrier.h"
#include "equiv.h"

static const struct bpf_insn enter[] = { ENTER_STORES, MOVI(0, 0), EXIT };
static const struct bpf_insn leave[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 10), LDX(BPF_DW, 6, 0, 0),
	TID_KEY, CALL(map_delete_elem), MOV(1, 6), CALL(send_signal), MOVI(0, 0), EXIT,
};

#define STORAGE(r)	PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, r, BPF_PSEUDO_MAP_FD, 0, \
				      PAIRFUSE_TASK_CARRIER), \
			PAIRFUSE_INSN(0, 0, 0, 0, 0)
#define GET(create)	CALL(get_current_task_btf), STORAGE(1), MOV(2, 0), MOVI(3, 0), \
			MOVI(4, create), CALL(task_storage_get)

/* A pair on one function, or another one on a second function with the same map. */
static struct pairfuse_result *analyze(struct test_input *t, bool several,
				       enum pairfuse_nesting nesting, bool no_groups)
{
	struct pairfuse_result *res;

	test_input_init(t);
	add_entry(t, enter);
	add_exit(t, leave);
	if (several) {
		test_add_prog(t, "enter2", PAIRFUSE_AT_FENTRY, "vfs_write", enter,
			      ARRAY_SIZE(enter));
		test_add_prog(t, "leave2", PAIRFUSE_AT_FEXIT, "vfs_write", leave,
			      ARRAY_SIZE(leave));
	}
	t->in.nesting = nesting;
	t->in.no_groups = no_groups;
	/* the code as it was written down */
	t->in.without = PAIRFUSE_OPT_PATHS;
	assert_int_equal(pairfuse_analyze(&t->in, &res), 0);
	assert_int_equal(res->nr_pairs, several ? 2 : 1);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	return res;
}

static void test_choice(void **state)
{
	static const struct {
		bool several;
		enum pairfuse_nesting nesting;
		bool no_groups;
		enum pairfuse_storage storage;
		bool exact;
	} cases[] = {
		{ false, PAIRFUSE_NESTING_DEFAULT, false, PAIRFUSE_STORAGE_SLOT, false },
		{ false, PAIRFUSE_NESTING_EXACT, false, PAIRFUSE_STORAGE_SLOT, true },
		{ false, PAIRFUSE_NESTING_PER_CALL, false, PAIRFUSE_STORAGE_SLOT, false },
		{ true, PAIRFUSE_NESTING_DEFAULT, false, PAIRFUSE_STORAGE_SLOT, true },
		{ true, PAIRFUSE_NESTING_EXACT, false, PAIRFUSE_STORAGE_SLOT, true },
		{ true, PAIRFUSE_NESTING_PER_CALL, false, PAIRFUSE_STORAGE_SLOT, false },
		{ true, PAIRFUSE_NESTING_DEFAULT, true, PAIRFUSE_STORAGE_TASK, true },
		{ true, PAIRFUSE_NESTING_PER_CALL, true, PAIRFUSE_STORAGE_SLOT, false },
	};
	struct pairfuse_result *res;
	struct test_input t;
	size_t i, p;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		res = analyze(&t, cases[i].several, cases[i].nesting, cases[i].no_groups);
		for (p = 0; p < res->nr_pairs; p++) {
			assert_int_equal(res->pairs[p].storage, cases[i].storage);
			assert_int_equal(res->pairs[p].exact, cases[i].exact);
			assert_int_equal(res->pairs[p].storage_size,
					 cases[i].storage == PAIRFUSE_STORAGE_TASK ? 16 : 0);
			assert_true(res->pairs[p].nesting[0] != 0);
		}
		pairfuse_result_free(res);
	}
}

static void test_code(void **state)
{
	const struct bpf_insn entry[] = {
		CALL(ktime_get_ns), STX(BPF_DW, 10, 0, -16), GET(1),
		MOV(1, 0), JMPI(BPF_JEQ, 1, 0, 3), LDX(BPF_DW, 2, 10, -16), STX(BPF_DW, 1, 2, 0),
		ST(BPF_DW, 1, 8, 1), MOVI(0, 1), EXIT,
	};
	const struct bpf_insn exit[] = {
		GET(0), STX(BPF_DW, 10, 0, -16), JMPI(BPF_JEQ, 0, 0, 3), LDX(BPF_DW, 1, 0, 8),
		JMPI(BPF_JNE, 1, 0, 1), MOVI(0, 0),
		JMPI(BPF_JEQ, 0, 0, 14), LDX(BPF_DW, 6, 0, 0),
		LDX(BPF_DW, 0, 10, -16), JMPI(BPF_JNE, 0, 0, 7), GET(0),
		JMPI(BPF_JEQ, 0, 0, 1), ST(BPF_DW, 0, 8, 0),
		MOV(1, 6), CALL(send_signal), MOVI(0, 0), EXIT,
	};
	struct pairfuse_result *res;
	struct pairfuse_pair *p;
	struct test_input t;

	res = analyze(&t, true, PAIRFUSE_NESTING_DEFAULT, true);
	p = &res->pairs[0];
	assert_int_equal(p->opts, PAIRFUSE_OPT_TASK | PAIRFUSE_OPT_SKIP_EXIT | PAIRFUSE_OPT_DEAD);
	assert_int_equal(p->entry_code.nr_insns, ARRAY_SIZE(entry));
	assert_memory_equal(p->entry_code.insns, entry, sizeof(entry));
	assert_int_equal(p->exit_code.nr_insns, ARRAY_SIZE(exit));
	assert_memory_equal(p->exit_code.insns, exit, sizeof(exit));
	pairfuse_result_free(res);
}

/* Nested calls are among what is compared: slots alone would not do. */
static void test_nested(void **state)
{
	struct test_object obj;
	struct pairfuse_result *res;
	struct test_input t;
	char buf[256];
	long saved;

	res = analyze(&t, true, PAIRFUSE_NESTING_DEFAULT, false);
	obj = (struct test_object){ .in = t.in, .progs = t.progs, .maps = t.maps };
	assert_null(equiv_run(&obj, res, 1, 500, buf, sizeof(buf), &saved));
	/* nothing tells the exit that there was a nested call */
	res->pairs[0].storage = res->pairs[1].storage = PAIRFUSE_STORAGE_TASK;
	assert_non_null(equiv_run(&obj, res, 1, 500, buf, sizeof(buf), &saved));
	pairfuse_result_free(res);
}

static void test_bind(void **state)
{
	struct bpf_insn insns[] = {
		MAP_REF(1, 0), STORAGE(2), STORAGE(3), MOVI(0, PAIRFUSE_TASK_CARRIER), EXIT
	};
	struct pairfuse_code code = { .insns = insns, .nr_insns = ARRAY_SIZE(insns) };

	assert_true(pairfuse_code_wants_carrier(&code));
	pairfuse_code_bind(insns, ARRAY_SIZE(insns), 17);
	assert_false(pairfuse_code_wants_carrier(&code));
	assert_int_equal(insns[0].imm, 0);
	assert_int_equal(insns[2].imm, 17);
	assert_int_equal(insns[4].imm, 17);
	assert_int_equal(insns[6].imm, PAIRFUSE_TASK_CARRIER);
}

static void test_create(void **state)
{
	int fd;

	assert_int_equal(pairfuse_task_carrier_create("state", 12), -EINVAL);
	fd = pairfuse_task_carrier_create("a_name_that_is_longer_than_the_kernel_takes", 16);
	if (fd == -EPERM || fd == -ENOSYS)
		skip();
	assert_true(fd >= 0);
	close(fd);
}

static void test_names(void **state)
{
	enum pairfuse_nesting nesting;

	assert_true(pairfuse_nesting_parse("exact", &nesting));
	assert_int_equal(nesting, PAIRFUSE_NESTING_EXACT);
	assert_true(pairfuse_nesting_parse("per-call", &nesting));
	assert_int_equal(nesting, PAIRFUSE_NESTING_PER_CALL);
	assert_false(pairfuse_nesting_parse("", &nesting));
	assert_string_equal(pairfuse_storage_name(PAIRFUSE_STORAGE_SLOT), "slot");
	assert_string_equal(pairfuse_storage_name(PAIRFUSE_STORAGE_TASK), "task");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
