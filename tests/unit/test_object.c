// SPDX-License-Identifier: GPL-2.0
/* Sessions without a kernel: opening, options, targets, explain. */
#include <elf.h>

#include "loader_test.h"

#include "choose.h"
#include "object.h"
#include "options.h"

static struct pairfuse_object *open_session(void)
{
	struct pairfuse_object *obj;

	test_listen();
	assert_int_equal(pairfuse_object__open(test_object("session.bpf.o"), &obj), 0);
	return obj;
}

static struct pairfuse_oprog *prog(struct pairfuse_object *obj, const char *name)
{
	size_t i;

	for (i = 0; i < obj->nr_progs; i++)
		if (!strcmp(name, bpf_program__name(obj->progs[i].bpf)))
			return &obj->progs[i];
	fail_msg("no program %s", name);
	return NULL;
}

/* --- malformed objects --- */

static void *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *buf = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(buf);
	*size = fread(buf, 1, 1 << 20, f);
	fclose(f);
	return buf;
}

static void test_no_object(void **state)
{
	struct pairfuse_object *obj = (void *)1;
	char *buf;
	size_t size;

	test_listen();
	assert_int_equal(pairfuse_object__open("/nonexistent", &obj), -ENOENT);
	assert_said("/nonexistent: No such file");
	assert_int_equal(pairfuse_object__open("/", &obj), -EISDIR);
	assert_int_equal(pairfuse_object__open("/proc/self/exe", &obj), -ENOEXEC);
	assert_said("machine 62 without one (machine 247) inside");
	assert_int_equal(pairfuse_object__open_mem("", 0, "empty", &obj), -ENOEXEC);
	assert_said("empty: not a BPF object: no ELF file");
	buf = read_all(test_object("session.bpf.o"), &size);
	((Elf64_Ehdr *)buf)->e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(pairfuse_object__open_mem(buf, size, "be", &obj), -ENOEXEC);
	assert_said("other byte order");
	free(buf);
	assert_ptr_equal(obj, (void *)1);	/* untouched on failure */
}

/* Cut off anywhere: an error, or an object, but no crash (ASan watches). */
static void test_truncated(void **state)
{
	struct pairfuse_object *obj;
	size_t size, n;
	char *buf, *part;

	test_listen();
	buf = read_all(test_object("session.bpf.o"), &size);
	for (n = 0; n < size; n += n < 128 ? 1 : 97) {
		part = malloc(n + !n);
		memcpy(part, buf, n);
		if (!pairfuse_object__open_mem(part, n, "part", &obj))
			pairfuse_object__close(obj);
		free(part);
	}
	free(buf);
}

/* --- options --- */

#define ASSERT_OPTION(obj, name, text, type, expected)				\
	do {									\
		struct pairfuse_var var;					\
										\
		assert_int_equal(pairfuse_object__set_option(obj, name, text), 0); \
		assert_true(pairfuse_find_rodata(pairfuse_object__bpf(obj), name, &var)); \
		assert_int_equal(var.size, sizeof(type));			\
		assert_true(*(type *)var.data == (type)(expected));		\
	} while (0)

static void test_set_ints(void **state)
{
	struct pairfuse_object *obj = open_session();

	ASSERT_OPTION(obj, "opt_u8", "255", __u8, 255);
	ASSERT_OPTION(obj, "opt_s8", "-128", __s8, -128);
	ASSERT_OPTION(obj, "opt_s8", "+127", __s8, 127);
	ASSERT_OPTION(obj, "opt_u16", "0xffff", __u16, 0xffff);
	ASSERT_OPTION(obj, "opt_s16", "-0x8000", __s16, -32768);
	ASSERT_OPTION(obj, "opt_u32", "4294967295", __u32, 4294967295);
	ASSERT_OPTION(obj, "opt_s32", "-2147483648", __s32, INT32_MIN);
	ASSERT_OPTION(obj, "opt_u64", "18446744073709551615", __u64, UINT64_MAX);
	ASSERT_OPTION(obj, "opt_s64", "-9223372036854775808", __s64, INT64_MIN);
	ASSERT_OPTION(obj, "opt_s64", "9223372036854775807", __s64, INT64_MAX);
	ASSERT_OPTION(obj, "opt_s64", "-1", __s64, -1);
	ASSERT_OPTION(obj, "opt_u32", "010", __u32, 8);
	pairfuse_object__close(obj);
}

static void refused(struct pairfuse_object *obj, const char *name, const char *text, int err)
{
	assert_int_equal(pairfuse_object__set_option(obj, name, text), err);
}

static void test_ranges(void **state)
{
	struct pairfuse_object *obj = open_session();

	refused(obj, "opt_u8", "256", -ERANGE);
	assert_said("option 'opt_u8' (__u8): '256' does not fit: need 0 to 255");
	refused(obj, "opt_u8", "-1", -ERANGE);
	refused(obj, "opt_s8", "128", -ERANGE);
	assert_said("need -128 to 127");
	refused(obj, "opt_s8", "-129", -ERANGE);
	refused(obj, "opt_u16", "65536", -ERANGE);
	refused(obj, "opt_s16", "32768", -ERANGE);
	refused(obj, "opt_u32", "4294967296", -ERANGE);
	refused(obj, "opt_s32", "2147483648", -ERANGE);
	refused(obj, "opt_s32", "-2147483649", -ERANGE);
	refused(obj, "opt_u64", "18446744073709551616", -ERANGE);
	refused(obj, "opt_u64", "-1", -ERANGE);
	refused(obj, "opt_s64", "9223372036854775808", -ERANGE);
	assert_said("need -9223372036854775808 to 9223372036854775807");
	refused(obj, "opt_s64", "-9223372036854775809", -ERANGE);
	pairfuse_object__close(obj);
}

static void test_malformed_values(void **state)
{
	static const char *const bad[] = { "", "x", "1x", " 1", "1 ", "--1", "0x", "1.5", "-" };
	struct pairfuse_object *obj = open_session();
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(obj, "opt_u32", bad[i], -EINVAL);
	assert_said("'1.5' is not an integer");
	refused(obj, "opt_bool", "maybe", -EINVAL);
	assert_said("'maybe' is not a bool");
	refused(obj, "opt_unit", "HOUR", -EINVAL);
	assert_said("need one of UNIT_NSEC, UNIT_USEC, UNIT_MSEC, UNIT_BELOW");
	refused(obj, "opt_name", "12345678", -ERANGE);
	refused(obj, "opt_ports", "1,2,3,4", -ERANGE);
	refused(obj, "opt_ports", "1,x", -EINVAL);
	refused(obj, "opt_ports", "65536", -ERANGE);
	refused(obj, "opt_struct", "1", -EINVAL);
	pairfuse_object__close(obj);
}

static void test_set_others(void **state)
{
	struct pairfuse_object *obj = open_session();
	struct pairfuse_var var;

	ASSERT_OPTION(obj, "opt_bool", "true", _Bool, 1);
	ASSERT_OPTION(obj, "opt_bool", "off", _Bool, 0);
	ASSERT_OPTION(obj, "opt_bool", "1", _Bool, 1);
	ASSERT_OPTION(obj, "opt_unit", "UNIT_MSEC", int, 7);
	ASSERT_OPTION(obj, "opt_unit", "UNIT_BELOW", int, -2);
	ASSERT_OPTION(obj, "opt_unit", "1", int, 1);
	assert_int_equal(pairfuse_object__set_option(obj, "opt_name", "1234567"), 0);
	assert_true(pairfuse_find_rodata(pairfuse_object__bpf(obj), "opt_name", &var));
	assert_string_equal(var.data, "1234567");
	assert_int_equal(pairfuse_object__set_option(obj, "opt_name", ""), 0);
	assert_memory_equal(var.data, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(pairfuse_object__set_option(obj, "opt_ports", "80,443"), 0);
	assert_true(pairfuse_find_rodata(pairfuse_object__bpf(obj), "opt_ports", &var));
	assert_memory_equal(var.data, ((__u16[]){ 80, 443, 0 }), 6);
	assert_int_equal(pairfuse_object__set_option(obj, "opt_flags", "yes,no"), 0);
	pairfuse_object__close(obj);
}

static void test_unknown_option(void **state)
{
	struct pairfuse_object *obj = open_session();

	refused(obj, "opt_u23", "1", -ENOENT);
	assert_said("no option 'opt_u23': did you mean 'opt_u32'?; there are:");
	assert_said("  opt_name             char[8]\n");
	assert_said("  opt_unit             enum time_unit\n");
	assert_null(strstr(test_messages, "not_an_option"));
	assert_null(strstr(test_messages, "counts_names"));
	refused(obj, "not_an_option", "1", -ENOENT);	/* the compiler may have used its value */
	refused(obj, "in_data", "1", -ENOENT);
	pairfuse_object__close(obj);
}

/* --- targets --- */

static void test_programs(void **state)
{
	struct pairfuse_object *obj = open_session();

	assert_int_equal(prog(obj, "read_entry")->at, PAIRFUSE_AT_FENTRY);
	assert_int_equal(prog(obj, "read_exit")->at, PAIRFUSE_AT_FEXIT);
	assert_int_equal(prog(obj, "other")->at, PAIRFUSE_AT_OTHER);
	assert_string_equal(prog(obj, "read_exit")->func, "dummy_file_read");
	assert_false(prog(obj, "read_entry")->sleepable);
	assert_true(prog(obj, "getattr_exit")->sleepable);
	assert_true(prog(obj, "read_kprobe")->kprobe);
	assert_false(prog(obj, "read_kprobe")->retprobe);
	assert_true(prog(obj, "read_kretprobe")->retprobe);
	assert_null(prog(obj, "other")->func);
	pairfuse_object__close(obj);
}

static void fs_is(const char *fs, const char *read, const char *getattr)
{
	struct pairfuse_object *obj = open_session();

	assert_int_equal(pairfuse_object__set_fs(obj, fs), 0);
	assert_string_equal(prog(obj, "read_entry")->func, read);
	assert_string_equal(prog(obj, "read_exit")->func, read);
	assert_string_equal(prog(obj, "getattr_exit")->func, getattr);
	assert_false(prog(obj, "read_kprobe")->func_given);
	pairfuse_object__close(obj);
}

static void test_fs(void **state)
{
	struct pairfuse_object *obj;

	fs_is("ext4", "ext4_file_read_iter", "ext4_file_getattr");
	fs_is("xfs", "xfs_file_read_iter", "xfs_vn_getattr");
	fs_is("btrfs", "btrfs_file_read_iter", "btrfs_getattr");
	fs_is("f2fs", "f2fs_file_read_iter", "f2fs_getattr");
	fs_is("nfs", "nfs_file_read", "nfs_getattr");
	obj = open_session();
	assert_int_equal(pairfuse_object__set_fs(obj, "fat"), -ENOENT);
	assert_said("filesystem 'fat': not known; there are: ext4, xfs, btrfs, f2fs, nfs");
	pairfuse_object__close(obj);
}

static void test_target(void **state)
{
	struct pairfuse_object *obj = open_session();

	assert_int_equal(pairfuse_object__set_target(obj, "read_entry", "f"), 0);
	assert_string_equal(prog(obj, "read_entry")->func, "f");
	assert_string_equal(prog(obj, "read_exit")->func, "dummy_file_read");
	assert_int_equal(pairfuse_object__set_target(obj, "dummy_getattr", "g"), 0);
	assert_string_equal(prog(obj, "getattr_entry")->func, "g");
	assert_string_equal(prog(obj, "getattr_exit")->func, "g");
	/* a filesystem does not override them */
	assert_int_equal(pairfuse_object__set_fs(obj, "ext4"), 0);
	assert_string_equal(prog(obj, "read_entry")->func, "f");
	assert_string_equal(prog(obj, "getattr_exit")->func, "g");
	assert_string_equal(prog(obj, "read_exit")->func, "ext4_file_read_iter");

	assert_int_equal(pairfuse_object__set_target(obj, "raed_entry", "f"), -ENOENT);
	assert_said("no program 'raed_entry': did you mean 'read_entry'?");
	assert_int_equal(pairfuse_object__set_target(obj, "other", "f"), -EINVAL);
	assert_said("program 'other' is of section 'raw_tp/sched_switch'");
	assert_int_equal(pairfuse_object__set_target(obj, "read_entry", ""), -EINVAL);
	assert_int_equal(pairfuse_object__set_cookie(obj, "read_entry", 5), 0);
	assert_int_equal(prog(obj, "read_entry")->cookie, 5);
	assert_int_equal(pairfuse_object__set_cookie(obj, "nope", 5), -ENOENT);
	pairfuse_object__close(obj);
}

/* --- explain --- */

static const struct pairfuse_verdict *verdict(struct pairfuse_object *obj, const char *entry)
{
	const struct pairfuse_verdict *v;
	size_t i;

	for (i = 0; (v = pairfuse_object__verdict(obj, i)); i++)
		if (v->entry && !strcmp(v->entry, entry))
			return v;
	fail_msg("no verdict on %s", entry);
	return NULL;
}

static void test_explain(void **state)
{
	struct pairfuse_object *obj = open_session();
	const struct pairfuse_verdict *v;
	struct bpf_map *map;

	assert_int_equal(pairfuse_object__set_option(obj, "opt_u32", "0"), 0);
	assert_null(pairfuse_object__verdict(obj, 0));
	assert_int_equal(pairfuse_object__explain(obj), 0);
	v = verdict(obj, "read_entry");
	assert_string_equal(v->exit, "read_exit");
	assert_string_equal(v->target, "dummy_file_read");
	assert_string_equal(v->carrier, "starts");
	assert_int_equal(v->link_fd, -1);
	assert_false(v->left_out);
	map = bpf_object__find_map_by_name(pairfuse_object__bpf(obj), "starts");
	assert_true(pairfuse_object_is_carrier(obj, map));
	map = bpf_object__find_map_by_name(pairfuse_object__bpf(obj), ".bss");
	assert_false(pairfuse_object_is_carrier(obj, map));

	/* too late for everything else */
	assert_int_equal(pairfuse_object__set_option(obj, "opt_u32", "0"), -EBUSY);
	assert_int_equal(pairfuse_object__set_target(obj, "read_entry", "f"), -EBUSY);
	assert_int_equal(pairfuse_object__set_fs(obj, "ext4"), -EBUSY);
	assert_int_equal(pairfuse_object__set_cookie(obj, "read_entry", 1), -EBUSY);
	assert_int_equal(pairfuse_object__explain(obj), -EBUSY);
	assert_int_equal(pairfuse_object__load(obj), -EBUSY);
	assert_int_equal(pairfuse_object__attach(obj, NULL), -EBUSY);
	pairfuse_object__close(obj);
}

/* What the analysis is given offline: maps by index, frozen .rodata. */
static void test_input(void **state)
{
	struct pairfuse_object *obj = open_session();
	size_t i, frozen = 0, shown = 0;

	assert_int_equal(pairfuse_object__explain(obj), 0);
	assert_int_equal(obj->nr_in_progs, obj->nr_progs);
	for (i = 0; i < obj->nr_maps; i++) {
		frozen += obj->in_maps[i].frozen;
		shown += obj->in_maps[i].shown;
		assert_true(!obj->in_maps[i].frozen == !obj->in_maps[i].rodata);
		if (!strcmp(obj->in_maps[i].name, "starts")) {
			assert_int_equal(obj->in_maps[i].type, BPF_MAP_TYPE_HASH);
			assert_int_equal(obj->in_maps[i].key_size, 4);
			assert_false(obj->in_maps[i].pinned);
			assert_false(obj->in_maps[i].shown);
		}
	}
	assert_int_equal(frozen, 1);
	assert_true(shown >= 3);	/* .rodata, .data, .bss */
	for (i = 0; i < obj->nr_in_progs; i++) {
		assert_non_null(obj->in_progs[i].insns);
		assert_true(obj->in_progs[i].nr_insns > 0);
	}
	pairfuse_object__close(obj);
}

static size_t input_prog(const struct pairfuse_object *obj, const char *name)
{
	size_t p;

	for (p = 0; p < obj->nr_in_progs; p++)
		if (!strcmp(obj->in_progs[p].name, name))
			return p;
	fail_msg("no program %s", name);
	return 0;
}

/* A filter or the output in common does not make a program another's substitute. */
static void test_substitutes(void **state)
{
	static const char *const others[] = { "read_count", "read_event", "write_entry" };
	struct pairfuse_object *obj;
	size_t i, other;

	test_listen();
	assert_int_equal(pairfuse_object__open(test_object("maps.bpf.o"), &obj), 0);
	assert_int_equal(pairfuse_object__explain(obj), 0);
	for (i = 0; i < 3; i++)
		assert_false(pairfuse_is_substitute(obj, input_prog(obj, others[i]), &other));
	assert_true(pairfuse_is_substitute(obj, input_prog(obj, "write_kprobe"), &other));
	assert_int_equal(other, input_prog(obj, "write_entry"));
	assert_true(pairfuse_is_substitute(obj, input_prog(obj, "write_kretprobe"), &other));
	assert_int_equal(other, input_prog(obj, "write_exit"));
	pairfuse_object__close(obj);
}

/* In a map of maps; in a section with "rodata" in its name that can be written. */
static void test_maps(void **state)
{
	struct pairfuse_object *obj;
	const struct pairfuse_verdict *v;
	size_t i;

	test_listen();
	assert_int_equal(pairfuse_object__open(test_object("maps.bpf.o"), &obj), 0);
	assert_int_equal(pairfuse_object__explain(obj), 0);
	for (i = 0; i < obj->nr_maps; i++) {
		const char *name = obj->in_maps[i].name;

		assert_int_equal(obj->in_maps[i].inner, !strcmp(name, "elem"));
		assert_int_equal(obj->in_maps[i].frozen, !strcmp(name, "maps.rodata"));
	}
	v = verdict(obj, "sync_entry");
	assert_string_equal(v->reason_id, "carrier-shared");
	assert_non_null(strstr(v->reason, "'elem' can be in a map of maps"));
	/* a pair, whatever else is on its function; but the records follow one another */
	v = verdict(obj, "read_entry");
	assert_string_equal(v->carrier, "starts");
	assert_string_equal(v->reason_id, "order");
	assert_non_null(strstr(v->reason, "'read_exit' and 'read_event' run on vfs_read and both use 'events'"));
	pairfuse_object__close(obj);
}

static void test_wrap_unloaded(void **state)
{
	struct bpf_object *bpf;
	struct pairfuse_object *obj;

	test_listen();
	bpf = bpf_object__open(test_object("session.bpf.o"));
	assert_non_null(bpf);
	assert_int_equal(pairfuse_object__wrap(bpf, &obj), -EINVAL);
	bpf_object__close(bpf);
	pairfuse_object__close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_set_ints),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_malformed_values),
		cmocka_unit_test(test_set_others),
		cmocka_unit_test(test_unknown_option),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_fs),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_substitutes),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_wrap_unloaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
