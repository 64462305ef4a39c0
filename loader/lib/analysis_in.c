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

#include "choose.h"
#include "device.h"
#include "hook.h"
#include "kcode.h"
#include "ksyms.h"
#include "log.h"
#include "object.h"

/* Programs cannot write it, and libbpf freezes it. There may be a .data.rodata_like. */
static bool is_frozen(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata") &&
	       (bpf_map__map_flags(map) & BPF_F_RDONLY_PROG);
}

/* .bss, .data, .kconfig and what is mapped into user space */
static bool is_shown(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) || (bpf_map__map_flags(map) & BPF_F_MMAPABLE);
}

static bool is_outer(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       bpf_map__type(map) == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* Whether it is put there at the start or later: the kernel takes what is like this one. */
static bool is_like(const struct bpf_map *map, const struct bpf_map *inner)
{
	return bpf_map__type(map) == bpf_map__type(inner) &&
	       bpf_map__key_size(map) == bpf_map__key_size(inner) &&
	       bpf_map__value_size(map) == bpf_map__value_size(inner);
}

static bool may_hold(const struct bpf_map *outer, const struct bpf_map *map, bool explain)
{
	const struct bpf_map *inner;

	if (!is_outer(outer))
		return false;
	inner = bpf_map__inner_map((struct bpf_map *)outer);
	return inner ? is_like(map, inner) : !explain;
}

int pairfuse_object_inner_maps(struct pairfuse_object *obj, bool explain)
{
	struct bpf_map *outer, *map;
	size_t i = 0;

	bpf_object__for_each_map(map, obj->bpf)
		i++;
	free(obj->inner);
	obj->inner = calloc(i + 1, sizeof(*obj->inner));
	if (!obj->inner)
		return -ENOMEM;
	bpf_object__for_each_map(outer, obj->bpf) {
		if (is_outer(outer) && !bpf_map__inner_map(outer))
			obj->undeclared = outer;
		i = 0;
		bpf_object__for_each_map(map, obj->bpf)
			obj->inner[i++] |= may_hold(outer, map, explain);
	}
	return 0;
}

/* Of a wrapped object, which was loaded by others, it is not known: all, perhaps. */
static bool is_inner(const struct pairfuse_object *obj, size_t n)
{
	struct bpf_map *map;
	bool any = false;

	if (obj->inner)
		return obj->inner[n];
	bpf_object__for_each_map(map, obj->bpf)
		any |= is_outer(map);
	return any;
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
		m->type = obj->types ? obj->types[m - obj->in_maps] : bpf_map__type(map);
		m->key_size = bpf_map__key_size(map);
		m->value_size = bpf_map__value_size(map);
		m->max_entries = bpf_map__max_entries(map);
		m->pinned = bpf_map__is_pinned(map) || bpf_map__pin_path(map);
		m->shown = is_shown(map);
		m->inner = is_inner(obj, m - obj->in_maps);
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
int pairfuse_object_map_ref(void *arg, const struct bpf_insn *insn)
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
	/* to explain, libbpf was told to relocate all of them */
	return obj->mode != PAIRFUSE_MODE_LOADED || bpf_program__fd(p->bpf) >= 0;
}

/* Without privilege the kernel does not tell; explaining needs none. */
static __u64 address_of(const struct pairfuse_object *obj, const char *func)
{
	__u64 addr = pairfuse_ksyms_address(func);

	return addr || obj->mode == PAIRFUSE_MODE_LOADED ? addr : ~0ULL;
}

static __u64 ip_of(const struct pairfuse_object *obj, const char *func)
{
	__u64 ip = pairfuse_kcode_probe_ip(pairfuse_ksyms_address(func));

	return ip || obj->mode == PAIRFUSE_MODE_LOADED ? ip : ~0ULL;
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
		/* explaining may do without the kernel's BTF; running cannot */
		if (p->func_known || obj->mode != PAIRFUSE_MODE_LOADED)
			in->target = p->func;
		in->proto = p->func_known ? &p->info.proto : NULL;
		in->cookie = p->cookie;
		in->insns = bpf_program__insns(p->bpf);
		in->nr_insns = bpf_program__insn_cnt(p->bpf);
		if (p->func && pairfuse_wants_address(in))
			in->addr = address_of(obj, p->func);
		if (p->func && pairfuse_wants_ip(in))
			in->ip = ip_of(obj, p->func);
		obj->in_index[obj->nr_in_progs++] = i;
	}
	return 0;
}

static struct pairfuse_opair *new_pair(struct pairfuse_object *obj, int entry, int exit)
{
	struct pairfuse_opair *pair = &obj->pairs[obj->nr_pairs++];

	memset(pair, 0, sizeof(*pair));
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

		if (!p->off || used[i] || !pairfuse_hook_is_half(p->at))
			continue;
		for (j = i + 1; j < obj->nr_progs; j++) {
			q = &obj->progs[j];
			if (q->off && !used[j] && q->at == pairfuse_hook_partner(p->at) &&
			    same_func(p, q))
				break;
		}
		if (j < obj->nr_progs)
			used[j] = true;
		else
			j = -1;
		pair = pairfuse_hook_is_entry(p->at) ? new_pair(obj, i, (int)j) :
						     new_pair(obj, (int)j, i);
		pairfuse_opair_refuse(pair, p->off_reason, "%s", p->off_text);
		pair->verdict.left_out = true;
	}
	free(used);
}

static void add_pair(struct pairfuse_object *obj, const struct pairfuse_pair *a)
{
	struct pairfuse_opair *pair;

	pair = new_pair(obj, a->entry < 0 ? -1 : obj->in_index[a->entry],
			a->exit < 0 ? -1 : obj->in_index[a->exit]);
	pair->analysis = a;
	if (a->reason)
		pairfuse_opair_refuse(pair, a->reason, "%s",
				      a->reason_text[0] ? a->reason_text :
							  pairfuse_reason_text(a->reason));
}

/* Analyse the programs of a set; the result speaks of obj->in_progs. */
static int analyze_set(struct pairfuse_object *obj, const bool *in, struct pairfuse_input *input,
		       struct pairfuse_result **res)
{
	struct pairfuse_prog *progs = calloc(obj->nr_in_progs + 1, sizeof(*progs));
	int *index = calloc(obj->nr_in_progs + 1, sizeof(*index)), err = -ENOMEM;
	size_t i, nr = 0;

	for (i = 0; progs && index && i < obj->nr_in_progs; i++) {
		if (!in[i])
			continue;
		progs[nr] = obj->in_progs[i];
		index[nr++] = i;
	}
	input->progs = progs;
	input->nr_progs = nr;
	if (progs && index)
		err = pairfuse_analyze(input, res);
	for (i = 0; !err && i < (*res)->nr_pairs; i++) {
		struct pairfuse_pair *p = &(*res)->pairs[i];

		p->entry = p->entry < 0 ? -1 : index[p->entry];
		p->exit = p->exit < 0 ? -1 : index[p->exit];
		p->reason_prog = p->reason_prog < 0 ? -1 : index[p->reason_prog];
	}
	free(progs);
	free(index);
	return err;
}

static int take_set(struct pairfuse_object *obj, const bool *in, const bool *mine,
		    struct pairfuse_input *input)
{
	struct pairfuse_result *res, **results;
	struct pairfuse_opair *pairs;
	size_t i;
	int err;

	err = analyze_set(obj, in, input, &res);
	if (!err) {
		err = pairfuse_object_self_check(obj, input, res);
		if (err)
			pairfuse_result_free(res);
	}
	if (err) {
		pairfuse_warn("%s: analysis: %s", obj->name, pairfuse_strerror(err));
		return err;
	}
	results = realloc(obj->results, (obj->nr_results + 1) * sizeof(*results));
	if (results) {
		obj->results = results;
		results[obj->nr_results++] = res;
	} else {
		pairfuse_result_free(res);
		return -ENOMEM;
	}
	/* and one for each program that is left out */
	pairs = realloc(obj->pairs, (obj->nr_pairs + res->nr_pairs + obj->nr_progs) *
					    sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	obj->pairs = pairs;
	for (i = 0; i < res->nr_pairs; i++)
		if ((res->pairs[i].entry >= 0 && mine[res->pairs[i].entry]) ||
		    (res->pairs[i].exit >= 0 && mine[res->pairs[i].exit]))
			add_pair(obj, &res->pairs[i]);
	return 0;
}

/* Of programs that do the same by different means, those without need of BTF are left out. */
static void drop_substitutes(struct pairfuse_object *obj)
{
	size_t p, other;

	for (p = 0; p < obj->nr_in_progs; p++)
		if (pairfuse_is_substitute(obj, p, &other))
			pairfuse_oprog_off(&obj->progs[obj->in_index[p]],
					   PAIRFUSE_REASON_AMBIGUOUS,
					   "'%s' does the same as '%s' at the same place, and runs instead",
					   obj->in_progs[other].name, obj->in_progs[p].name);
}

static int analyze_sets(struct pairfuse_object *obj, struct pairfuse_input *input)
{
	bool *in = calloc(obj->nr_in_progs + 1, sizeof(*in));
	bool *mine = calloc(obj->nr_in_progs + 1, sizeof(*mine));
	size_t n, most = obj->mode == PAIRFUSE_MODE_LOADED ? 1 : obj->nr_in_progs + 2;
	int err = in && mine ? 0 : -ENOMEM;

	for (n = 0; !err && n < most && pairfuse_choose(obj, n, in, mine); n++)
		err = take_set(obj, in, mine, input);
	free(in);
	free(mine);
	return err;
}

int pairfuse_object_analyze(struct pairfuse_object *obj)
{
	struct pairfuse_input in = {};
	struct pairfuse_kbtf *k;
	size_t i;
	int err;

	err = describe_maps(obj);
	if (!err)
		err = describe_programs(obj);
	if (err)
		return err;
	k = pairfuse_object_kbtf(obj);
	in.maps = obj->in_maps;
	in.nr_maps = obj->nr_maps;
	in.map_ref = pairfuse_object_map_ref;
	in.map_ref_arg = obj;
	in.rdonly_cast_id = k ? pairfuse_kbtf_vmlinux_func(k, "bpf_rdonly_cast") : 0;
	in.task_pid = k ? pairfuse_kbtf_vmlinux_member(k, "task_struct", "pid") : 0;
	in.task_tgid = k ? pairfuse_kbtf_vmlinux_member(k, "task_struct", "tgid") : 0;
	in.nesting = obj->nesting;
	in.filter = true;
	in.without = obj->without;
	in.clock = obj->exact_clock ||
		   (obj->mode == PAIRFUSE_MODE_LOADED && !pairfuse_device_has_counter()) ?
			   PAIRFUSE_CLOCK_MONOTONIC : PAIRFUSE_CLOCK_COUNTER;
	in.no_groups = obj->mode == PAIRFUSE_MODE_LOADED && !pairfuse_device_has_group();
	err = analyze_sets(obj, &in);
	if (err)
		return err;
	if (obj->mode == PAIRFUSE_MODE_LOADED)
		drop_substitutes(obj);
	add_left_out(obj);
	for (i = 0; i < obj->nr_pairs; i++)
		pairfuse_object_judge(obj, &obj->pairs[i]);
	return 0;
}

/* A map that was refused for what is left there is something to look at. */
bool pairfuse_object_is_carrier(const struct pairfuse_object *obj, const struct bpf_map *map)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_pair *a = obj->pairs[i].analysis;

		if (a && a->carrier >= 0 && a->reason != PAIRFUSE_REASON_NOT_CONSUMED &&
		    pairfuse_object_map(obj, a->carrier) == map)
			return true;
	}
	return false;
}
