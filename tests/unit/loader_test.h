/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the object session share: cmocka, where the BPF objects of
 * this directory are, messages of the library, and synthetic BTF.
 */
#ifndef PAIRFUSE_LOADER_TEST_H
#define PAIRFUSE_LOADER_TEST_H

#include <errno.h>
#include <libgen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "pairfuse.h"

/* An object is built beside the test program. */
static inline const char *test_object(const char *name)
{
	static char path[4096];
	char exe[2048] = "";

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		exe[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dirname(exe), name);
	return path;
}

/* --- messages: all of them, a line each --- */

static char test_messages[8192];

static inline void test_on_message(void *arg, enum pairfuse_log_level level, const char *line)
{
	size_t used = strlen(test_messages);

	if (level == PAIRFUSE_LOG_WARN)
		snprintf(test_messages + used, sizeof(test_messages) - used, "%s\n", line);
}

static inline int test_no_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static inline void test_listen(void)
{
	test_messages[0] = '\0';
	pairfuse_set_log(test_on_message, NULL);
	libbpf_set_print(test_no_libbpf);
}

#define assert_said(text)							\
	do {									\
		if (!strstr(test_messages, text))				\
			fail_msg("expected '%s' in:\n%s", text, test_messages);	\
	} while (0)

/* --- output --- */

struct test_out {
	FILE *f;
	char *text;
	size_t len;
};

static inline FILE *test_out(struct test_out *o)
{
	o->f = open_memstream(&o->text, &o->len);
	assert_non_null(o->f);
	return o->f;
}

static inline void test_out_is(struct test_out *o, const char *expected)
{
	fclose(o->f);
	assert_string_equal(o->text, expected);
	free(o->text);
}

#endif /* PAIRFUSE_LOADER_TEST_H */
