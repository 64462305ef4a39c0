// SPDX-License-Identifier: GPL-2.0
/*
 * fsession FILE PROG: attach program PROG of FILE at both ends of its function, say
 * `attached`, and at the end of standard input how many events its histogram has.
 * Exit status 3: this kernel has no fsession.
 *
 * The libbpf of Debian 13 (1.5) does not know fsession. The program is one for
 * fentry to it, whose attach type is changed; the numbers are the kernel's.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BPF_TRACE_FSESSION_	58	/* enum bpf_attach_type, Linux 7.0 */

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Does the kernel call it by the number that we do? */
static int has_fsession(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_enum *e;
	const struct btf_type *t;
	int id, i, has = 0;

	id = btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM);
	if (id > 0) {
		t = btf__type_by_id(btf, id);
		for (i = 0, e = btf_enum(t); i < btf_vlen(t); i++, e++)
			if (!strcmp(btf__name_by_offset(btf, e->name_off), "BPF_TRACE_FSESSION"))
				has = e->val == BPF_TRACE_FSESSION_;
	}
	btf__free(btf);
	return has;
}

/* `hist` is all that .bss has. */
static long long events(struct bpf_object *obj)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(obj, ".bss");
	__u32 key = 0, slots[64], i, n;
	long long sum = 0;

	if (!bss || bpf_map__value_size(bss) > sizeof(slots))
		return -1;
	n = bpf_map__value_size(bss);
	if (bpf_map__lookup_elem(bss, &key, sizeof(key), slots, n, 0))
		return -1;
	for (i = 0; i < n / sizeof(slots[0]); i++)
		sum += slots[i];
	return sum;
}

int main(int argc, char **argv)
{
	struct bpf_program *prog, *p;
	struct bpf_object *obj;
	char c;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: fsession FILE PROG\n");
		return 2;
	}
	libbpf_set_print(quiet);
	if (!has_fsession())
		return 3;
	obj = bpf_object__open(argv[1]);
	prog = obj ? bpf_object__find_program_by_name(obj, argv[2]) : NULL;
	if (prog)
		bpf_object__for_each_program(p, obj)
			bpf_program__set_autoload(p, p == prog);
	if (!prog || bpf_program__set_expected_attach_type(prog, BPF_TRACE_FSESSION_) ||
	    bpf_object__load(obj)) {
		fprintf(stderr, "%s: cannot be loaded\n", argv[1]);
		return 1;
	}
	fd = bpf_link_create(bpf_program__fd(prog), 0, BPF_TRACE_FSESSION_, NULL);
	if (fd < 0) {
		fprintf(stderr, "%s: cannot be attached: %s\n", argv[1], strerror(errno));
		return 1;
	}
	puts("attached");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	close(fd);
	printf("%lld\n", events(obj));
	bpf_object__close(obj);
	return 0;
}
