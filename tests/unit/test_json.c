// SPDX-License-Identifier: GPL-2.0
/* The JSON writer: commas, nesting, escaping of whatever a map may contain. */
#include <math.h>

#include "loader_test.h"

#include "json.h"

static void test_document(void **state)
{
	struct pairfuse_json w;
	struct test_out o;

	pairfuse_json_init(&w, test_out(&o));
	pairfuse_json_begin(&w, "data");
	pairfuse_json_array(&w, "list");
	pairfuse_json_uint(&w, NULL, UINT64_MAX);
	pairfuse_json_int(&w, NULL, INT64_MIN);
	pairfuse_json_object(&w, NULL);
	pairfuse_json_object_end(&w);
	pairfuse_json_object(&w, NULL);
	pairfuse_json_bool(&w, "yes", true);
	pairfuse_json_null(&w, "nothing");
	pairfuse_json_object_end(&w);
	pairfuse_json_array_end(&w);
	pairfuse_json_array(&w, "empty");
	pairfuse_json_array_end(&w);
	pairfuse_json_double(&w, "half", 0.5);
	pairfuse_json_double(&w, "inf", INFINITY);
	pairfuse_json_string(&w, "none", NULL);
	pairfuse_json_end(&w);
	test_out_is(&o, "{\"schema\":1,\"event\":\"data\",\"list\":[18446744073709551615,"
			"-9223372036854775808,{},{\"yes\":true,\"nothing\":null}],\"empty\":[],"
			"\"half\":0.5,\"inf\":null,\"none\":null}\n");
}

static void test_two_documents(void **state)
{
	struct pairfuse_json w;
	struct test_out o;

	pairfuse_json_init(&w, test_out(&o));
	pairfuse_json_begin(&w, NULL);
	pairfuse_json_end(&w);
	pairfuse_json_begin(&w, "b");
	pairfuse_json_end(&w);
	test_out_is(&o, "{\"schema\":1}\n{\"schema\":1,\"event\":\"b\"}\n");
}

static void string_is(const char *in, size_t len, const char *expected)
{
	char doc[256];
	struct pairfuse_json w;
	struct test_out o;

	pairfuse_json_init(&w, test_out(&o));
	pairfuse_json_begin(&w, NULL);
	pairfuse_json_string_n(&w, "s", in, len);
	pairfuse_json_end(&w);
	snprintf(doc, sizeof(doc), "{\"schema\":1,\"s\":\"%s\"}\n", expected);
	test_out_is(&o, doc);
}

static void test_escapes(void **state)
{
	string_is("a\"b\\c\n\t\r", 8, "a\\\"b\\\\c\\n\\t\\u000d");
	string_is("\0\x7f", 2, "\\u0000\\u007f");
	string_is("/", 1, "/");
}

static void test_utf8(void **state)
{
	string_is("\xc3\xa9", 2, "\xc3\xa9");
	string_is("\xe2\x82\xac", 3, "\xe2\x82\xac");
	string_is("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80");
	/* cut off, overlong, surrogate, too large, stray continuation */
	string_is("\xc3", 1, "\\u00c3");
	string_is("\xe2\x82", 2, "\\u00e2\\u0082");
	string_is("\xc0\xaf", 2, "\\u00c0\\u00af");
	string_is("\xe0\x80\xaf", 3, "\\u00e0\\u0080\\u00af");
	string_is("\xed\xa0\x80", 3, "\\u00ed\\u00a0\\u0080");
	string_is("\xf4\x90\x80\x80", 4, "\\u00f4\\u0090\\u0080\\u0080");
	string_is("\x80", 1, "\\u0080");
	string_is("\xc3(", 2, "\\u00c3(");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_two_documents),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
