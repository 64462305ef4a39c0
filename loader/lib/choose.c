// SPDX-License-Identifier: GPL-2.0
/*
 * Which programs of an object run together?
 *
 * Tools carry programs of which they attach only some: the same pair as fentry
 * and fexit and, for kernels or modules without BTF, as kprobe and kretprobe,
 * both over one map; or programs for functions that exist in some kernels
 * (SEC("?...")). What is never attached cannot touch the map, so it must not
 * count against those that are.
 *
 * When an object is loaded, its programs are known: all that are loaded run, but
 * substitutes. For explaining, the sets that may run together are looked at one
 * by one:
 *
 *	set 0	what libbpf loads by default, without substitutes
 *	set 1	the same with the substitutes instead of what they stand for
 *	others	one for each function with programs that are not loaded by default:
 *		set 0 (or 1) and those
 *
 * A program that nothing can be substituted for is in every set: a tool that has
 * one kprobe more which looks into the map is refused in all of them.
 */
#include <string.h>

#include "choose.h"
#include "hook.h"
#include "insn.h"

static bool same_target(const struct pairfuse_prog *a, const struct pairfuse_prog *b)
{
	return a->target && b->target && !strcmp(a->target, b->target);
}

static bool same_place(const struct pairfuse_prog *a, const struct pairfuse_prog *b)
{
	return same_target(a, b) && pairfuse_hook_is_entry(a->at) == pairfuse_hook_is_entry(b->at);
}

static bool is_probe(const struct pairfuse_prog *p)
{
	return p->at == PAIRFUSE_AT_KPROBE || p->at == PAIRFUSE_AT_KRETPROBE;
}

/* Maps that hold what programs remember; global data does not tell. */
static bool refers_to(const struct pairfuse_object *obj, const struct pairfuse_prog *p, int map)
{
	size_t i;

	for (i = 0; i + 1 < p->nr_insns; i++) {
		if (p->insns[i].code != (BPF_LD | BPF_DW | BPF_IMM))
			continue;
		if (p->insns[i].src_reg &&
		    pairfuse_object_map_ref((void *)obj, &p->insns[i]) == map)
			return true;
		i++;
	}
	return false;
}

static bool is_change(__s32 helper, bool *deletes)
{
	switch (helper) {
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_task_storage_delete:
		*deletes = true;
		return true;
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_task_storage_get:	/* may create it */
		return true;
	}
	return false;
}

/* Does a program store state in a map, or delete it? Which map a call is for: r1 just before. */
static bool changes(const struct pairfuse_object *obj, const struct pairfuse_prog *p, int map,
		    bool *deletes)
{
	bool any = false;
	int r1 = -1;	/* unknown: perhaps this one */
	size_t i;

	for (i = 0; i < p->nr_insns; i++) {
		const struct bpf_insn *insn = &p->insns[i];

		if (pairfuse_insn_is_imm64(insn)) {
			if (insn->dst_reg == 1)
				r1 = insn->src_reg && i + 1 < p->nr_insns ?
					     pairfuse_object_map_ref((void *)obj, insn) : -1;
			i++;
		} else if (pairfuse_insn_is_helper(insn) && (r1 < 0 || r1 == map)) {
			any |= is_change(insn->imm, deletes);
		}
		if (pairfuse_insn_is_call(insn) || (pairfuse_insn_defs(insn) & 1U << 1 &&
						    !pairfuse_insn_is_imm64(insn)))
			r1 = -1;
	}
	return any;
}

/* Does p hand something over by the map, to another program of its kind, or get it? */
static bool hands_over(const struct pairfuse_object *obj, const struct pairfuse_prog *p, int map)
{
	enum bpf_map_type type = obj->in_maps[map].type;
	bool array = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
	size_t i;

	for (i = 0; i < obj->nr_in_progs; i++) {
		const struct pairfuse_prog *q = &obj->in_progs[i];
		bool pair = q->at == pairfuse_hook_partner(p->at) && same_target(p, q);
		bool deletes = false, some;

		if (q == p || same_place(p, q) || !refers_to(obj, q, map) ||
		    (is_probe(p) ? pairfuse_hook_is_typed(q->at) : is_probe(q)))
			continue;
		some = changes(obj, p, map, &deletes);
		some |= changes(obj, q, map, &deletes);
		if (pair ? some || array : deletes)
			return true;
	}
	return false;
}

/* Do the kprobe and kretprobe programs on p's function use the map? */
static bool probes_use(const struct pairfuse_object *obj, const struct pairfuse_prog *p, int map)
{
	size_t i;

	for (i = 0; i < obj->nr_in_progs; i++)
		if (is_probe(&obj->in_progs[i]) && same_target(p, &obj->in_progs[i]) &&
		    refers_to(obj, &obj->in_progs[i], map))
			return true;
	return false;
}

/* Is what p does to be seen in the map? A hash that it only looks into is a filter. */
static bool tells(const struct pairfuse_object *obj, const struct pairfuse_prog *p, int map)
{
	bool deletes = false;

	if (!refers_to(obj, p, map))
		return false;
	return obj->in_maps[map].type != BPF_MAP_TYPE_HASH || changes(obj, p, map, &deletes) ||
	       hands_over(obj, p, map);
}

/*
 * Can p, a kprobe or kretprobe program, do what a typed one does? It has to use all
 * maps of that, and to hand over what that does. Another that is on the same function, and
 * has only a filter or the output in common with it, does something else.
 */
static bool does_the_same(const struct pairfuse_object *obj, const struct pairfuse_prog *p,
			  const struct pairfuse_prog *typed)
{
	bool any = false;
	size_t m;

	for (m = 0; m < obj->nr_maps; m++) {
		if (obj->in_maps[m].shown || !refers_to(obj, typed, m))
			continue;
		if (!probes_use(obj, p, m) ||
		    (hands_over(obj, typed, m) && !hands_over(obj, p, m)))
			return false;
		any |= tells(obj, p, m);
	}
	return any;
}

/* A program of the other kind at the same end of the same function that does the same. */
static bool counterpart(const struct pairfuse_object *obj, size_t p, size_t *other)
{
	const struct pairfuse_prog *a = &obj->in_progs[p], *b;
	size_t q;

	if (!is_probe(a) && !pairfuse_hook_is_typed(a->at))
		return false;
	for (q = 0; q < obj->nr_in_progs; q++) {
		b = &obj->in_progs[q];
		if ((is_probe(a) ? pairfuse_hook_is_typed(b->at) : is_probe(b)) &&
		    same_place(a, b) &&
		    (is_probe(a) ? does_the_same(obj, a, b) : does_the_same(obj, b, a))) {
			*other = q;
			return true;
		}
	}
	return false;
}

bool pairfuse_is_substitute(const struct pairfuse_object *obj, size_t p, size_t *other)
{
	return is_probe(&obj->in_progs[p]) && counterpart(obj, p, other);
}

static bool by_default(const struct pairfuse_object *obj, size_t p)
{
	return !obj->progs[obj->in_index[p]].optional;
}

/* Is p in the set with (or without) substitutes? */
static bool in_set(const struct pairfuse_object *obj, size_t p, bool substitutes)
{
	size_t other;

	return !counterpart(obj, p, &other) || is_probe(&obj->in_progs[p]) == substitutes;
}

/* The first optional program of each function stands for all of them. */
static bool is_first_optional(const struct pairfuse_object *obj, size_t p)
{
	size_t q;

	if (by_default(obj, p))
		return false;
	for (q = 0; q < p; q++)
		if (!by_default(obj, q) && obj->in_progs[q].target && obj->in_progs[p].target &&
		    !strcmp(obj->in_progs[q].target, obj->in_progs[p].target) &&
		    is_probe(&obj->in_progs[q]) == is_probe(&obj->in_progs[p]))
			return false;
	return true;
}

static bool any_substitute(const struct pairfuse_object *obj)
{
	size_t p, other;

	for (p = 0; p < obj->nr_in_progs; p++)
		if (by_default(obj, p) && pairfuse_is_substitute(obj, p, &other))
			return true;
	return false;
}

static void choose_default(const struct pairfuse_object *obj, bool substitutes, bool any, bool *in,
			   bool *mine)
{
	size_t p;

	for (p = 0; p < obj->nr_in_progs; p++) {
		in[p] = by_default(obj, p) && in_set(obj, p, substitutes);
		mine[p] = in[p] && (!any || is_probe(&obj->in_progs[p]) == substitutes);
	}
}

bool pairfuse_choose(const struct pairfuse_object *obj, size_t n, bool *in, bool *mine)
{
	bool any = any_substitute(obj);
	const struct pairfuse_prog *one;
	size_t p, q;

	if (n <= any) {
		choose_default(obj, n == 1, any, in, mine);
		return true;
	}
	n -= 1 + any;
	for (p = 0; p < obj->nr_in_progs; p++)
		if (is_first_optional(obj, p) && n-- == 0)
			break;
	if (p == obj->nr_in_progs)
		return false;
	one = &obj->in_progs[p];
	choose_default(obj, any && is_probe(one), any, in, mine);
	for (q = 0; q < obj->nr_in_progs; q++) {
		mine[q] = q == p ||
			  (!by_default(obj, q) && one->target && obj->in_progs[q].target &&
			   !strcmp(one->target, obj->in_progs[q].target) &&
			   is_probe(one) == is_probe(&obj->in_progs[q]));
		in[q] |= mine[q];
	}
	return true;
}
