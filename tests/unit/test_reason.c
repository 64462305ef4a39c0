// SPDX-License-Identifier: GPL-2.0
/* Names of reasons, keys and optimisations. */
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "analysis_test.h"
#include "hook.h"
#include "why.h"

static void test_reasons(void **state)
{
	int i, j;

	assert_string_equal(pairfuse_reason_id(PAIRFUSE_REASON_NONE), "none");
	assert_string_equal(pairfuse_reason_id(PAIRFUSE_REASON_KEY_UNKNOWN), "key-unknown");
	assert_string_equal(pairfuse_reason_id(PAIRFUSE_REASON_COUNT), "unknown");
	assert_string_equal(pairfuse_reason_text(-1), "unknown");
	for (i = 0; i < PAIRFUSE_REASON_COUNT; i++) {
		assert_true(strlen(pairfuse_reason_text(i)) > 8);
		assert_int_equal(strspn(pairfuse_reason_id(i), "abcdefghijklmnopqrstuvwxyz-"),
				 strlen(pairfuse_reason_id(i)));
		for (j = 0; j < i; j++)
			assert_string_not_equal(pairfuse_reason_id(i), pairfuse_reason_id(j));
	}
}

static void test_names(void **state)
{
	int i;

	for (i = 0; i <= PAIRFUSE_KEY_ARGS; i++)
		assert_string_not_equal(pairfuse_key_name(i), "unknown");
	assert_string_equal(pairfuse_key_name(PAIRFUSE_KEY_ARGS + 1), "unknown");
	for (i = PAIRFUSE_OPT_SLOT; i <= PAIRFUSE_OPT_RODATA; i <<= 1)
		assert_string_not_equal(pairfuse_opt_name(i), "unknown");
	assert_string_equal(pairfuse_opt_name(0), "unknown");
}

static void test_refuse(void **state)
{
	struct pairfuse_why why = { .prog = 3 };
	char longer[400];

	assert_int_equal(pairfuse_refuse(&why, PAIRFUSE_REASON_STACK, 7, "map '%s'", "m"),
			 PAIRFUSE_REFUSED);
	assert_int_equal(why.reason, PAIRFUSE_REASON_STACK);
	assert_int_equal(why.insn, 7);
	assert_int_equal(why.prog, 3);
	assert_string_equal(why.text, "map 'm'");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	pairfuse_refuse(&why, PAIRFUSE_REASON_STACK, -1, "%s", longer);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

static void test_opts(void **state)
{
	static const char *const bad[] = {
		"", "-", ",", "slot,", ",slot", "slots", "slo", "slot,-clock", "-slot,clock", "inline",
		"all,slot", "slot, clock", "SLOT",
	};
	unsigned int without, i;

	assert_true(pairfuse_opt_parse("all", &without));
	assert_int_equal(without, 0);
	assert_true(pairfuse_opt_parse("none", &without));
	assert_int_equal(without, PAIRFUSE_OPT_OPTIONAL);
	assert_true(pairfuse_opt_parse("slot,dead-code", &without));
	assert_int_equal(without, PAIRFUSE_OPT_OPTIONAL & ~(PAIRFUSE_OPT_SLOT | PAIRFUSE_OPT_DEAD));
	assert_true(pairfuse_opt_parse("-clock,-paths", &without));
	assert_int_equal(without, PAIRFUSE_OPT_CLOCK | PAIRFUSE_OPT_PATHS);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(pairfuse_opt_parse(bad[i], &without));
}

/* Every kind of program that is no half of a pair has a word of its own. */
static void test_none(void **state)
{
	static const char *const kinds[][2] = {
		{ "kprobe.multi/vfs_*", "several functions" },
		{ "kretprobe.multi", "several functions" },
		{ "kprobe.session/vfs_*", "both ends" },
		{ "fsession/vfs_read", "both ends" },
		{ "uprobe/libc:malloc", "user space" },
		{ "uretprobe.s//bin/sh:main", "user space" },
		{ "usdt/x:y:z", "user space" },
		{ "raw_tp/sys_enter", "tracepoint" },
		{ "tp_btf/sched_switch", "tracepoint" },
		{ "?tracepoint/sched/sched_switch", "tracepoint" },
		{ "lsm.s/file_open", "answers" },
		{ "fmod_ret/security_file_open", "answers" },
		{ "iter/task", "iterator" },
		{ "iter.s/task", "iterator" },
		{ "kprobe/vfs_read+0x10", "first instruction" },
		{ "xdp", "packets" },
		{ "xdp.frags/cpumap", "packets" },
		{ "cgroup/connect4", "cgroup" },
		{ "struct_ops.s/init", "operations" },
		{ "freplace/f", "another BPF program" },
		{ "fexit.session/f", "none that libbpf knows" },
		{ "xdpx", "none that libbpf knows" },
		{ "", "none that libbpf knows" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_non_null(strstr(pairfuse_hook_why_none(kinds[i][0]), kinds[i][1]));
}

/* --- all sections that this libbpf knows --- */

static char known[4096];	/* " socket sk_reuseport/migrate ... kprobe+ ..." */

static int keep_names(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[4096], *names;

	vsnprintf(line, sizeof(line), fmt, ap);
	names = strstr(line, "names are:");
	if (names)
		snprintf(known, sizeof(known), "%s", names + strlen("names are:"));
	return 0;
}

static void check_section(char *name)
{
	enum pairfuse_hook_type at;
	char *func;

	if (name[strlen(name) - 1] == '+')
		name[strlen(name) - 1] = '\0';
	at = pairfuse_hook_of_section(name, &func);
	free(func);
	/* fentry and fexit are told by what libbpf says of them */
	if (pairfuse_hook_is_half(at) || !strncmp(name, "fentry", 6) || !strncmp(name, "fexit", 5))
		return;
	if (strstr(pairfuse_hook_why_none(name), "none that libbpf knows"))
		fail_msg("no word for section '%s'", name);
}

static void test_all_sections(void **state)
{
	enum bpf_attach_type attach;
	enum bpf_prog_type type;
	unsigned int n = 0;
	char *name, *save;

	libbpf_set_print(keep_names);
	assert_true(libbpf_prog_type_by_name("no such section", &type, &attach) < 0);
	libbpf_set_print(NULL);
	for (name = strtok_r(known, " \n", &save); name; name = strtok_r(NULL, " \n", &save)) {
		check_section(name);
		n++;
	}
	assert_true(n > 60);	/* 1.1 has 95 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_opts),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_all_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
