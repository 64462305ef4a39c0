// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction pointer that a kprobe shows, from the first bytes of a function.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kcode.h"

#define AT 0xffffffff81000010ULL

static __u64 ip(__u8 a, __u8 b, __u8 c, __u8 d)
{
	return pairfuse_kcode_ip_of(AT, (const __u8[]){ a, b, c, d });
}

static void test_endbr(void **state)
{
	(void)state;
	assert_int_equal(ip(0xf3, 0x0f, 0x1e, 0xfa), AT + 5);
}

static void test_ftrace(void **state)
{
	(void)state;
	assert_int_equal(ip(0x0f, 0x1f, 0x44, 0x00), AT + 1);
	assert_int_equal(ip(0xe8, 0x12, 0x34, 0x56), AT + 1);
	assert_int_equal(ip(0xe9, 0x12, 0x34, 0x56), AT + 1);
}

/* What the kernel puts over an endbr64 that nobody needs, a breakpoint, other code. */
static void test_other(void **state)
{
	(void)state;
	assert_int_equal(ip(0x66, 0x0f, 0x1f, 0x00), 0);
	assert_int_equal(ip(0xcc, 0x1f, 0x44, 0x00), 0);
	assert_int_equal(ip(0x55, 0x48, 0x89, 0xe5), 0);
}

static void test_unknown_function(void **state)
{
	(void)state;
	assert_int_equal(pairfuse_kcode_probe_ip(0), 0);
	/* no kernel has anything there */
	assert_int_equal(pairfuse_kcode_probe_ip(0x1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endbr),
		cmocka_unit_test(test_ftrace),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_unknown_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
