// SPDX-License-Identifier: GPL-2.0
/*
 * Describes a session's programs and maps to the analysis and takes its answer.
 *
 * Programs that are left out are no part of the input: they do not run, so what
 * they would do to a map does not matter. They make pairs of their own, without
 * an analysis, so that every program has a verdict.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "log.h"
#include "object.h"

static bool is_frozen(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata");
}

/* .bss, .data, .kconfig and what is mapped into user space */
static bool is_shown(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) || (bpf_map__map_flags(map) & BPF_F_MMAPABLE);
}

static int describe_maps(struct pairfuse_object *obj)
{
	struct bpf_map *map;
	size_t size, nr = 0;

	bpf_object__for_each_map(map, obj->bpf)
		nr++;
	obj->in_maps = calloc(nr + 1, sizeof(*obj->in_maps));
	if (!obj->in_maps)
		return -ENOMEM;
	bpf_object__for_each_map(map, obj->bpf) {
		struct pairfuse_map *m = &obj->in_maps[obj->nr_maps++];

		m->name = bpf_map__name(map);
		m->type = bpf_map__type(map);
		m->key_size = bpf_map__key_size(map);
		m->value_size = bpf_map__value_size(map);
		m->max_entries = bpf_map__max_entries(map);
		m->pinned = bpf_map__is_pinned(map) || bpf_map__pin_path(map);
		m->shown = is_shown(map);
		if (is_frozen(map)) {
			m->rodata = bpf_map__initial_value(map, &size);
			m->frozen = m->rodata && size >= m->value_size;
			if (!m->frozen)
				m->rodata = NULL;
		}
	}
	return 0;
}

/*
 * libbpf writes the map's fd into the instruction, or, when it only prepares a
 * loader (explain), its index among the maps of the object.
 */
static int map_ref(void *arg, const struct bpf_insn *insn)
{
	const struct pairfuse_object *obj = arg;
	struct bpf_map *map;
	int index = 0;

	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		return insn->imm >= 0 && (size_t)insn->imm < obj->nr_maps ? insn->imm : -1;
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
		bpf_object__for_each_map(map, obj->bpf) {
			if (bpf_map__fd(map) == insn->imm)
				return index;
			index++;
		}
		return -1;
	default:
		return -1;
	}
}

static bool is_input(const struct pairfuse_object *obj, const struct pairfuse_oprog *p)
{
	if (p->off)
		return false;
	return obj->mode == PAIRFUSE_MODE_LOADED ? bpf_program__fd(p->bpf) >= 0 :
						   bpf_program__autoload(p->bpf);
}

static int describe_programs(struct pairfuse_object *obj)
{
	size_t i;

	obj->in_progs = calloc(obj->nr_progs + 1, sizeof(*obj->in_progs));
	obj->in_index = calloc(obj->nr_progs + 1, sizeof(*obj->in_index));
	if (!obj->in_progs || !obj->in_index)
		return -ENOMEM;
	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];
		struct pairfuse_prog *in = &obj->in_progs[obj->nr_in_progs];

		if (!is_input(obj, p))
			continue;
		in->name = bpf_program__name(p->bpf);
		in->section = bpf_program__section_name(p->bpf);
		in->at = p->at;
		in->sleepable = p->sleepable;
		in->target = p->func;
		in->proto = p->func_known ? &p->info.proto : NULL;
		in->cookie = p->cookie;
		in->insns = bpf_program__insns(p->bpf);
		in->nr_insns = bpf_program__insn_cnt(p->bpf);
		obj->in_index[obj->nr_in_progs++] = i;
	}
	return 0;
}

static struct pairfuse_opair *new_pair(struct pairfuse_object *obj, int entry, int exit)
{
	struct pairfuse_opair *pair = &obj->pairs[obj->nr_pairs++];

	pair->entry = entry;
	pair->exit = exit;
	pair->entry_fd = -1;
	pair->exit_fd = -1;
	pair->verdict.link_fd = -1;
	return pair;
}

static bool same_func(const struct pairfuse_oprog *a, const struct pairfuse_oprog *b)
{
	return a->func && b->func && !strcmp(a->func, b->func);
}

/* Pairs of programs that are left out: matched by function alone. */
static void add_left_out(struct pairfuse_object *obj)
{
	bool *used = calloc(obj->nr_progs + 1, sizeof(*used));
	size_t i, j;

	for (i = 0; used && i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i], *q;
		struct pairfuse_opair *pair;

		if (!p->off || used[i] || p->at == PAIRFUSE_AT_OTHER)
			continue;
		for (j = i + 1; j < obj->nr_progs; j++) {
			q = &obj->progs[j];
			if (q->off && !used[j] && q->at != PAIRFUSE_AT_OTHER && q->at != p->at &&
			    same_func(p, q))
				break;
		}
		if (j < obj->nr_progs)
			used[j] = true;
		else
			j = -1;
		pair = p->at == PAIRFUSE_AT_FENTRY ? new_pair(obj, i, (int)j) :
						     new_pair(obj, (int)j, i);
		pairfuse_opair_refuse(pair, p->off_reason, "%s", p->off_text);
		pair->verdict.left_out = true;
	}
	free(used);
}

static int build_pairs(struct pairfuse_object *obj)
{
	size_t i;

	/* each program is in one pair at most */
	obj->pairs = calloc(obj->result->nr_pairs + obj->nr_progs + 1, sizeof(*obj->pairs));
	if (!obj->pairs)
		return -ENOMEM;
	for (i = 0; i < obj->result->nr_pairs; i++) {
		const struct pairfuse_pair *a = &obj->result->pairs[i];
		struct pairfuse_opair *pair;

		pair = new_pair(obj, a->entry < 0 ? -1 : obj->in_index[a->entry],
				a->exit < 0 ? -1 : obj->in_index[a->exit]);
		pair->analysis = a;
		if (a->reason)
			pairfuse_opair_refuse(pair, a->reason, "%s",
					      a->reason_text[0] ? a->reason_text :
								  pairfuse_reason_text(a->reason));
	}
	add_left_out(obj);
	for (i = 0; i < obj->nr_pairs; i++)
		pairfuse_object_judge(obj, &obj->pairs[i]);
	return 0;
}

int pairfuse_object_analyze(struct pairfuse_object *obj)
{
	struct pairfuse_input in = {};
	struct pairfuse_kbtf *k;
	int err;

	err = describe_maps(obj);
	if (!err)
		err = describe_programs(obj);
	if (err)
		return err;
	k = pairfuse_object_kbtf(obj);
	in.progs = obj->in_progs;
	in.nr_progs = obj->nr_in_progs;
	in.maps = obj->in_maps;
	in.nr_maps = obj->nr_maps;
	in.map_ref = map_ref;
	in.map_ref_arg = obj;
	in.rdonly_cast_id = k ? pairfuse_kbtf_vmlinux_func(k, "bpf_rdonly_cast") : 0;
	err = pairfuse_analyze(&in, &obj->result);
	if (err) {
		pairfuse_warn("%s: analysis: %s", obj->name, pairfuse_strerror(err));
		return err;
	}
	return build_pairs(obj);
}

bool pairfuse_object_is_carrier(const struct pairfuse_object *obj, const struct bpf_map *map)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_pair *a = obj->pairs[i].analysis;

		if (a && a->carrier >= 0 && pairfuse_object_map(obj, a->carrier) == map)
			return true;
	}
	return false;
}
