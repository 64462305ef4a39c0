// SPDX-License-Identifier: GPL-2.0
/*
 * Programs and maps as the kernel took them, known by their BPF ids.
 *
 * An id names one object for its whole life and is not given out again soon:
 * so it does not matter which fds the tool has, copies or closes (libbpf moves
 * maps around with dup3). Whether an object is still there is asked when it
 * matters.
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sys.h"

struct run_prog *run_progs;
struct run_map *run_maps;
unsigned int run_generation;

/* --- maps --- */

bool run_map_info(int fd, struct bpf_map_info *info)
{
	union bpf_attr attr = {};

	memset(info, 0, sizeof(*info));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (__u64)(unsigned long)info;
	if (run_sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return false;
	/* every kind of object has type and id at the same place; key_size tells */
	return info->max_entries || info->value_size;
}

__u32 run_map_id(int fd)
{
	struct bpf_map_info info;

	return run_map_info(fd, &info) ? info.id : 0;
}

bool run_map_holds_maps(int fd)
{
	struct bpf_map_info info;

	return run_map_info(fd, &info) && (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
				       info.type == BPF_MAP_TYPE_HASH_OF_MAPS);
}

struct run_map *run_map_get(__u32 id)
{
	struct run_map *map;

	for (map = run_maps; map; map = map->next)
		if (map->id == id)
			return map;
	map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	map->id = id;
	map->next = run_maps;
	run_maps = map;
	return map;
}

int *run_storage_get(struct run_map *map, const struct pairfuse_key_consts *consts)
{
	struct run_storage *storage;

	for (storage = map->storages; storage; storage = storage->next)
		if (!memcmp(&storage->consts, consts, sizeof(*consts)))
			return &storage->fd;
	storage = calloc(1, sizeof(*storage));
	if (!storage)
		return NULL;
	storage->consts = *consts;
	storage->fd = -1;
	storage->next = map->storages;
	map->storages = storage;
	return &storage->fd;
}

/* --- programs --- */

static bool is_ld_imm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

bool run_insn_is_map_ref(const struct bpf_insn *insn)
{
	return is_ld_imm64(insn) && (insn->src_reg == BPF_PSEUDO_MAP_IDX ||
				     insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE);
}

bool run_prog_uses_map(const struct run_prog *prog, __u32 map_id)
{
	size_t i;

	for (i = 0; i < prog->nr_insns; i++) {
		if (run_insn_is_map_ref(&prog->insns[i]) && (__u32)prog->insns[i].imm == map_id)
			return true;
		i += is_ld_imm64(&prog->insns[i]);
	}
	return false;
}

/* From fds to ids; a map without an id (no memory) makes the program opaque. */
static bool name_maps(struct run_prog *prog, const union bpf_attr *attr)
{
	const int *fd_array = (const int *)(unsigned long)attr->fd_array;
	size_t i;
	int fd;

	for (i = 0; i < prog->nr_insns; i++) {
		struct bpf_insn *insn = &prog->insns[i];

		if (!is_ld_imm64(insn))
			continue;
		switch (insn->src_reg) {
		case BPF_PSEUDO_MAP_FD:
		case BPF_PSEUDO_MAP_VALUE:
			fd = insn->imm;
			insn->src_reg = insn->src_reg == BPF_PSEUDO_MAP_FD ?
						BPF_PSEUDO_MAP_IDX : BPF_PSEUDO_MAP_IDX_VALUE;
			break;
		case BPF_PSEUDO_MAP_IDX:
		case BPF_PSEUDO_MAP_IDX_VALUE:
			fd = fd_array ? fd_array[insn->imm] : -1;
			break;
		default:
			i++;
			continue;
		}
		insn->imm = run_map_id(fd);
		if (!insn->imm || !run_map_get(insn->imm))
			return false;
		i++;
	}
	return true;
}

static bool read_info(int fd, struct bpf_prog_info *info)
{
	union bpf_attr attr = {};

	memset(info, 0, sizeof(*info));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (__u64)(unsigned long)info;
	return !run_sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

void run_prog_loaded(const union bpf_attr *attr, int fd)
{
	const struct bpf_insn *insns = (const struct bpf_insn *)(unsigned long)attr->insns;
	const char *license = (const char *)(unsigned long)attr->license;
	struct bpf_prog_info info;
	struct run_prog *prog;

	if (!read_info(fd, &info))
		return;
	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return;
	prog->insns = malloc(attr->insn_cnt * sizeof(*insns));
	if (!prog->insns) {
		free(prog);
		return;
	}
	memcpy(prog->insns, insns, attr->insn_cnt * sizeof(*insns));
	prog->nr_insns = attr->insn_cnt;
	prog->id = info.id;
	prog->type = attr->prog_type;
	prog->attach_type = attr->expected_attach_type;
	prog->btf_obj_id = info.attach_btf_obj_id;
	prog->btf_id = info.attach_btf_id;
	prog->sleepable = attr->prog_flags & BPF_F_SLEEPABLE;
	memcpy(prog->name, attr->prog_name, sizeof(prog->name) - 1);
	if (license)
		strncpy(prog->license, license, sizeof(prog->license) - 1);
	if (!name_maps(prog, attr)) {
		/* no memory; what cannot be followed must not be forgotten either */
		prog->type = BPF_PROG_TYPE_UNSPEC;
	}
	prog->next = run_progs;
	run_progs = prog;
	run_generation++;
}

struct run_prog *run_prog_by_fd(int fd)
{
	struct bpf_prog_info info;
	struct run_prog *prog;

	if (!read_info(fd, &info))
		return NULL;
	for (prog = run_progs; prog; prog = prog->next)
		if (prog->id == info.id)
			return prog;
	return NULL;
}

void run_prog_free(struct run_prog *prog)
{
	struct run_prog **p = &run_progs;

	while (*p && *p != prog)
		p = &(*p)->next;
	if (*p)
		*p = prog->next;
	free(prog->insns);
	free(prog);
}
