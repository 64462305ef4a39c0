// SPDX-License-Identifier: GPL-2.0
/*
 * Final bytecode without a kernel, for explaining.
 *
 * With a "generated loader" libbpf does all relocations that need no kernel and
 * records the rest instead of making system calls. CO-RE relocations are among
 * the recorded: offsets stay those that the compiler saw.
 *
 * The recorder cannot do all that loading can. It holds 64 maps, fills no program
 * array and makes no struct_ops (libbpf 1.1 even looks for their types in BTF that it has not
 * read). The bytecode needs none of that: it refers to maps by their index, made
 * or not. So where there is such a map, no map is made, and maps of those two types
 * are arrays meanwhile. libbpf misses the maps when it has done everything else: its
 * generator says -EFAULT in its last step, and nothing before that step does.
 *
 * Sections that libbpf loads only with a tool's help (a bare "fentry", whose function
 * the tool names; "freplace"; a section that libbpf does not know, whose type the
 * tool sets) get a handler that wants nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "object.h"

#define MAX_RECORDED_MAPS 64

static const struct {
	const char *name;	/* "+": with or without a name behind it */
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} sections[] = {
	{ "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	{ "fentry.s", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	{ "fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	{ "fexit.s", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	{ "fmod_ret", BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN },
	{ "fmod_ret.s", BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN },
	{ "tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
	{ "iter", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	{ "iter.s", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	{ "lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC },
	{ "lsm.s", BPF_PROG_TYPE_LSM, BPF_LSM_MAC },
	{ "lsm_cgroup", BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP },
	{ "freplace+", BPF_PROG_TYPE_EXT, 0 },
	{ NULL, BPF_PROG_TYPE_SOCKET_FILTER, 0 },	/* all that libbpf does not know */
};

int pairfuse_explain_sections(void)
{
	static bool done;
	size_t i;
	int err;

	for (i = 0; !done && i < sizeof(sections) / sizeof(sections[0]); i++) {
		err = libbpf_register_prog_handler(sections[i].name, sections[i].type,
						   sections[i].attach, NULL);
		if (err < 0)
			return err;
	}
	done = true;
	return 0;
}

static bool is_unrecorded(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_STRUCT_OPS;
}

/* What libbpf forgets when it has "loaded". */
static int remember_types(struct pairfuse_object *obj, bool *unmade)
{
	struct bpf_map *map;
	size_t i = 0;

	bpf_object__for_each_map(map, obj->bpf)
		i++;
	obj->types = calloc(i + 1, sizeof(*obj->types));
	if (!obj->types)
		return -ENOMEM;
	*unmade = i > MAX_RECORDED_MAPS;
	i = 0;
	bpf_object__for_each_map(map, obj->bpf) {
		obj->types[i] = bpf_map__type(map);
		*unmade |= is_unrecorded(obj->types[i++]);
	}
	return 0;
}

static int make_no_maps(struct bpf_object *bpf)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, bpf) {
		if (!err && is_unrecorded(bpf_map__type(map)))
			err = bpf_map__set_type(map, BPF_MAP_TYPE_ARRAY);
		if (!err)
			err = bpf_map__set_autocreate(map, false);
	}
	return err;
}

/* Nothing is to be looked for, or made, where maps would be pinned. */
static int load_unpinned(struct bpf_object *bpf)
{
	struct bpf_map *map = NULL;
	char **paths;
	size_t i = 0;
	int err = 0;

	bpf_object__for_each_map(map, bpf)
		i++;
	paths = calloc(i + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	i = 0;
	bpf_object__for_each_map(map, bpf) {
		const char *path = bpf_map__pin_path(map);

		if (!err && path) {
			paths[i] = strdup(path);
			err = paths[i] ? bpf_map__set_pin_path(map, NULL) : -ENOMEM;
		}
		i++;
	}
	if (!err)
		err = bpf_object__load(bpf);
	i = 0;
	bpf_object__for_each_map(map, bpf) {	/* the analysis asks */
		if (paths[i] && (!err || err == -EFAULT) && bpf_map__set_pin_path(map, paths[i]))
			err = -ENOMEM;
		free(paths[i++]);
	}
	free(paths);
	return err;
}

/* Programs of struct_ops belong, from libbpf 1.5 on, to a map that is none meanwhile. */
static int take_all(struct pairfuse_object *obj)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < obj->nr_progs; i++) {
		struct bpf_program *prog = obj->progs[i].bpf;

		if (bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS)
			err = bpf_program__set_type(prog, BPF_PROG_TYPE_SOCKET_FILTER);
		if (!err)
			err = bpf_program__set_autoload(prog, true);
	}
	return err;
}

int pairfuse_object_relocate(struct pairfuse_object *obj)
{
	LIBBPF_OPTS(gen_loader_opts, gen);
	bool unmade = false;
	int err;

	err = bpf_object__gen_loader(obj->bpf, &gen);
	if (!err)
		err = take_all(obj);
	if (!err)
		err = remember_types(obj, &unmade);
	if (!err && unmade)
		err = make_no_maps(obj->bpf);
	if (!err)
		err = load_unpinned(obj->bpf);
	return unmade && err == -EFAULT ? 0 : err;
}
