// SPDX-License-Identifier: GPL-2.0
/* log2 histograms: what counts as one, and how it is drawn. */
#include "loader_test.h"

#include "hist.h"

static void drawn(const __u64 *slots, unsigned int n, const char *expected)
{
	struct test_out o;

	pairfuse_hist_draw(test_out(&o), slots, n, "usecs");
	test_out_is(&o, expected);
}

static void test_draw(void **state)
{
	const __u64 slots[26] = { 1, 0, 4, 8, 2 };

	drawn(slots, 26,
	      "     usecs               : count    distribution\n"
	      "         0 -> 1          : 1        |*****                                   |\n"
	      "         2 -> 3          : 0        |                                        |\n"
	      "         4 -> 7          : 4        |********************                    |\n"
	      "         8 -> 15         : 8        |****************************************|\n"
	      "        16 -> 31         : 2        |**********                              |\n");
}

static void test_draw_wide(void **state)
{
	__u64 slots[64] = {};
	struct test_out o;
	char *line;

	slots[63] = UINT64_MAX;		/* the largest border and count */
	slots[0] = 1;
	pairfuse_hist_draw(test_out(&o), slots, 64, "nsecs");
	fclose(o.f);
	line = strchr(o.text, '\n');
	*line = '\0';
	assert_string_equal(o.text, "               nsecs                         : count    distribution");
	*line = ' ';
	o.text[o.len - 1] = '\0';
	line = strrchr(o.text, '\n') + 1;
	assert_string_equal(line, " 9223372036854775808 -> 18446744073709551615 : "
				  "18446744073709551615 |********************|");
	free(o.text);
}

static void test_draw_border(void **state)
{
	__u64 slots[40] = {};
	struct test_out o;

	slots[32] = 1;			/* the last that fits the narrow form */
	pairfuse_hist_draw(test_out(&o), slots, 40, "x");
	fclose(o.f);
	assert_non_null(strstr(o.text, "\n4294967296 -> 8589934591 : 1        |"
				       "****************************************|\n"));
	free(o.text);
}

static void test_draw_nothing(void **state)
{
	const __u64 slots[8] = {};

	drawn(slots, 8, "");
}

static int array_of(struct btf *btf, int elem, int n)
{
	static int index_type;

	index_type = btf__add_int(btf, "idx", 4, 0);
	return btf__add_array(btf, index_type, elem, n);
}

static void test_find(void **state)
{
	struct btf *btf = btf__new_empty();
	int u32 = btf__add_int(btf, "unsigned int", 4, 0);
	int chr = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	int slots = array_of(btf, u32, 26), small = array_of(btf, u32, 7), large, text, st, td;
	struct pairfuse_hist h;

	large = array_of(btf, u32, 65);
	text = array_of(btf, chr, 16);
	st = btf__add_struct(btf, "hist", 8 + 26 * 4);
	btf__add_field(btf, "latency", u32, 0, 0);
	btf__add_field(btf, "slots", slots, 64, 0);
	td = btf__add_typedef(btf, "hist_t", btf__add_const(btf, st));

	assert_true(pairfuse_hist_find(btf, td, "anything", &h));
	assert_int_equal(h.offset, 8);
	assert_int_equal(h.nr_slots, 26);
	assert_int_equal(h.slot_size, 4);
	assert_true(pairfuse_hist_find(btf, slots, "hist", &h));
	assert_int_equal(h.offset, 0);
	assert_true(pairfuse_hist_find(btf, slots, "read_slots", &h));
	assert_false(pairfuse_hist_find(btf, slots, "counters", &h));
	assert_false(pairfuse_hist_find(btf, small, "slots", &h));
	assert_false(pairfuse_hist_find(btf, large, "slots", &h));
	assert_false(pairfuse_hist_find(btf, text, "hist", &h));
	assert_false(pairfuse_hist_find(btf, u32, "hist", &h));
	assert_false(pairfuse_hist_find(btf, 9999, "hist", &h));
	btf__free(btf);
}

static void test_load(void **state)
{
	const struct { __u64 other; __u16 slots[8]; } v = { 1, { 1, 0, 65535 } };
	const struct pairfuse_hist h = { 8, 8, 2 };
	__u64 slots[8];

	pairfuse_hist_load(&h, &v, slots);
	assert_int_equal(slots[0], 1);
	assert_int_equal(slots[2], 65535);
	assert_int_equal(slots[7], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_draw),
		cmocka_unit_test(test_draw_wide),
		cmocka_unit_test(test_draw_border),
		cmocka_unit_test(test_draw_nothing),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
