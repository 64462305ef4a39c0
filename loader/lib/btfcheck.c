// SPDX-License-Identifier: GPL-2.0
/*
 * The types of an object: whatever refers to a type or a name refers to one that
 * is there, and no type contains itself. libbpf checks that since 1.3 (except the
 * last), older ones follow whatever they find. See elfcheck.c.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "btfcheck.h"

/* Newer than the headers of Debian 12. */
#define KIND_ENUM64	19
#define NR_KINDS	20

#define MAX_TYPES	(1 << 20)
#define MAX_DEPTH	64	/* types inside types */

struct types {
	const char *data;	/* behind the header */
	struct btf_header hdr;
	unsigned int *off;	/* of each type, in data; [0] is void */
	unsigned char *depth;	/* 0: not looked at yet; MAX_DEPTH + 1: being looked at */
	unsigned int nr, cap;
};

static struct btf_type type(const struct types *t, unsigned int id)
{
	struct btf_type bt = { 0 };

	if (id)
		memcpy(&bt, t->data + t->off[id], sizeof(bt));
	return bt;
}

static unsigned int kind_of(const struct types *t, unsigned int id)
{
	return BTF_INFO_KIND(type(t, id).info);
}

/* Word n behind the type's own structure. */
static __u32 extra(const struct types *t, unsigned int id, unsigned int n)
{
	__u32 v;

	memcpy(&v, t->data + t->off[id] + sizeof(struct btf_type) + 4 * n, 4);
	return v;
}

/* Words behind it: for the type, and for each of its members. */
static bool extra_words(unsigned int kind, unsigned int *own, unsigned int *each)
{
	static const unsigned char owns[NR_KINDS] = {
		[BTF_KIND_INT] = 1, [BTF_KIND_ARRAY] = 3, [BTF_KIND_VAR] = 1,
		[BTF_KIND_DECL_TAG] = 1,
	};
	static const unsigned char members[NR_KINDS] = {
		[BTF_KIND_STRUCT] = 3, [BTF_KIND_UNION] = 3, [BTF_KIND_ENUM] = 2,
		[BTF_KIND_FUNC_PROTO] = 2, [BTF_KIND_DATASEC] = 3, [KIND_ENUM64] = 3,
	};

	if (!kind || kind >= NR_KINDS)
		return false;
	*own = owns[kind];
	*each = members[kind];
	return true;
}

static const char *check_header(struct types *t, size_t size)
{
	const struct btf_header *h = &t->hdr;
	const char *strings;

	if (h->magic != BTF_MAGIC || h->hdr_len < sizeof(*h) || h->hdr_len > size)
		return "types without a header";
	size -= h->hdr_len;
	if (h->type_off > size || h->type_len > size - h->type_off || h->type_off % 4 ||
	    h->str_off > size || h->str_len > size - h->str_off)
		return "types beyond the end of their section";
	strings = t->data + h->hdr_len + h->str_off;
	if (!h->str_len || strings[0] || strings[h->str_len - 1])
		return "types without names";
	return NULL;
}

static const char *find_types(struct types *t)
{
	unsigned int at = t->hdr.type_off, end = at + t->hdr.type_len, own, each;
	size_t need;

	t->cap = t->hdr.type_len / sizeof(struct btf_type) + 2;
	if (t->cap > MAX_TYPES)
		return "too many types";
	t->off = calloc(t->cap, sizeof(*t->off));
	t->depth = calloc(t->cap, sizeof(*t->depth));
	if (!t->off || !t->depth)
		return "no memory to look at its types";
	for (t->nr = 1; at < end; t->nr++) {
		struct btf_type bt;

		if (end - at < sizeof(bt))
			return "half a type";
		memcpy(&bt, t->data + at, sizeof(bt));
		if (!extra_words(BTF_INFO_KIND(bt.info), &own, &each))
			return "a type of no known kind";
		need = sizeof(bt) + 4 * (own + (size_t)each * BTF_INFO_VLEN(bt.info));
		if (end - at < need)
			return "half a type";
		t->off[t->nr] = at;
		at += need;
	}
	return NULL;
}

static bool has_name(const struct types *t, __u32 name)
{
	return name < t->hdr.str_len;
}

/* Variables; kfuncs are functions. */
static bool in_section(const struct types *t, unsigned int id)
{
	return kind_of(t, id) == BTF_KIND_VAR || kind_of(t, id) == BTF_KIND_FUNC;
}

/* Types and names that the members of a type refer to. */
static bool check_members(const struct types *t, unsigned int id, unsigned int kind)
{
	unsigned int i, vlen = BTF_INFO_VLEN(type(t, id).info);
	bool ok = true;

	for (i = 0; i < vlen; i++) {
		switch (kind) {
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			ok &= has_name(t, extra(t, id, 3 * i)) && extra(t, id, 3 * i + 1) < t->nr;
			break;
		case BTF_KIND_ENUM:
			ok &= has_name(t, extra(t, id, 2 * i));
			break;
		case KIND_ENUM64:
			ok &= has_name(t, extra(t, id, 3 * i));
			break;
		case BTF_KIND_FUNC_PROTO:
			ok &= has_name(t, extra(t, id, 2 * i)) && extra(t, id, 2 * i + 1) < t->nr;
			break;
		case BTF_KIND_DATASEC:
			ok &= extra(t, id, 3 * i) < t->nr && in_section(t, extra(t, id, 3 * i));
			break;
		}
	}
	return ok;
}

static bool check_type(const struct types *t, unsigned int id)
{
	struct btf_type bt = type(t, id);
	unsigned int kind = BTF_INFO_KIND(bt.info);

	if (!has_name(t, bt.name_off))
		return false;
	switch (kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		if (bt.type >= t->nr)
			return false;
		break;
	case BTF_KIND_FUNC:
		if (bt.type >= t->nr || kind_of(t, bt.type) != BTF_KIND_FUNC_PROTO)
			return false;
		break;
	case BTF_KIND_ARRAY:
		if (extra(t, id, 0) >= t->nr || extra(t, id, 1) >= t->nr)
			return false;
		break;
	}
	return check_members(t, id, kind);
}

/* --- types inside types --- */

static bool measure(struct types *t, unsigned int id, unsigned int level, unsigned int *depth);

static bool inside(struct types *t, unsigned int id, unsigned int level, unsigned int *most)
{
	unsigned int depth;

	if (!measure(t, id, level + 1, &depth))
		return false;
	if (depth + 1 > *most)
		*most = depth + 1;
	return *most <= MAX_DEPTH;
}

static bool contents(struct types *t, unsigned int id, unsigned int level, unsigned int *most)
{
	struct btf_type bt = type(t, id);
	unsigned int i, kind = BTF_INFO_KIND(bt.info);

	switch (kind) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return inside(t, bt.type, level, most);
	case BTF_KIND_ARRAY:
		return inside(t, extra(t, id, 0), level, most);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (i = 0; i < BTF_INFO_VLEN(bt.info); i++)
			if (!inside(t, extra(t, id, 3 * i + 1), level, most))
				return false;
	}
	return true;
}

/* How deep a type is; false: too deep, or it contains itself. */
static bool measure(struct types *t, unsigned int id, unsigned int level, unsigned int *depth)
{
	*depth = 1;
	if (t->depth[id] > MAX_DEPTH || level > MAX_DEPTH)
		return false;
	if (t->depth[id]) {
		*depth = t->depth[id];
		return true;
	}
	t->depth[id] = MAX_DEPTH + 1;
	if (!contents(t, id, level, depth))
		return false;
	t->depth[id] = *depth;
	return true;
}

static const char *check_types(struct types *t)
{
	unsigned int id, depth;

	for (id = 1; id < t->nr; id++)
		if (!check_type(t, id))
			return "a type that refers to what is not there";
	for (id = 1; id < t->nr; id++)
		if (!measure(t, id, 0, &depth))
			return "a type that contains itself";
	return NULL;
}

const char *pairfuse_btf_check(const void *data, size_t size)
{
	struct types t = { .data = data };
	const char *what;

	if (size < sizeof(t.hdr))
		return "types without a header";
	memcpy(&t.hdr, data, sizeof(t.hdr));
	what = check_header(&t, size);
	t.data += what ? 0 : t.hdr.hdr_len;
	if (!what)
		what = find_types(&t);
	if (!what)
		what = check_types(&t);
	free(t.off);
	free(t.depth);
	return what;
}

/* --- .BTF.ext --- */

struct ext_header {
	__u16 magic;
	__u8 version, flags;
	__u32 hdr_len;
	__u32 func_info_off, func_info_len, line_info_off, line_info_len;
	__u32 core_relo_off, core_relo_len;	/* behind the header */
};

static __u32 word(const unsigned char *data)
{
	__u32 v;

	memcpy(&v, data, sizeof(v));
	return v;
}

/*
 * CO-RE relocations: the size of a record, then for each section its name, how
 * many there are, and records that begin with the offset of the instruction. One
 * that is not at an instruction makes libbpf 1.1 return without freeing. Tables
 * that do not add up are libbpf's to refuse.
 */
static bool relocations_aligned(const unsigned char *data, size_t size)
{
	size_t rec, at = 4, n;

	if (size < 4)
		return true;
	rec = word(data);
	if (rec < 4)
		return true;
	while (size - at >= 8) {
		n = word(data + at + 4);
		for (at += 8; n && size - at >= rec; n--, at += rec)
			if (word(data + at) % sizeof(struct bpf_insn))
				return false;
		if (n)
			break;
	}
	return true;
}

const char *pairfuse_btf_ext_check(const void *data, size_t size)
{
	struct ext_header h;

	if (size < sizeof(h))
		return NULL;	/* older ones have no such relocations */
	memcpy(&h, data, sizeof(h));
	if (h.magic != BTF_MAGIC || h.hdr_len < sizeof(h) || h.hdr_len > size)
		return NULL;
	size -= h.hdr_len;
	if (h.core_relo_off > size || h.core_relo_len > size - h.core_relo_off)
		return NULL;
	if (relocations_aligned((const unsigned char *)data + h.hdr_len + h.core_relo_off,
				h.core_relo_len))
		return NULL;
	return "a relocation in the middle of an instruction";
}
