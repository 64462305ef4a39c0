// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction pointer that a kprobe shows, from the first bytes of a function.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kcode.h"

#define AT 0xffffffff81000010ULL

/* Four bytes, and four of ftrace's nop or of something else behind them. */
static __u64 ip(__u32 code, bool ftrace)
{
	const __u8 bytes[PAIRFUSE_KCODE_BYTES] = {
		code >> 24, code >> 16, code >> 8, code, ftrace ? 0x0f : 0x55, 0x1f, 0x44, 0x00
	};

	return pairfuse_kcode_ip_of(AT, bytes);
}

/* endbr64, and what Linux 6.12 and 7.3 put over one */
static void test_endbr(void **state)
{
	(void)state;
	assert_int_equal(ip(0xf30f1efa, true), AT + 5);
	assert_int_equal(ip(0x660f1f00, true), AT + 5);
	assert_int_equal(ip(0x0f1f40d6, true), AT + 5);
}

static void test_ftrace(void **state)
{
	(void)state;
	assert_int_equal(ip(0x0f1f4400, false), AT + 1);
	assert_int_equal(ip(0xe8123456, false), AT + 1);
	assert_int_equal(ip(0xe9123456, false), AT + 1);
}

/* Not traced, a breakpoint, other code, another nop. */
static void test_other(void **state)
{
	(void)state;
	assert_int_equal(ip(0xf30f1efa, false), 0);
	assert_int_equal(ip(0xcc1f4400, true), 0);
	assert_int_equal(ip(0x554889e5, true), 0);
	assert_int_equal(ip(0x0f1f4000, true), 0);
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
