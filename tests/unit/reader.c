// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a BPF object with libbpf: "loading" it into a loader program
 * (bpf_object__gen_loader) makes libbpf do all relocations, and no system call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "hook.h"
#include "reader.h"

static int map_ref(void *arg, const struct bpf_insn *insn)
{
	const struct pairfuse_input *in = arg;

	return insn->imm >= 0 && (size_t)insn->imm < in->nr_maps ? insn->imm : -1;
}

static int no_output(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* "fentry/vfs_read", "tracepoint/syscalls/sys_enter_openat" */
static void read_section(struct test_object *obj, size_t i, const char *sec)
{
	struct pairfuse_prog *p = &obj->progs[i];
	const char *slash = strchr(sec, '/');
	char *func = NULL;

	if (!strncmp(sec, "fentry", 6))
		p->at = PAIRFUSE_AT_FENTRY;
	else if (!strncmp(sec, "fexit", 5))
		p->at = PAIRFUSE_AT_FEXIT;
	else
		p->at = pairfuse_hook_of_section(sec, &func);
	p->sleepable = slash && !strncmp(slash - 2, ".s", 2);
	if (slash && !func && pairfuse_hook_is_typed(p->at))
		func = strdup(slash + 1);
	if (func && !strcmp(func, "dummy_none")) {
		free(func);
		func = NULL;
	}
	p->target = obj->targets[i] = func;
}

static int read_programs(struct test_object *obj)
{
	struct bpf_program *prog;
	size_t n = 0;

	bpf_object__for_each_program(prog, obj->bpf)
		n++;
	obj->progs = calloc(n + 1, sizeof(*obj->progs));
	obj->protos = calloc(n + 1, sizeof(*obj->protos));
	obj->targets = calloc(n + 1, sizeof(*obj->targets));
	if (!obj->progs || !obj->protos || !obj->targets)
		return -ENOMEM;
	n = 0;
	bpf_object__for_each_program(prog, obj->bpf) {
		struct pairfuse_prog *p = &obj->progs[n];

		p->name = bpf_program__name(prog);
		p->section = bpf_program__section_name(prog);
		p->insns = bpf_program__insns(prog);
		p->nr_insns = bpf_program__insn_cnt(prog);
		read_section(obj, n++, p->section);
	}
	obj->in.progs = obj->progs;
	obj->in.nr_progs = n;
	return 0;
}

static int read_maps(struct test_object *obj)
{
	struct bpf_map *map;
	size_t n = 0, size;

	bpf_object__for_each_map(map, obj->bpf) {
		struct pairfuse_map *m = &obj->maps[n++];

		m->name = bpf_map__name(map);
		m->type = bpf_map__type(map);
		m->key_size = bpf_map__key_size(map);
		m->value_size = bpf_map__value_size(map);
		m->max_entries = bpf_map__max_entries(map);
		m->shown = bpf_map__is_internal(map) ||
			   (bpf_map__map_flags(map) & BPF_F_MMAPABLE);
		if (!strstr(m->name, ".rodata") || !(bpf_map__map_flags(map) & BPF_F_RDONLY_PROG))
			continue;
		m->rodata = bpf_map__initial_value(map, &size);
		m->frozen = m->rodata && size >= m->value_size;
	}
	obj->in.maps = obj->maps;
	obj->in.nr_maps = n;
	obj->in.map_ref = map_ref;
	obj->in.map_ref_arg = &obj->in;
	return 0;
}

/* A loader program cannot pin maps; what the object wants is read before. */
static int read_pins(struct test_object *obj)
{
	struct bpf_map *map;
	size_t n = 0;

	bpf_object__for_each_map(map, obj->bpf)
		n++;
	obj->maps = calloc(n + 1, sizeof(*obj->maps));
	if (!obj->maps)
		return -ENOMEM;
	n = 0;
	bpf_object__for_each_map(map, obj->bpf) {
		obj->maps[n++].pinned = bpf_map__pin_path(map) != NULL;
		bpf_map__set_pin_path(map, NULL);
	}
	return 0;
}

int test_object_open(const char *path, struct test_object **out)
{
	LIBBPF_OPTS(gen_loader_opts, gen);
	struct test_object *obj = calloc(1, sizeof(*obj));
	int err;

	if (!obj)
		return -ENOMEM;
	libbpf_set_print(no_output);
	obj->bpf = bpf_object__open_file(path, NULL);
	err = obj->bpf ? 0 : -errno;
	if (!err)
		err = read_pins(obj);
	if (!err)
		err = bpf_object__gen_loader(obj->bpf, &gen);
	if (!err)
		err = bpf_object__load(obj->bpf);
	if (!err)
		err = read_programs(obj);
	if (!err)
		err = read_maps(obj);
	if (err)
		test_object_close(obj);
	else
		*out = obj;
	return err;
}

void test_object_close(struct test_object *obj)
{
	size_t i;

	for (i = 0; obj->targets && i < obj->in.nr_progs; i++)
		free(obj->targets[i]);
	bpf_object__close(obj->bpf);
	free(obj->progs);
	free(obj->maps);
	free(obj->protos);
	free(obj->targets);
	free(obj);
}

int test_object_prog(const struct test_object *obj, const char *name)
{
	size_t i;

	for (i = 0; i < obj->in.nr_progs; i++)
		if (!strcmp(obj->progs[i].name, name))
			return i;
	return -1;
}

int test_object_map(const struct test_object *obj, const char *name)
{
	size_t i;

	for (i = 0; i < obj->in.nr_maps; i++)
		if (!strcmp(obj->maps[i].name, name))
			return i;
	return -1;
}
