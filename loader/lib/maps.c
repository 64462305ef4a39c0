// SPDX-License-Identifier: GPL-2.0
/*
 * Maps as tables; see maps.h. The whole map is read first (it moves meanwhile),
 * then sorted by key and written. Values of per-CPU maps are added up.
 */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "maps.h"
#include "value.h"

#define MAX_LEAVES 64

struct rows {
	const struct bpf_map *map;
	size_t key_size, value_size;	/* bytes */
	size_t stride;
	char *data;			/* key, value, key, value ... */
	size_t nr;
};

static bool is_percpu(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return true;
	default:
		return false;
	}
}

static bool is_array(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_ARRAY ||
	       bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY;
}

bool pairfuse_show_map_known(const struct bpf_map *map)
{
	return is_array(map) || is_percpu(map) || bpf_map__type(map) == BPF_MAP_TYPE_HASH ||
	       bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH;
}

/* --- reading --- */

/* buf holds one value for each CPU; the sum goes into the first. */
static bool lookup(const struct pairfuse_show *s, const struct rows *r, const void *key, char *buf,
		   int nr_cpus)
{
	size_t stride = (r->value_size + 7) / 8 * 8;
	int cpu;

	if (bpf_map_lookup_elem(bpf_map__fd(r->map), key, buf))
		return false;
	for (cpu = 1; cpu < nr_cpus; cpu++)
		pairfuse_value_add(s->btf, bpf_map__btf_value_type_id(r->map), buf,
				   buf + cpu * stride, r->value_size);
	return true;
}

static bool all_zero(const char *data, size_t size)
{
	return !size || (!data[0] && !memcmp(data, data + 1, size - 1));
}

static bool append(struct rows *r, const void *key, const void *value)
{
	char *grown, *row;

	if ((r->nr & (r->nr - 1)) == 0) {	/* full at powers of two */
		grown = reallocarray(r->data, r->nr ? 2 * r->nr : 1, r->stride);
		if (!grown)
			return false;
		r->data = grown;
	}
	row = r->data + r->nr++ * r->stride;
	memcpy(row, key, r->key_size);
	memcpy(row + r->key_size, value, r->value_size);
	return true;
}

/*
 * An entry that goes away while it is visited makes the kernel start over, so
 * bound the number of steps.
 */
static void read_rows(const struct pairfuse_show *s, struct rows *r)
{
	int nr_cpus = is_percpu(r->map) ? libbpf_num_possible_cpus() : 1;
	__u64 left = 4 * (__u64)bpf_map__max_entries(r->map) + 16;
	char *key = malloc(r->key_size), *value;
	bool first = true;

	value = calloc(nr_cpus > 0 ? nr_cpus : 1, (r->value_size + 7) / 8 * 8);
	while (key && value && nr_cpus > 0 && left-- &&
	       !bpf_map_get_next_key(bpf_map__fd(r->map), first ? NULL : key, key)) {
		first = false;
		if (!lookup(s, r, key, value, nr_cpus))
			continue;
		if (is_array(r->map) && !s->w && all_zero(value, r->value_size))
			continue;
		if (!append(r, key, value))
			break;
	}
	free(key);
	free(value);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct rows *r = arg;
	__u64 x, y;

	if (r->key_size > sizeof(x))
		return memcmp(a, b, r->key_size);
	x = pairfuse_load_int(a, r->key_size, false);
	y = pairfuse_load_int(b, r->key_size, false);
	return x < y ? -1 : x > y;
}

/* The same key may have been met twice. */
static void sort_rows(struct rows *r)
{
	size_t i, n = 0;

	if (!r->nr)
		return;
	qsort_r(r->data, r->nr, r->stride, compare, r);
	for (i = 1; i < r->nr; i++) {
		if (!memcmp(r->data + n * r->stride, r->data + i * r->stride, r->key_size))
			continue;
		if (++n != i)
			memcpy(r->data + n * r->stride, r->data + i * r->stride, r->stride);
	}
	r->nr = n + 1;
}

/* --- text --- */

struct columns {
	struct pairfuse_leaf leaves[2 * MAX_LEAVES];
	size_t nr_key, nr;
};

static void leaf_cell(const struct pairfuse_show *s, const struct rows *r,
		      const struct columns *c, size_t column, const char *row, char *buf,
		      size_t len)
{
	const struct pairfuse_leaf *leaf = &c->leaves[column];
	bool is_key = column < c->nr_key;
	const char *name;
	FILE *out;

	buf[0] = '\0';
	if (!row) {
		snprintf(buf, len, "%s", leaf->name[0] ? leaf->name : is_key ? "key" : "value");
		return;
	}
	if (is_key && is_array(r->map)) {
		name = pairfuse_show_index_name(s, bpf_map__name(r->map),
						pairfuse_load_int(row, r->key_size, false));
		if (name) {
			snprintf(buf, len, "%s", name);
			return;
		}
	}
	out = fmemopen(buf, len, "w");
	if (!out)
		return;
	pairfuse_leaf_text(out, s->btf, leaf, is_key ? row : row + r->key_size,
			   is_key ? r->key_size : r->value_size);
	fclose(out);
	buf[len - 1] = '\0';
}

static const char *row_at(const struct rows *r, size_t i)
{
	return i ? r->data + (i - 1) * r->stride : NULL;	/* 0: heading */
}

static void table_text(struct pairfuse_show *s, struct rows *r, struct columns *c)
{
	size_t width[2 * MAX_LEAVES] = {}, i, k, len;
	char cell[256];

	for (i = 0; i <= r->nr; i++) {
		for (k = 0; k < c->nr; k++) {
			leaf_cell(s, r, c, k, row_at(r, i), cell, sizeof(cell));
			len = strlen(cell);
			width[k] = len > width[k] ? len : width[k];
		}
	}
	fprintf(s->out, "%s:\n", bpf_map__name(r->map));
	for (i = 0; i <= r->nr; i++) {
		for (k = 0; k < c->nr; k++) {
			leaf_cell(s, r, c, k, row_at(r, i), cell, sizeof(cell));
			fprintf(s->out, "  %-*s", k == c->nr - 1 ? 0 : (int)width[k], cell);
		}
		fputc('\n', s->out);
	}
	fputc('\n', s->out);
}

static void hists_text(struct pairfuse_show *s, struct rows *r, const struct pairfuse_hist *h)
{
	const char *name = bpf_map__name(r->map), *unit = pairfuse_show_unit(s, name);
	struct columns c = {};
	char key[128], title[256];
	size_t i;

	c.nr = c.nr_key = pairfuse_leaves(s->btf, bpf_map__btf_key_type_id(r->map), c.leaves, 1);
	for (i = 1; i <= r->nr; i++) {
		FILE *out = fmemopen(key, sizeof(key), "w");

		if (!out)
			return;
		if (c.leaves[0].name[0])
			pairfuse_value_text(out, s->btf, bpf_map__btf_key_type_id(r->map),
					    row_at(r, i), r->key_size);
		fclose(out);
		if (!c.leaves[0].name[0])
			leaf_cell(s, r, &c, 0, row_at(r, i), key, sizeof(key));
		snprintf(title, sizeof(title), "%s[%s]", name, key);
		pairfuse_show_hist_text(s, title, bpf_map__btf_value_type_id(r->map), h, unit,
					row_at(r, i) + r->key_size, r->value_size);
	}
}

static void map_text(struct pairfuse_show *s, struct rows *r)
{
	__u32 value_type = bpf_map__btf_value_type_id(r->map);
	struct pairfuse_hist h;
	struct columns c = {};

	if (!r->nr)
		return;
	if (pairfuse_hist_find(s->btf, value_type, bpf_map__name(r->map), &h)) {
		hists_text(s, r, &h);
		return;
	}
	c.nr_key = pairfuse_leaves(s->btf, bpf_map__btf_key_type_id(r->map), c.leaves, MAX_LEAVES);
	c.nr = c.nr_key +
	       pairfuse_leaves(s->btf, value_type, c.leaves + c.nr_key, MAX_LEAVES);
	table_text(s, r, &c);
}

/* --- JSON --- */

static void entry_json(struct pairfuse_show *s, const struct rows *r, const char *row)
{
	__u32 value_type = bpf_map__btf_value_type_id(r->map);
	const char *name = bpf_map__name(r->map), *label;
	struct pairfuse_hist h;

	pairfuse_json_object(s->w, NULL);
	pairfuse_value_json(s->w, "key", s->btf, bpf_map__btf_key_type_id(r->map), row,
			    r->key_size);
	if (is_array(r->map)) {
		label = pairfuse_show_index_name(s, name, pairfuse_load_int(row, r->key_size, 0));
		if (label)
			pairfuse_json_string(s->w, "label", label);
	}
	pairfuse_value_json(s->w, "value", s->btf, value_type, row + r->key_size, r->value_size);
	if (pairfuse_hist_find(s->btf, value_type, name, &h))
		pairfuse_show_hist_json(s, &h, pairfuse_show_unit(s, name), row + r->key_size);
	pairfuse_json_object_end(s->w);
}

static void map_json(struct pairfuse_show *s, const struct rows *r)
{
	size_t i;

	pairfuse_json_object(s->w, NULL);
	pairfuse_json_string(s->w, "name", bpf_map__name(r->map));
	pairfuse_json_bool(s->w, "per_cpu_sum", is_percpu(r->map));
	pairfuse_json_array(s->w, "entries");
	for (i = 1; i <= r->nr; i++)
		entry_json(s, r, row_at(r, i));
	pairfuse_json_array_end(s->w);
	pairfuse_json_object_end(s->w);
}

void pairfuse_show_map(struct pairfuse_show *s, const struct bpf_map *map)
{
	struct rows r = {
		.map = map,
		.key_size = bpf_map__key_size(map),
		.value_size = bpf_map__value_size(map),
	};

	r.stride = r.key_size + r.value_size;
	read_rows(s, &r);
	sort_rows(&r);
	if (s->w)
		map_json(s, &r);
	else
		map_text(s, &r);
	free(r.data);
}
