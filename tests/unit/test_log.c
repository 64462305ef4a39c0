// SPDX-License-Identifier: GPL-2.0
/* Messages, verifier logs, errors in words. */
#include "loader_test.h"

#include "device.h"
#include "log.h"

static void last_is(const char *text, const char *expected)
{
	char *log = strdup(text);

	assert_string_equal(pairfuse_log_last_line(log), expected);
	free(log);
}

static void test_last_line(void **state)
{
	last_is("", "");
	last_is("\n\n", "");
	last_is("one", "one");
	last_is("0: (b7) r0 = 0\nR1 !read_ok\n"
		"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n",
		"R1 !read_ok");
	last_is("processed 1 insns\n", "");
	last_is("bad\nverification time 12 usec\nstack depth 0+8\nprocessed 1 insns\n\n", "bad");
}

static void test_callback(void **state)
{
	errno = 77;
	pairfuse_set_log(NULL, NULL);
	pairfuse_warn("nobody listens");
	test_listen();
	pairfuse_warn("a %d", 1);
	pairfuse_info("not a warning");
	assert_string_equal(test_messages, "a 1\n");
	assert_int_equal(errno, 77);
}

static void test_device_errors(void **state)
{
	const struct pairfuse_info info = { .abi_major = 9, .abi_minor = 2 };
	char buf[256];

	assert_non_null(strstr(pairfuse_device_error(-ENOENT, NULL, buf, sizeof(buf)), "modprobe"));
	assert_non_null(strstr(pairfuse_device_error(-EACCES, NULL, buf, sizeof(buf)), "root"));
	assert_non_null(strstr(pairfuse_device_error(-EPROTONOSUPPORT, &info, buf, sizeof(buf)),
			       "ABI version 9.2, need 1"));
	assert_non_null(strstr(pairfuse_device_error(-EIO, NULL, buf, sizeof(buf)),
			       "Input/output error"));
	assert_non_null(strstr(pairfuse_attach_error(-ENOSPC), "stubs"));
	assert_non_null(strstr(pairfuse_attach_error(-EIO), "Input/output error"));
	assert_string_equal(pairfuse_hook_name(PAIRFUSE_HOOK_DIRECT), "direct");
	assert_string_equal(pairfuse_hook_name(7), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_line),
		cmocka_unit_test(test_callback),
		cmocka_unit_test(test_device_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
