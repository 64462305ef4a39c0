// SPDX-License-Identifier: GPL-2.0
/*
 * Setting `const volatile` variables from text, by their BTF type.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "log.h"
#include "object.h"
#include "options.h"

static const struct btf_type *skip_mods(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

const char *pairfuse_type_name(const struct btf *btf, __u32 type_id, char *buf, size_t len)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);
	const struct btf_array *arr;
	size_t used;

	while (t && btf_is_mod(t)) {
		type_id = t->type;
		t = btf__type_by_id(btf, type_id);
	}
	if (!t)
		snprintf(buf, len, "void");
	else if (btf_is_array(t)) {
		arr = btf_array(t);
		pairfuse_type_name(btf, arr->type, buf, len);
		used = strlen(buf);
		snprintf(buf + used, len - used, "[%u]", arr->nelems);
	} else if (btf_is_any_enum(t))
		snprintf(buf, len, "enum %s", name_of(btf, t));
	else if (btf_is_struct(t))
		snprintf(buf, len, "struct %s", name_of(btf, t));
	else if (btf_is_union(t))
		snprintf(buf, len, "union %s", name_of(btf, t));
	else if (btf_is_ptr(t))
		snprintf(buf, len, "pointer");
	else
		snprintf(buf, len, "%s", name_of(btf, t));
	return buf;
}

/* --- values --- */

static int parse_bool(const char *text, void *data, size_t size, char *why, size_t why_len)
{
	static const char *const no[] = { "0", "false", "no", "n", "off" };
	static const char *const yes[] = { "1", "true", "yes", "y", "on" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			memset(data, 0, size);
			*(unsigned char *)data = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	snprintf(why, why_len, "'%s' is not a bool: need true or false", text);
	return -EINVAL;
}

static void store(void *data, size_t size, __u64 value)
{
	memcpy(data, &value, size);	/* little endian, as BPF objects for x86 are */
}

static int parse_int(const char *text, bool is_signed, void *data, size_t size, char *why,
		     size_t why_len)
{
	unsigned int bits = size * 8;
	bool negative = text[0] == '-';
	const char *digits = text + (negative || text[0] == '+');
	__u64 magnitude, max;
	char *end;

	if (size > sizeof(__u64) || !isdigit((unsigned char)*digits))
		goto malformed;
	errno = 0;
	magnitude = strtoull(digits, &end, 0);
	if (*end)
		goto malformed;

	max = is_signed ? (1ULL << (bits - 1)) - !negative :
	      negative	? 0 :
			  ~0ULL >> (64 - bits);
	if (errno == ERANGE || magnitude > max) {
		if (is_signed)
			snprintf(why, why_len, "'%s' does not fit: need %lld to %lld", text,
				 (long long)(~0ULL << (bits - 1)),
				 (long long)((1ULL << (bits - 1)) - 1));
		else
			snprintf(why, why_len, "'%s' does not fit: need 0 to %llu", text,
				 ~0ULL >> (64 - bits));
		return -ERANGE;
	}
	store(data, size, negative ? -magnitude : magnitude);
	return 0;

malformed:
	snprintf(why, why_len, "'%s' is not an integer", text);
	return -EINVAL;
}

static int parse_enum(const struct btf *btf, const struct btf_type *t, const char *text,
		      void *data, size_t size, char *why, size_t why_len)
{
	size_t used;
	const char *name;
	__u64 value;
	int i;

	if (isdigit((unsigned char)text[0]) || text[0] == '-')
		return parse_int(text, btf_kflag(t), data, size, why, why_len);

	used = snprintf(why, why_len, "'%s' is not in enum %s: need one of", text, name_of(btf, t));
	for (i = 0; i < btf_vlen(t); i++) {
		if (btf_is_enum64(t)) {
			name = btf__name_by_offset(btf, btf_enum64(t)[i].name_off);
			value = btf_enum64_value(&btf_enum64(t)[i]);
		} else {
			name = btf__name_by_offset(btf, btf_enum(t)[i].name_off);
			value = (__s64)btf_enum(t)[i].val;
		}
		if (!strcmp(text, name)) {
			store(data, size, value);
			return 0;
		}
		if (used < why_len)
			used += snprintf(why + used, why_len - used, "%s %s", i ? "," : "", name);
	}
	return -EINVAL;
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return btf_is_int(t) && t->size == 1 &&
	       ((btf_int_encoding(t) & BTF_INT_CHAR) || !strcmp(name_of(btf, t), "char"));
}

static int parse_array(const struct btf *btf, const struct btf_array *arr, const char *text,
		       void *data, size_t size, char *why, size_t why_len)
{
	const struct btf_type *elem = skip_mods(btf, arr->type);
	size_t elem_size, n = 0;
	char *copy, *item, *next;
	int err = 0;

	if (!arr->nelems || !elem)
		return -EINVAL;
	if (is_char(btf, elem)) {
		if (strlen(text) >= size) {
			snprintf(why, why_len, "string of %zu characters does not fit: need at most %zu",
				 strlen(text), size - 1);
			return -ERANGE;
		}
		memset(data, 0, size);
		memcpy(data, text, strlen(text));
		return 0;
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	elem_size = size / arr->nelems;
	memset(data, 0, size);
	for (next = copy; (item = strsep(&next, ",")) && !err; n++) {
		if (n == arr->nelems) {
			snprintf(why, why_len, "too many values: need at most %u", arr->nelems);
			err = -ERANGE;
			break;
		}
		err = pairfuse_value_parse(btf, arr->type, item, (char *)data + n * elem_size,
					   elem_size, why, why_len);
	}
	free(copy);
	return err;
}

int pairfuse_value_parse(const struct btf *btf, __u32 type_id, const char *text, void *data,
			 size_t size, char *why, size_t why_len)
{
	const struct btf_type *t = skip_mods(btf, type_id);

	why[0] = '\0';
	if (t && btf_is_array(t))
		return parse_array(btf, btf_array(t), text, data, size, why, why_len);
	if (t && (btf_is_int(t) || btf_is_any_enum(t)) && t->size == size) {
		if (btf_is_any_enum(t))
			return parse_enum(btf, t, text, data, size, why, why_len);
		if (btf_int_encoding(t) & BTF_INT_BOOL)
			return parse_bool(text, data, size, why, why_len);
		return parse_int(text, btf_int_encoding(t) & BTF_INT_SIGNED, data, size, why,
				 why_len);
	}
	snprintf(why, why_len, "values of this type cannot be given as text");
	return -EINVAL;
}

/* --- variables --- */

static bool is_option(const struct btf *btf, __u32 type_id)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);
	bool is_const = false, is_volatile = false;

	for (; t && (btf_is_mod(t) || btf_is_typedef(t)); t = btf__type_by_id(btf, t->type)) {
		is_const |= btf_is_const(t);
		is_volatile |= btf_is_volatile(t);
	}
	/* arrays carry the qualifiers on their elements */
	if (t && btf_is_array(t))
		return is_option(btf, btf_array(t)->type);
	return is_const && is_volatile;
}

/* The section of an internal map: libbpf calls the map "object.rodata". */
static const struct btf_type *section_of(const struct btf *btf, const struct bpf_map *map)
{
	const char *name = bpf_map__name(map), *dot = strchr(name, '.');
	__s32 id;

	if (!bpf_map__is_internal(map) || !dot)
		return NULL;
	id = btf__find_by_name_kind(btf, dot, BTF_KIND_DATASEC);
	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

static bool var_in(const struct btf *btf, const struct bpf_map *map, const struct btf_type *sec,
		   int i, struct pairfuse_var *var)
{
	const struct btf_var_secinfo *si = &btf_var_secinfos(sec)[i];
	const struct btf_type *t = btf__type_by_id(btf, si->type);
	size_t map_size = 0;
	char *data = (void *)bpf_map__initial_value((struct bpf_map *)map, &map_size);

	if (!t || !btf_is_var(t) || btf_var(t)->linkage == BTF_VAR_STATIC)
		return false;
	var->name = name_of(btf, t);
	var->type_id = t->type;
	var->size = si->size;
	var->data = data && si->offset + (size_t)si->size <= map_size ? data + si->offset : NULL;
	var->option = is_option(btf, t->type);
	return true;
}

bool pairfuse_rodata_var(const struct bpf_object *obj, size_t n, struct pairfuse_var *var)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_type *sec;
	struct bpf_map *map;
	int i;

	if (!btf)
		return false;
	bpf_object__for_each_map(map, obj) {
		if (!bpf_map__is_internal(map) || !strstr(bpf_map__name(map), ".rodata"))
			continue;
		sec = section_of(btf, map);
		for (i = 0; sec && i < btf_vlen(sec); i++)
			if (var_in(btf, map, sec, i, var) && n-- == 0)
				return true;
	}
	return false;
}

bool pairfuse_find_rodata(const struct bpf_object *obj, const char *name,
			  struct pairfuse_var *var)
{
	size_t n;

	for (n = 0; pairfuse_rodata_var(obj, n, var); n++)
		if (!strcmp(var->name, name))
			return true;
	return false;
}

static void list_options(struct pairfuse_object *obj, const char *name)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	unsigned int nr = 0, best = strlen(name) / 3 + 2, d;
	const char *near = NULL;
	struct pairfuse_var var;
	char type[128];
	size_t n;

	for (n = 0; pairfuse_rodata_var(obj->bpf, n, &var); n++) {
		d = pairfuse_edit_distance(name, var.name, best);
		if (var.option && d < best) {
			near = var.name;
			best = d;
		}
		nr += var.option;
	}
	pairfuse_warn("%s: no option '%s'%s%s%s%s", obj->name, name, near ? ": did you mean '" : "",
		      near ? near : "", near ? "'?" : "",
		      nr ? "; there are:" : "; the object has no options");
	for (n = 0; pairfuse_rodata_var(obj->bpf, n, &var); n++)
		if (var.option)
			pairfuse_warn("  %-20s %s", var.name,
				      pairfuse_type_name(btf, var.type_id, type, sizeof(type)));
}

int pairfuse_object__set_option(struct pairfuse_object *obj, const char *name, const char *value)
{
	const struct btf *btf = bpf_object__btf(obj->bpf);
	struct pairfuse_var var;
	char why[512], type[128];
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	if (!btf) {
		pairfuse_warn("%s: has no BTF, so options cannot be set: compile with -g", obj->name);
		return -EINVAL;
	}
	if (!pairfuse_find_rodata(obj->bpf, name, &var) || !var.option) {
		list_options(obj, name);
		return -ENOENT;
	}
	if (!var.data)
		return -EINVAL;
	err = pairfuse_value_parse(btf, var.type_id, value, var.data, var.size, why, sizeof(why));
	if (err)
		pairfuse_warn("%s: option '%s' (%s): %s", obj->name, name,
			      pairfuse_type_name(btf, var.type_id, type, sizeof(type)), why);
	return err;
}
