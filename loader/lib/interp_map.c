// SPDX-License-Identifier: GPL-2.0
/*
 * Maps of interpreted programs.
 *
 * Elements that a program has written to, created or deleted are *touched*: only
 * these have to be compared after it. What else is in a map (user space and other
 * programs have put it there, one may think) follows from map, key and seed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interp.h"

#define MAX_KEY		1024

enum pairfuse_map_kind pairfuse_map_kind(const struct pairfuse_outside *out, unsigned int map)
{
	if (map >= out->in->nr_maps)
		return PAIRFUSE_MAP_STORAGE;
	switch ((int)out->in->maps[map].type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return PAIRFUSE_MAP_HASH;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return PAIRFUSE_MAP_ARRAY;
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case 32:	/* BPF_MAP_TYPE_CGRP_STORAGE */
		return PAIRFUSE_MAP_STORAGE;
	}
	return PAIRFUSE_MAP_OTHER;
}

bool pairfuse_map_is_percpu(const struct pairfuse_outside *out, unsigned int map)
{
	enum bpf_map_type type;

	if (map >= out->in->nr_maps)
		return false;
	type = out->in->maps[map].type;
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

__u32 pairfuse_map_key_size(const struct pairfuse_outside *out, unsigned int map)
{
	return pairfuse_map_kind(out, map) == PAIRFUSE_MAP_STORAGE ? 8 :
								     out->in->maps[map].key_size;
}

static __u32 value_size(const struct pairfuse_world *w, unsigned int map)
{
	return map >= w->out->in->nr_maps ? w->storage_size : w->out->in->maps[map].value_size;
}

static bool has_elements(struct pairfuse_world *w, unsigned int map)
{
	if (pairfuse_map_kind(w->out, map) != PAIRFUSE_MAP_OTHER &&
	    pairfuse_map_key_size(w->out, map) <= MAX_KEY)
		return true;
	pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "map '%s' of type %d",
			     w->out->in->maps[map].name, w->out->in->maps[map].type);
	return false;
}

static struct pairfuse_elem **bucket(struct pairfuse_world *w, unsigned int map, const void *key,
				     __u32 key_size, __u32 cpu)
{
	struct pairfuse_table *t = &w->tables[map];
	const unsigned char *k = key;
	__u32 h = cpu, i;

	if (!t->buckets) {
		t->buckets = calloc(PAIRFUSE_NR_BUCKETS, sizeof(struct pairfuse_elem *));
		if (!t->buckets) {
			pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "no memory");
			return NULL;
		}
	}
	for (i = 0; i < key_size; i++)
		h = h * 31 + k[i];
	return &t->buckets[(h ^ h >> 8) % PAIRFUSE_NR_BUCKETS];
}

/* Where the element is, or where it would be put; NULL: no memory, or no such map. */
static struct pairfuse_elem **find(struct pairfuse_world *w, unsigned int map, const void *key,
				   __u32 cpu)
{
	struct pairfuse_elem **e;
	__u32 size;

	if (!has_elements(w, map))
		return NULL;
	size = pairfuse_map_key_size(w->out, map);
	cpu = pairfuse_map_is_percpu(w->out, map) ? cpu : 0;
	e = bucket(w, map, key, size, cpu);
	while (e && *e && ((*e)->cpu != cpu || memcmp((*e)->key, key, size)))
		e = &(*e)->next;
	return e;
}

void pairfuse_elem_touch(struct pairfuse_world *w, struct pairfuse_elem *e)
{
	if (e->touched)
		return;
	e->touched = true;
	e->next_touched = w->touched;
	w->touched = e;
}

/* What the value is before a program of ours has written to it. */
static void fill(struct pairfuse_world *w, unsigned int map, const void *key, unsigned char *to,
		 __u32 size)
{
	const struct pairfuse_outside *out = w->out;
	struct pairfuse_outside made = *out;
	const void *known;
	__u32 i, n = pairfuse_map_key_size(out, map);
	__u64 h = pairfuse_mix(out->seed + 2, map);

	memset(to, 0, size);
	if (map >= out->in->nr_maps || out->carrier[map])
		return;
	known = out->contents ? out->contents[map] : NULL;
	known = known ? known : out->in->maps[map].rodata;
	if (known) {
		memcpy(to, known, size);
		return;
	}
	for (i = 0; i < n; i++)
		h = pairfuse_mix(h, ((const unsigned char *)key)[i]);
	/* as made, or as somebody has set it up; the same whenever it is made */
	made.patches = NULL;
	if (h % 4)
		pairfuse_outside_read(&made, PAIRFUSE_VA_KERNEL + (h & 0xffff000), to,
				      size < 4096 ? size : 4096);
}

struct pairfuse_elem *pairfuse_map_add(struct pairfuse_world *w, unsigned int map,
				       const void *key, __u32 cpu, const void *value, __u32 size)
{
	struct pairfuse_elem **first, *e;
	__u32 key_size;
	unsigned char *data;

	if (!has_elements(w, map))
		return NULL;
	cpu = pairfuse_map_is_percpu(w->out, map) ? cpu : 0;
	key_size = pairfuse_map_key_size(w->out, map);
	first = bucket(w, map, key, key_size, cpu);
	e = first ? calloc(1, sizeof(*e) + key_size) : NULL;
	if (!e) {
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "no memory");
		return NULL;
	}
	memcpy(e->key, key, key_size);
	e->map = map;
	e->cpu = cpu;
	e->value = pairfuse_region_new(w, value_size(w, map), true, e);
	data = pairfuse_region(w, e->value, 0, false);
	if (!data) {
		free(e);
		return NULL;
	}
	if (value)
		memcpy(data, value, size);
	else
		fill(w, map, key, data, value_size(w, map));
	e->next = *first;
	*first = e;
	return e;
}

struct pairfuse_elem *pairfuse_map_get(struct pairfuse_world *w, unsigned int map,
				       const void *key, __u32 cpu)
{
	struct pairfuse_elem **e = find(w, map, key, cpu);
	__u32 index;

	if (!e || *e || pairfuse_map_kind(w->out, map) != PAIRFUSE_MAP_ARRAY)
		return e ? *e : NULL;
	memcpy(&index, key, sizeof(index));
	if (index >= w->out->in->maps[map].max_entries)
		return NULL;
	return pairfuse_map_add(w, map, key, cpu, NULL, 0);
}

static void bury(struct pairfuse_world *w, struct pairfuse_elem **at)
{
	struct pairfuse_elem *e = *at;

	*at = e->next;
	e->next = w->grave;
	w->grave = e;
	pairfuse_elem_touch(w, e);
}

__s64 pairfuse_map_update(struct pairfuse_world *w, unsigned int map, const void *key,
			  const void *value, __u64 flags)
{
	__u32 size = has_elements(w, map) ? value_size(w, map) : 0;
	bool array = pairfuse_map_kind(w->out, map) == PAIRFUSE_MAP_ARRAY;
	struct pairfuse_elem *e = pairfuse_map_get(w, map, key, w->out->cpu);
	unsigned char *data;

	if (w->fault)
		return 0;
	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!e && (flags == BPF_EXIST || array))
		return flags == BPF_EXIST ? -ENOENT : -E2BIG;
	if (e && array) {
		data = pairfuse_region(w, e->value, size, true);
		if (data)
			memmove(data, value, size);
		return 0;
	}
	/* a hash map replaces the element: old pointers keep the old value */
	if (e)
		bury(w, find(w, map, key, w->out->cpu));
	e = pairfuse_map_add(w, map, key, w->out->cpu, value, size);
	if (e)
		pairfuse_elem_touch(w, e);
	return 0;
}

__s64 pairfuse_map_delete(struct pairfuse_world *w, unsigned int map, const void *key)
{
	struct pairfuse_elem **e = find(w, map, key, w->out->cpu);

	if (!e)
		return 0;
	if (pairfuse_map_kind(w->out, map) == PAIRFUSE_MAP_ARRAY)
		return -EINVAL;
	if (!*e)
		return -ENOENT;
	bury(w, e);
	return 0;
}

static void free_list(struct pairfuse_world *w, struct pairfuse_elem *e)
{
	struct pairfuse_elem *next;

	for (; e; e = next) {
		next = e->next;
		pairfuse_region_free(w, e->value);
		free(e);
	}
}

void pairfuse_grave_clear(struct pairfuse_world *w)
{
	struct pairfuse_elem *e, *next;

	for (e = w->touched; e; e = next) {
		next = e->next_touched;
		e->touched = false;
		e->next_touched = NULL;
	}
	w->touched = NULL;
	free_list(w, w->grave);
	w->grave = NULL;
}

void pairfuse_map_free_all(struct pairfuse_world *w)
{
	size_t m, b;

	pairfuse_grave_clear(w);
	for (m = 0; m < w->out->in->nr_maps + w->out->nr_storages; m++) {
		for (b = 0; w->tables[m].buckets && b < PAIRFUSE_NR_BUCKETS; b++)
			free_list(w, w->tables[m].buckets[b]);
		free(w->tables[m].buckets);
	}
}

static bool clone_bucket(struct pairfuse_world *to, const struct pairfuse_elem *from,
			 struct pairfuse_elem **at)
{
	struct pairfuse_region *r;
	size_t size;

	for (; from; from = from->next) {
		size = sizeof(*from) + pairfuse_map_key_size(to->out, from->map);
		*at = malloc(size);
		if (!*at)
			return false;
		memcpy(*at, from, size);
		(*at)->next = (*at)->next_touched = NULL;
		(*at)->touched = false;
		r = pairfuse_region_find(to, from->value);
		if (r)
			r->elem = *at;
		at = &(*at)->next;
	}
	return true;
}

bool pairfuse_map_clone_all(struct pairfuse_world *to, const struct pairfuse_world *from)
{
	struct pairfuse_elem **buckets;
	size_t m, b;

	for (m = 0; m < from->out->in->nr_maps + from->out->nr_storages; m++) {
		if (!from->tables[m].buckets)
			continue;
		buckets = calloc(PAIRFUSE_NR_BUCKETS, sizeof(struct pairfuse_elem *));
		to->tables[m].buckets = buckets;
		for (b = 0; b < PAIRFUSE_NR_BUCKETS; b++)
			if (!buckets || !clone_bucket(to, from->tables[m].buckets[b], &buckets[b]))
				return false;
	}
	return true;
}
