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

static bool same_place(const struct pairfuse_prog *a, const struct pairfuse_prog *b)
{
	return a->target && b->target && !strcmp(a->target, b->target) &&
	       pairfuse_hook_is_entry(a->at) == pairfuse_hook_is_entry(b->at);
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

static bool share_map(const struct pairfuse_object *obj, const struct pairfuse_prog *a,
		      const struct pairfuse_prog *b)
{
	size_t m;

	for (m = 0; m < obj->nr_maps; m++)
		if (!obj->in_maps[m].shown && refers_to(obj, a, m) && refers_to(obj, b, m))
			return true;
	return false;
}

/* A program of the other kind at the same end of the same function, over the same map. */
static bool counterpart(const struct pairfuse_object *obj, size_t p, size_t *other)
{
	const struct pairfuse_prog *a = &obj->in_progs[p], *b;
	size_t q;

	if (!is_probe(a) && !pairfuse_hook_is_typed(a->at))
		return false;
	for (q = 0; q < obj->nr_in_progs; q++) {
		b = &obj->in_progs[q];
		if ((is_probe(a) ? pairfuse_hook_is_typed(b->at) : is_probe(b)) &&
		    same_place(a, b) && share_map(obj, a, b)) {
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
