// SPDX-License-Identifier: GPL-2.0
/* Calling conventions and near names, from BTF made here. */
#include "loader_test.h"

#include "kbtf.h"

struct types {
	struct btf *btf;
	int i32, u64, chr, file, file_ptr, const_file_ptr, int_ptr, td, small, large, uni, flt, en;
};

static void setup_types(struct types *t)
{
	struct btf *b = t->btf = btf__new_empty();

	t->i32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	t->u64 = btf__add_int(b, "long", 8, 0);
	t->file = btf__add_struct(b, "file", 24);
	t->file_ptr = btf__add_ptr(b, t->file);
	t->td = btf__add_typedef(b, "file_t", t->file);
	t->const_file_ptr = btf__add_const(b, btf__add_ptr(b, btf__add_const(b, t->td)));
	t->int_ptr = btf__add_ptr(b, t->i32);
	t->small = btf__add_struct(b, "small", 12);
	t->large = btf__add_struct(b, "large", 17);
	t->uni = btf__add_union(b, "uni", 8);
	t->flt = btf__add_float(b, "double", 8);
	t->en = btf__add_enum(b, "en", 4);
}

static int func(struct types *t, const char *name, int ret, const int *params, int n)
{
	int proto = btf__add_func_proto(t->btf, ret), i;

	for (i = 0; i < n; i++)
		assert_int_equal(btf__add_func_param(t->btf, params[i] ? "p" : "", params[i]), 0);
	return btf__add_func(t->btf, name, BTF_FUNC_STATIC, proto);
}

#define FUNC(t, name, ret, ...)							\
	func(t, name, ret, (const int[]){ __VA_ARGS__ },			\
	     sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static void test_proto(void **state)
{
	struct pairfuse_proto p;
	struct types t;
	int id;

	setup_types(&t);
	id = FUNC(&t, "f", t.i32, t.file_ptr, t.const_file_ptr, t.int_ptr, t.u64, t.en);
	assert_int_equal(pairfuse_proto_from_btf(t.btf, id, btf__type_cnt(t.btf), &p), 0);
	assert_int_equal(p.nr_regs, 5);
	assert_int_equal(p.ret_size, 4);
	assert_int_equal(p.btf_id[0], t.file);
	assert_int_equal(p.btf_id[1], t.file);
	assert_int_equal(p.btf_id[2], 0);
	assert_int_equal(p.btf_id[3], 0);
	assert_false(p.in_module[0]);
	/* the same, if vmlinux ended before "file" */
	assert_int_equal(pairfuse_proto_from_btf(t.btf, id, t.file, &p), 0);
	assert_true(p.in_module[0]);
	assert_false(p.in_module[2]);
	assert_int_equal(p.btf_id[PAIRFUSE_VALUE_RET], 0);
	id = FUNC(&t, "g", t.const_file_ptr, t.u64);
	assert_int_equal(pairfuse_proto_from_btf(t.btf, id, btf__type_cnt(t.btf), &p), 0);
	assert_int_equal(p.ret_size, 8);
	assert_int_equal(p.btf_id[PAIRFUSE_VALUE_RET], t.file);
	assert_false(p.in_module[PAIRFUSE_VALUE_RET]);
	btf__free(t.btf);
}

static void test_by_value(void **state)
{
	struct pairfuse_proto p;
	struct types t;

	setup_types(&t);
	/* 12 bytes take two registers, so the pointer is in the third */
	assert_int_equal(pairfuse_proto_from_btf(t.btf, FUNC(&t, "f", 0, t.small, t.file_ptr, t.uni),
						 9999, &p), 0);
	assert_int_equal(p.nr_regs, 4);
	assert_int_equal(p.btf_id[0], 0);
	assert_int_equal(p.btf_id[2], t.file);
	assert_int_equal(p.ret_size, 0);
	btf__free(t.btf);
}

static void unsupported(struct types *t, int id)
{
	struct pairfuse_proto p;

	assert_int_equal(pairfuse_proto_from_btf(t->btf, id, 9999, &p), 0);
	assert_true(p.nr_regs > PAIRFUSE_MAX_REGS || p.ret_size > 8);
}

static void test_unsupported(void **state)
{
	struct pairfuse_proto p;
	struct types t;

	setup_types(&t);
	unsupported(&t, FUNC(&t, "variable", 0, t.u64, 0));
	unsupported(&t, FUNC(&t, "large", 0, t.large));
	unsupported(&t, FUNC(&t, "floating", 0, t.flt));
	unsupported(&t, FUNC(&t, "seven", 0, t.u64, t.u64, t.u64, t.u64, t.u64, t.u64, t.u64));
	unsupported(&t, FUNC(&t, "returns struct", t.small, t.u64));
	unsupported(&t, FUNC(&t, "returns double", t.flt, t.u64));
	assert_int_equal(pairfuse_proto_from_btf(t.btf, t.file, 9999, &p), -EINVAL);
	assert_int_equal(pairfuse_proto_from_btf(t.btf, 99999, 9999, &p), -EINVAL);
	/* arguments beyond the registers are not looked at */
	assert_int_equal(pairfuse_proto_from_btf(t.btf, FUNC(&t, "f", 0, t.small, t.small, t.small,
							     t.file_ptr), 9999, &p), 0);
	assert_int_equal(p.nr_regs, 7);
	btf__free(t.btf);
}

static void test_find(void **state)
{
	struct pairfuse_kbtf *k;
	struct pairfuse_func f;
	char near[128];
	struct types t;
	int id, sync;

	setup_types(&t);
	id = FUNC(&t, "vfs_read", t.u64, t.file_ptr);
	FUNC(&t, "vfs_write", t.u64, t.file_ptr);
	FUNC(&t, "vfs_readv", t.u64, t.file_ptr);
	FUNC(&t, "something_else", 0, t.u64);
	sync = FUNC(&t, "__do_sys_sync", t.u64, t.file_ptr);
	FUNC(&t, "__do_sys_fork", t.u64, t.file_ptr);
	assert_int_equal(pairfuse_kbtf_from_btf(t.btf, &k), 0);

	assert_int_equal(pairfuse_kbtf_find(k, "vfs_read", &f), 0);
	assert_int_equal(f.btf_id, id);
	assert_string_equal(f.module, "");
	assert_int_equal(f.proto.nr_regs, 1);
	assert_int_equal(pairfuse_kbtf_find(k, "vfs_raed", &f), -ENOENT);
	assert_int_equal(pairfuse_kbtf_find(k, "file", &f), -ENOENT);	/* a struct */
	/* without arguments; its child returns otherwise; there is none */
	assert_int_equal(pairfuse_kbtf_find(k, "__x64_sys_sync", &f), 0);
	assert_int_equal(f.btf_id, sync);
	assert_int_equal(pairfuse_kbtf_find(k, "__x64_sys_fork", &f), -ENOENT);
	assert_int_equal(pairfuse_kbtf_find(k, "__x64_sys_synk", &f), -ENOENT);
	assert_int_equal(pairfuse_kbtf_vmlinux_func(k, "vfs_read"), id);
	assert_int_equal(pairfuse_kbtf_vmlinux_func(k, "nope"), 0);
	assert_string_equal(pairfuse_kbtf_func_name(k, "", id), "vfs_read");
	assert_null(pairfuse_kbtf_func_name(k, "", t.file));
	assert_null(pairfuse_kbtf_func_name(k, "module", id));

	assert_string_equal(pairfuse_kbtf_suggest(k, "vfs_raed", near, sizeof(near)),
			    "vfs_read, vfs_readv");
	assert_string_equal(pairfuse_kbtf_suggest(k, "quite_different_name", near, sizeof(near)),
			    "");
	pairfuse_kbtf_free(k);
}

static void test_distance(void **state)
{
	char wide[200];

	memset(wide, 'a', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	assert_int_equal(pairfuse_edit_distance("", "", 9), 0);
	assert_int_equal(pairfuse_edit_distance("abc", "abc", 9), 0);
	assert_int_equal(pairfuse_edit_distance("abc", "", 9), 3);
	assert_int_equal(pairfuse_edit_distance("", "abc", 9), 3);
	assert_int_equal(pairfuse_edit_distance("kitten", "sitting", 9), 3);
	assert_int_equal(pairfuse_edit_distance("vfs_raed", "vfs_read", 9), 1);
	assert_int_equal(pairfuse_edit_distance("ab", "ba", 9), 1);
	assert_int_equal(pairfuse_edit_distance("kitten", "sitting", 2), 2);
	assert_int_equal(pairfuse_edit_distance("abcdefgh", "xyz", 3), 3);
	assert_int_equal(pairfuse_edit_distance(wide, wide, 5), 5);	/* not looked at */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proto),
		cmocka_unit_test(test_by_value),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
