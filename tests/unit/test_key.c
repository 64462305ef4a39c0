// SPDX-License-Identifier: GPL-2.0
/* Keys, byte by byte: how they are spelt does not matter, and which can never be the same. */
#include "analysis_test.h"
#include "key.h"

static struct pairfuse_exprs x;
static pairfuse_val ids, arg;

static int setup(void **state)
{
	int err = pairfuse_exprs_init(&x);

	ids = pairfuse_expr_leaf(&x, PAIRFUSE_E_PID_TGID, 0, 0, 0);
	arg = pairfuse_expr_leaf(&x, PAIRFUSE_E_WORD, 0, 0, 0);
	return err;
}

static int teardown(void **state)
{
	pairfuse_exprs_free(&x);
	return 0;
}

static pairfuse_val num(__u64 v)
{
	return pairfuse_expr_const(&x, v);
}

static pairfuse_val alu(__u8 op, pairfuse_val a, pairfuse_val b)
{
	return pairfuse_expr_alu(&x, op, a, b, false);
}

static pairfuse_val tid(void)
{
	return pairfuse_expr_part(&x, ids, 0, 4);
}

/* The 8 bytes of a value, as a key. */
static struct pairfuse_key_bytes key_of(pairfuse_val v)
{
	struct pairfuse_key_bytes key = { .set = true, .size = 8 };
	unsigned int i;

	for (i = 0; i < key.size; i++) {
		key.root[i] = v;
		key.idx[i] = i;
		pairfuse_key_reduce(&x, &key.root[i], &key.idx[i]);
	}
	return key;
}

/* {tid, op} */
static struct pairfuse_key_bytes key_with(__u32 op)
{
	struct pairfuse_key_bytes key = { .set = true, .size = 8 };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		key.root[i] = ids;
		key.idx[i] = i;
		key.root[4 + i] = num(op >> 8 * i & 0xff);
		key.idx[4 + i] = 0;
	}
	return key;
}

static bool same(pairfuse_val v, __u32 op)
{
	struct pairfuse_key_bytes a = key_of(v), b = key_with(op);

	return pairfuse_key_same(&a, &b);
}

static void test_spelling(void **state)
{
	pairfuse_val high = alu(BPF_LSH, num(700), num(32));

	assert_true(same(alu(BPF_OR, tid(), high), 700));
	assert_true(same(alu(BPF_OR, high, tid()), 700));
	assert_true(same(alu(BPF_XOR, tid(), high), 700));
	assert_true(same(alu(BPF_AND, ids, num(0xffffffff)), 0));
	assert_true(same(alu(BPF_RSH, alu(BPF_LSH, ids, num(32)), num(32)), 0));
	/* the other half, other bytes, bits that are mixed */
	assert_false(same(alu(BPF_RSH, ids, num(32)), 0));
	assert_false(same(alu(BPF_LSH, tid(), num(32)), 0));
	assert_false(same(alu(BPF_OR, tid(), num(1)), 0));
	assert_false(same(alu(BPF_XOR, alu(BPF_OR, tid(), high), num(1)), 700));
	assert_false(same(alu(BPF_LSH, tid(), num(4)), 0));
	assert_false(same(alu(BPF_ADD, tid(), high), 701));
}

static void test_apart(void **state)
{
	struct pairfuse_key_bytes one = key_with(0x0100), two = key_with(0x0200);
	struct pairfuse_key_bytes any = key_of(alu(BPF_OR, tid(), alu(BPF_LSH, arg, num(32))));
	struct pairfuse_key_bytes shorter = key_with(0x0200);

	assert_true(pairfuse_key_apart(&x, &one, &two));
	assert_true(pairfuse_key_apart(&x, &two, &one));
	assert_false(pairfuse_key_apart(&x, &one, &one));
	/* an argument may be any number, and threads any as well */
	assert_false(pairfuse_key_apart(&x, &one, &any));
	assert_false(pairfuse_key_apart(&x, &any, &any));
	shorter.size = 4;
	assert_false(pairfuse_key_apart(&x, &one, &shorter));
}

static void test_consts(void **state)
{
	struct pairfuse_key_bytes key = key_with(0x0200);
	struct pairfuse_key_consts consts = pairfuse_key_consts(&x, &key), none = { 0 };
	__u32 words[2] = { 4711, 0x0200 };

	assert_int_equal(consts.mask[0], 0);
	assert_int_equal(consts.mask[5], 0xff);
	assert_true(pairfuse_key_matches(&consts, words, sizeof(words)));
	words[0] = 4712;
	assert_true(pairfuse_key_matches(&consts, words, sizeof(words)));
	words[1] = 0x0100;
	assert_false(pairfuse_key_matches(&consts, words, sizeof(words)));
	assert_true(pairfuse_key_matches(&none, words, sizeof(words)));
}

static void test_groups(void **state)
{
	struct pairfuse_key_bytes one = key_with(1), two = key_with(2);
	struct pairfuse_pair a = { .carrier = 3 }, b = a;

	a.consts = pairfuse_key_consts(&x, &one);
	b.consts = pairfuse_key_consts(&x, &two);
	assert_false(pairfuse_pair_same_group(&a, &b));
	b.consts = a.consts;
	assert_true(pairfuse_pair_same_group(&a, &b));
	b.carrier = 4;
	assert_false(pairfuse_pair_same_group(&a, &b));
	a.carrier = b.carrier = -1;
	assert_false(pairfuse_pair_same_group(&a, &b));
	assert_true(pairfuse_pair_same_group(&a, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_spelling, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_consts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
