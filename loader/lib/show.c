// SPDX-License-Identifier: GPL-2.0
/*
 * Variables: histograms, scalars and structs; see show.h. Maps are in maps.c.
 */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "hist.h"
#include "maps.h"
#include "object.h"
#include "options.h"
#include "show.h"
#include "value.h"

#define MAX_LEAVES 64

/* --- names and units --- */

static const char *string_var(const struct pairfuse_show *s, const char *name)
{
	struct pairfuse_var var;

	if (!s->bpf || !pairfuse_find_rodata(s->bpf, name, &var) || !var.data ||
	    !pairfuse_is_string(s->btf, pairfuse_type(s->btf, var.type_id)) ||
	    !memchr(var.data, 0, var.size))
		return NULL;
	return var.data;
}

static int bool_var(const struct pairfuse_show *s, const char *name)
{
	struct pairfuse_var var;

	if (!s->bpf || !pairfuse_find_rodata(s->bpf, name, &var) || !var.data || var.size != 1)
		return -1;
	return *(const unsigned char *)var.data;
}

/* name is the variable's, without index */
const char *pairfuse_show_unit(const struct pairfuse_show *s, const char *name)
{
	char var[128];
	const char *unit;
	int ms;

	snprintf(var, sizeof(var), "%s_unit", name);
	unit = string_var(s, var);
	if (unit)
		return unit;
	ms = bool_var(s, "in_ms");
	if (ms < 0)
		ms = bool_var(s, "targ_ms");
	return ms < 0 ? "value" : ms ? "msecs" : "usecs";
}

/* The name of an index of a variable; NULL when it has none. */
const char *pairfuse_show_index_name(const struct pairfuse_show *s, const char *name, __u32 index)
{
	const struct btf_type *t;
	struct pairfuse_var var;
	const char *text;
	char names[128];
	size_t len;

	snprintf(names, sizeof(names), "%s_names", name);
	if (!s->bpf || !pairfuse_find_rodata(s->bpf, names, &var) || !var.data)
		return NULL;
	t = pairfuse_type(s->btf, var.type_id);
	if (!t || !btf_is_array(t) || index >= btf_array(t)->nelems ||
	    !pairfuse_is_string(s->btf, pairfuse_type(s->btf, btf_array(t)->type)))
		return NULL;
	len = var.size / btf_array(t)->nelems;
	text = (const char *)var.data + index * len;
	return text[0] && memchr(text, 0, len) ? text : NULL;
}

/* --- histograms --- */

static void members_text(struct pairfuse_show *s, __u32 type_id, const struct pairfuse_hist *h,
			 const void *data, size_t size)
{
	struct pairfuse_leaf leaves[MAX_LEAVES];
	size_t i, n = pairfuse_leaves(s->btf, type_id, leaves, MAX_LEAVES);

	for (i = 0; i < n; i++) {
		if (!leaves[i].name[0] || leaves[i].offset == h->offset)
			continue;
		fprintf(s->out, "  %s ", leaves[i].name);
		pairfuse_leaf_text(s->out, s->btf, &leaves[i], data, size);
		fputc('\n', s->out);
	}
}

/* Trailing empty slots are left out. */
static void slots_json(struct pairfuse_json *w, const __u64 *slots, __u32 nr)
{
	__u32 i;

	while (nr && !slots[nr - 1])
		nr--;
	pairfuse_json_array(w, "log2");
	for (i = 0; i < nr; i++)
		pairfuse_json_uint(w, NULL, slots[i]);
	pairfuse_json_array_end(w);
}

void pairfuse_show_hist_json(struct pairfuse_show *s, const struct pairfuse_hist *h,
			     const char *unit, const void *data)
{
	__u64 slots[PAIRFUSE_HIST_MAX];

	pairfuse_hist_load(h, data, slots);
	pairfuse_json_string(s->w, "unit", unit);
	slots_json(s->w, slots, h->nr_slots);
}

void pairfuse_show_hist_text(struct pairfuse_show *s, const char *title, __u32 type_id,
			     const struct pairfuse_hist *h, const char *unit, const void *data,
			     size_t size)
{
	__u64 slots[PAIRFUSE_HIST_MAX], sum = 0;
	__u32 i;

	pairfuse_hist_load(h, data, slots);
	for (i = 0; i < h->nr_slots; i++)
		sum |= slots[i];
	if (!sum)
		return;
	fprintf(s->out, "%s:\n", title);
	members_text(s, type_id, h, data, size);
	pairfuse_hist_draw(s->out, slots, h->nr_slots, unit);
	fputc('\n', s->out);
}

static void show_hist(struct pairfuse_show *s, const char *name, const char *base, int index,
		      const char *label, __u32 type_id, const struct pairfuse_hist *h,
		      const void *data, size_t size)
{
	const char *unit = pairfuse_show_unit(s, base);
	char title[160];

	if (!s->w) {
		if (label)
			snprintf(title, sizeof(title), "%s[%s]", base, label);
		else
			snprintf(title, sizeof(title), "%s", name);
		pairfuse_show_hist_text(s, title, type_id, h, unit, data, size);
		return;
	}
	pairfuse_json_object(s->w, NULL);
	pairfuse_json_string(s->w, "name", base);
	if (index >= 0)
		pairfuse_json_uint(s->w, "index", index);
	if (label)
		pairfuse_json_string(s->w, "label", label);
	pairfuse_show_hist_json(s, h, unit, data);
	pairfuse_json_object_end(s->w);
}

/* An array of histograms, of one dimension. */
static bool show_hists(struct pairfuse_show *s, const char *name, const struct btf_type *t,
		       const void *data, size_t size)
{
	const struct btf_array *arr = btf_array(t);
	struct pairfuse_hist h;
	char indexed[160];
	size_t elem_size;
	__u32 i;

	/* "hists" of plain arrays: the name of the elements is the variable's */
	if (!arr->nelems || !pairfuse_hist_find(s->btf, arr->type, "hist", &h))
		return false;
	elem_size = size / arr->nelems;
	for (i = 0; i < arr->nelems; i++) {
		snprintf(indexed, sizeof(indexed), "%s[%u]", name, i);
		show_hist(s, indexed, name, i, pairfuse_show_index_name(s, name, i), arr->type, &h,
			  (const char *)data + i * elem_size, elem_size);
	}
	return true;
}

/* --- the rest --- */

static void put_name(FILE *out, int used)
{
	fprintf(out, "%*s", used < 24 ? 25 - used : 1, "");
}

/* An array whose indices have names: a line each. */
static bool show_named(struct pairfuse_show *s, const char *name, const struct btf_type *t,
		       const void *data, size_t size)
{
	const struct btf_array *arr = btf_array(t);
	const char *index;
	size_t elem_size;
	__u32 i;

	if (s->w || !arr->nelems || !pairfuse_show_index_name(s, name, 0))
		return false;
	elem_size = size / arr->nelems;
	for (i = 0; i < arr->nelems; i++) {
		index = pairfuse_show_index_name(s, name, i);
		put_name(s->out, index ? fprintf(s->out, "%s[%s]", name, index) :
					 fprintf(s->out, "%s[%u]", name, i));
		pairfuse_value_text(s->out, s->btf, arr->type, (const char *)data + i * elem_size,
				    elem_size);
		fputc('\n', s->out);
	}
	return true;
}

static void show_plain(struct pairfuse_show *s, const char *name, __u32 type_id, const void *data,
		       size_t size)
{
	struct pairfuse_leaf leaves[MAX_LEAVES];
	size_t i, n;

	if (s->w) {
		pairfuse_json_object(s->w, NULL);
		pairfuse_json_string(s->w, "name", name);
		pairfuse_value_json(s->w, "value", s->btf, type_id, data, size);
		pairfuse_json_object_end(s->w);
		return;
	}
	n = pairfuse_leaves(s->btf, type_id, leaves, MAX_LEAVES);
	for (i = 0; i < n; i++) {
		put_name(s->out, fprintf(s->out, "%s%s%s", name, leaves[i].name[0] ? "." : "",
					 leaves[i].name));
		pairfuse_leaf_text(s->out, s->btf, &leaves[i], data, size);
		fputc('\n', s->out);
	}
}

void pairfuse_show_var(struct pairfuse_show *s, const char *name, __u32 type_id, const void *data,
		       size_t size)
{
	const struct btf_type *t = pairfuse_type(s->btf, type_id);
	struct pairfuse_hist h;

	if (!t)
		return;
	if (pairfuse_hist_find(s->btf, type_id, name, &h))
		show_hist(s, name, name, -1, NULL, type_id, &h, data, size);
	else if (!btf_is_array(t) || (!show_hists(s, name, t, data, size) &&
				      !show_named(s, name, t, data, size)))
		show_plain(s, name, type_id, data, size);
}

/* A .bss or .data section: one element of an array map. */
static void show_section(struct pairfuse_show *s, const struct bpf_map *map)
{
	const char *dot = strchr(bpf_map__name(map), '.');
	size_t size = bpf_map__value_size(map);
	const struct btf_var_secinfo *si;
	const struct btf_type *sec, *var;
	const char *name;
	__u32 zero = 0;
	char *data;
	__s32 id;
	int i;

	id = dot ? btf__find_by_name_kind(s->btf, dot, BTF_KIND_DATASEC) : 0;
	data = id > 0 ? calloc(1, size) : NULL;
	if (!data)
		return;
	if (bpf_map_lookup_elem(bpf_map__fd(map), &zero, data))
		goto out;
	sec = btf__type_by_id(s->btf, id);
	for (i = 0, si = btf_var_secinfos(sec); i < btf_vlen(sec); i++, si++) {
		var = btf__type_by_id(s->btf, si->type);
		name = btf__name_by_offset(s->btf, var->name_off);
		/* static variables inside of functions ("func.var") are nobody's data */
		if (btf_is_var(var) && !strchr(name, '.') &&
		    si->offset + (size_t)si->size <= size)
			pairfuse_show_var(s, name, var->type, data + si->offset, si->size);
	}
out:
	free(data);
}

static bool is_hidden(const struct pairfuse_object *obj, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	if (bpf_map__fd(map) < 0 || pairfuse_object_is_carrier(obj, map))
		return true;
	return bpf_map__is_internal(map) && !strstr(name, ".bss") && !strstr(name, ".data");
}

static void show_all(const struct pairfuse_object *obj, struct pairfuse_show *s)
{
	struct bpf_map *map;

	if (s->w)
		pairfuse_json_array(s->w, "values");
	bpf_object__for_each_map(map, obj->bpf)
		if (!is_hidden(obj, map) && bpf_map__is_internal(map) && s->btf)
			show_section(s, map);
	if (s->w) {
		pairfuse_json_array_end(s->w);
		pairfuse_json_array(s->w, "maps");
	}
	bpf_object__for_each_map(map, obj->bpf)
		if (!is_hidden(obj, map) && !bpf_map__is_internal(map) &&
		    pairfuse_show_map_known(map))
			pairfuse_show_map(s, map);
	if (s->w)
		pairfuse_json_array_end(s->w);
}

void pairfuse_show_text(const struct pairfuse_object *obj, FILE *out)
{
	struct pairfuse_show s = { obj->bpf, bpf_object__btf(obj->bpf), out, NULL };

	show_all(obj, &s);
	fflush(out);
}

void pairfuse_show_json(const struct pairfuse_object *obj, struct pairfuse_json *w)
{
	struct pairfuse_show s = { obj->bpf, bpf_object__btf(obj->bpf), NULL, w };

	show_all(obj, &s);
}

const char *pairfuse_show_unseen(const struct pairfuse_object *obj, char *buf, size_t len)
{
	struct bpf_map *map;
	size_t used = 0;

	buf[0] = '\0';
	bpf_object__for_each_map(map, obj->bpf)
		if (!is_hidden(obj, map) && !bpf_map__is_internal(map) &&
		    !pairfuse_show_map_known(map) && used < len)
			used += snprintf(buf + used, len - used, "%s%s", used ? ", " : "",
					 bpf_map__name(map));
	return buf;
}
