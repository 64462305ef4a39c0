// SPDX-License-Identifier: GPL-2.0
/*
 * Values of BTF types; see value.h.
 */
#include <string.h>

#include <bpf/btf.h>

#include "value.h"

#define MAX_DEPTH 16		/* nested structs; broken BTF may have loops */

const struct btf_type *pairfuse_type(const struct btf *btf, __u32 type_id)
{
	const struct btf_type *t = btf ? btf__type_by_id(btf, type_id) : NULL;
	int i;

	for (i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)); i++)
		t = i < MAX_DEPTH ? btf__type_by_id(btf, t->type) : NULL;
	return t;
}

static const char *name_of(const struct btf *btf, __u32 off)
{
	const char *name = btf__name_by_offset(btf, off);

	return name ? name : "";
}

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	return btf_is_int(t) && t->size == 1 &&
	       ((btf_int_encoding(t) & BTF_INT_CHAR) || !strcmp(name_of(btf, t->name_off), "char"));
}

bool pairfuse_is_string(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_type *elem;

	if (!t || !btf_is_array(t))
		return false;
	elem = pairfuse_type(btf, btf_array(t)->type);
	return elem && is_char(btf, elem);
}

__u64 pairfuse_load_int(const void *data, size_t size, bool is_signed)
{
	__u64 value = 0;

	memcpy(&value, data, size);
	if (is_signed && size && size < sizeof(value) && (value >> (size * 8 - 1)))
		value |= ~0ULL << (size * 8);
	return value;
}

/* Bytes of a type, 0 when not known. */
static size_t size_of(const struct btf *btf, __u32 type_id)
{
	__s64 size = type_id ? btf__resolve_size(btf, type_id) : 0;

	return size > 0 ? size : 0;
}

static bool is_signed(const struct btf_type *t)
{
	return btf_is_int(t) ? btf_int_encoding(t) & BTF_INT_SIGNED : btf_kflag(t);
}

/* The enumerator's name; NULL: none. 32 bit enums of older compilers lack the sign flag. */
static const char *enum_name(const struct btf *btf, const struct btf_type *t, __u64 value)
{
	int i;

	for (i = 0; i < btf_vlen(t); i++) {
		if (btf_is_enum64(t)) {
			if (btf_enum64_value(&btf_enum64(t)[i]) == value)
				return name_of(btf, btf_enum64(t)[i].name_off);
		} else if (btf_enum(t)[i].val == (__s32)value) {
			return name_of(btf, btf_enum(t)[i].name_off);
		}
	}
	return NULL;
}

/* One of the two is NULL: where scalars go. */
struct sink {
	FILE *out;
	struct pairfuse_json *w;
	const char *name;
};

static void put_uint(struct sink *s, __u64 v)
{
	if (s->w)
		pairfuse_json_uint(s->w, s->name, v);
	else
		fprintf(s->out, "%llu", (unsigned long long)v);
}

static void put_int(struct sink *s, __s64 v)
{
	if (s->w)
		pairfuse_json_int(s->w, s->name, v);
	else
		fprintf(s->out, "%lld", (long long)v);
}

static void put_string(struct sink *s, const char *str, size_t len)
{
	size_t i;

	if (s->w) {
		pairfuse_json_string_n(s->w, s->name, str, len);
		return;
	}
	for (i = 0; i < len; i++)	/* no control characters on a terminal */
		fputc((unsigned char)str[i] < ' ' || str[i] == 0x7f ? '?' : str[i], s->out);
}

static void put_unknown(struct sink *s)
{
	if (s->w)
		pairfuse_json_null(s->w, s->name);
	else
		fputc('?', s->out);
}

static void put_hex(struct sink *s, const void *data, size_t size)
{
	const unsigned char *p = data;
	char byte[4];
	size_t i;

	if (!s->w) {
		for (i = 0; i < size; i++)
			fprintf(s->out, "%s%02x", i ? " " : "", p[i]);
		return;
	}
	pairfuse_json_array(s->w, s->name);
	for (i = 0; i < size; i++) {
		snprintf(byte, sizeof(byte), "%02x", p[i]);
		pairfuse_json_string(s->w, NULL, byte);
	}
	pairfuse_json_array_end(s->w);
}

static void put_number(struct sink *s, const struct btf *btf, const struct btf_type *t, __u64 v)
{
	const char *name = btf_is_any_enum(t) ? enum_name(btf, t, v) : NULL;

	if (name)
		put_string(s, name, strlen(name));
	else if (btf_is_int(t) && (btf_int_encoding(t) & BTF_INT_BOOL)) {
		if (s->w)
			pairfuse_json_bool(s->w, s->name, v);
		else
			fputs(v ? "true" : "false", s->out);
	} else if (is_signed(t))
		put_int(s, v);
	else
		put_uint(s, v);
}

static void put_float(struct sink *s, const void *data, size_t size)
{
	double d;
	float f;

	if (size == sizeof(f)) {
		memcpy(&f, data, size);
		d = f;
	} else if (size == sizeof(d)) {
		memcpy(&d, data, size);
	} else {
		put_hex(s, data, size);
		return;
	}
	if (s->w)
		pairfuse_json_double(s->w, s->name, d);
	else
		fprintf(s->out, "%g", d);
}

static void put_scalar(struct sink *s, const struct btf *btf, const struct btf_type *t,
		       const void *data)
{
	char text[24];

	if (btf_is_ptr(t)) {
		snprintf(text, sizeof(text), "0x%llx",
			 (unsigned long long)pairfuse_load_int(data, 8, false));
		put_string(s, text, strlen(text));
	} else if (btf_is_float(t)) {
		put_float(s, data, t->size);
	} else if ((btf_is_int(t) || btf_is_any_enum(t)) && t->size <= sizeof(__u64)) {
		put_number(s, btf, t, pairfuse_load_int(data, t->size, is_signed(t)));
	} else {
		put_hex(s, data, t->size);
	}
}

static __u64 load_bits(const struct btf_type *t, const void *data, size_t size, __u32 bit_offset,
		       __u32 bit_size)
{
	__u32 bytes = (bit_offset % 8 + bit_size + 7) / 8;
	const char *p = (const char *)data + bit_offset / 8;
	unsigned __int128 wide = 0;
	__u64 value;

	if (bit_offset / 8 + bytes > size || bit_size > 64)
		return 0;
	memcpy(&wide, p, bytes);
	value = (__u64)(wide >> (bit_offset % 8));
	if (bit_size < 64)
		value &= (1ULL << bit_size) - 1;
	if (is_signed(t) && bit_size < 64 && value >> (bit_size - 1))
		value |= ~0ULL << bit_size;
	return value;
}

/* --- whole values --- */

static void put(struct sink *s, const struct btf *btf, __u32 type_id, const void *data,
		size_t size, int depth);

static void put_array(struct sink *s, const struct btf *btf, const struct btf_type *t,
		      const void *data, int depth)
{
	const struct btf_array *arr = btf_array(t);
	size_t elem_size = size_of(btf, arr->type);
	struct sink elem = { s->out, s->w, NULL };
	__u32 i;

	if (pairfuse_is_string(btf, t)) {
		put_string(s, data, strnlen(data, arr->nelems));
		return;
	}
	if (s->w)
		pairfuse_json_array(s->w, s->name);
	else
		fputc('[', s->out);
	for (i = 0; i < arr->nelems; i++) {
		if (!s->w && i)
			fputs(", ", s->out);
		put(&elem, btf, arr->type, (const char *)data + i * elem_size, elem_size,
		    depth + 1);
	}
	if (s->w)
		pairfuse_json_array_end(s->w);
	else
		fputc(']', s->out);
}

static void put_struct(struct sink *s, const struct btf *btf, const struct btf_type *t,
		       const void *data, size_t size, int depth)
{
	const struct btf_member *m = btf_members(t);
	struct sink member = { s->out, s->w, NULL };
	__u32 i, bits, off;

	if (s->w)
		pairfuse_json_object(s->w, s->name);
	else
		fputc('{', s->out);
	for (i = 0; i < btf_vlen(t); i++, m++) {
		off = btf_member_bit_offset(t, i);
		bits = btf_member_bitfield_size(t, i);
		member.name = name_of(btf, m->name_off);
		if (!s->w)
			fprintf(s->out, "%s%s=", i ? ", " : "", member.name);
		if (bits && pairfuse_type(btf, m->type))
			put_number(&member, btf, pairfuse_type(btf, m->type),
				   load_bits(pairfuse_type(btf, m->type), data, size, off, bits));
		else
			put(&member, btf, m->type, (const char *)data + off / 8,
			    off / 8 < size ? size - off / 8 : 0, depth + 1);
	}
	if (s->w)
		pairfuse_json_object_end(s->w);
	else
		fputc('}', s->out);
}

static void put(struct sink *s, const struct btf *btf, __u32 type_id, const void *data,
		size_t size, int depth)
{
	const struct btf_type *t = pairfuse_type(btf, type_id);
	size_t need = t ? size_of(btf, type_id) : 0;

	if (!type_id || !btf)
		put_hex(s, data, size);
	else if (!t || depth >= MAX_DEPTH || need > size)
		put_unknown(s);
	else if (btf_is_array(t))
		put_array(s, btf, t, data, depth);
	else if (btf_is_composite(t))
		put_struct(s, btf, t, data, need, depth);
	else if (btf_is_ptr(t) || btf_is_float(t) || btf_is_int(t) || btf_is_any_enum(t))
		put_scalar(s, btf, t, data);
	else
		put_unknown(s);
}

void pairfuse_value_text(FILE *out, const struct btf *btf, __u32 type_id, const void *data,
			 size_t size)
{
	struct sink s = { out, NULL, NULL };

	put(&s, btf, type_id, data, size, 0);
}

void pairfuse_value_json(struct pairfuse_json *w, const char *name, const struct btf *btf,
			 __u32 type_id, const void *data, size_t size)
{
	struct sink s = { NULL, w, name };

	put(&s, btf, type_id, data, size, 0);
}

/* --- leaves --- */

struct leaves {
	struct pairfuse_leaf *v;
	size_t nr, max;
};

static void add_leaves(struct leaves *l, const struct btf *btf, __u32 type_id, const char *path,
		       __u32 offset, int depth)
{
	const struct btf_type *t = pairfuse_type(btf, type_id);
	struct pairfuse_leaf *leaf;
	const struct btf_member *m;
	char name[sizeof(leaf->name)];
	__u32 i, n, bits;

	if (t && btf_is_composite(t) && depth < MAX_DEPTH) {
		n = btf_is_union(t) && btf_vlen(t) ? 1 : btf_vlen(t);
		for (i = 0, m = btf_members(t); i < n; i++, m++) {
			const char *member = name_of(btf, m->name_off);

			if (snprintf(name, sizeof(name), "%s%s%s", path,
				     path[0] && member[0] ? "." : "", member) >= (int)sizeof(name))
				name[sizeof(name) - 1] = '\0';
			bits = btf_member_bitfield_size(t, i);
			add_leaves(l, btf, m->type, name,
				   bits ? offset : offset + btf_member_bit_offset(t, i) / 8,
				   depth + 1);
			if (bits && l->nr) {
				l->v[l->nr - 1].bit_offset = btf_member_bit_offset(t, i);
				l->v[l->nr - 1].bit_size = bits;
			}
		}
		return;
	}
	if (l->nr == l->max)
		return;
	leaf = &l->v[l->nr++];
	memset(leaf, 0, sizeof(*leaf));
	snprintf(leaf->name, sizeof(leaf->name), "%s", path);
	leaf->type_id = type_id;
	leaf->offset = offset;
}

size_t pairfuse_leaves(const struct btf *btf, __u32 type_id, struct pairfuse_leaf *leaves,
		       size_t max)
{
	struct leaves l = { leaves, 0, max };

	add_leaves(&l, btf, type_id, "", 0, 0);
	return l.nr;
}

void pairfuse_leaf_text(FILE *out, const struct btf *btf, const struct pairfuse_leaf *leaf,
			const void *data, size_t size)
{
	const struct btf_type *t = pairfuse_type(btf, leaf->type_id);
	struct sink s = { out, NULL, NULL };

	if (leaf->offset > size) {
		put_unknown(&s);
		return;
	}
	data = (const char *)data + leaf->offset;
	size -= leaf->offset;
	if (leaf->bit_size && t)
		put_number(&s, btf, t, load_bits(t, data, size, leaf->bit_offset, leaf->bit_size));
	else
		put(&s, btf, leaf->type_id, data, size, 0);
}

/* --- sums --- */

void pairfuse_value_add(const struct btf *btf, __u32 type_id, void *dst, const void *src,
			size_t size)
{
	const struct btf_type *t = pairfuse_type(btf, type_id);
	size_t elem_size, off;
	__u64 sum;
	__u32 i;

	if (!t || size_of(btf, type_id) > size)
		return;
	if (btf_is_array(t) && !pairfuse_is_string(btf, t)) {
		elem_size = size_of(btf, btf_array(t)->type);
		for (i = 0; i < btf_array(t)->nelems; i++)
			pairfuse_value_add(btf, btf_array(t)->type, (char *)dst + i * elem_size,
					   (const char *)src + i * elem_size, elem_size);
	} else if (btf_is_struct(t)) {
		for (i = 0; i < btf_vlen(t); i++) {
			if (btf_member_bitfield_size(t, i))
				continue;
			off = btf_member_bit_offset(t, i) / 8;
			if (off < size)
				pairfuse_value_add(btf, btf_members(t)[i].type, (char *)dst + off,
						   (const char *)src + off, size - off);
		}
	} else if (btf_is_int(t) && t->size <= sizeof(sum) && !is_char(btf, t) &&
		   !(btf_int_encoding(t) & BTF_INT_BOOL)) {
		sum = pairfuse_load_int(dst, t->size, false) +
		      pairfuse_load_int(src, t->size, false);
		memcpy(dst, &sum, t->size);
	}
}
