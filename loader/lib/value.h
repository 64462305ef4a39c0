/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of BTF types: written as text and JSON, taken apart into leaves
 * (columns of a table), summed over CPUs.
 */
#ifndef PAIRFUSE_VALUE_H
#define PAIRFUSE_VALUE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>

#include "json.h"

struct btf;
struct btf_type;

/* The type behind modifiers and typedefs; NULL when the BTF is broken. */
const struct btf_type *pairfuse_type(const struct btf *btf, __u32 type_id);

/* Is it an array of char, that is: a string? */
bool pairfuse_is_string(const struct btf *btf, const struct btf_type *t);

/*
 * Data of unknown type (type_id 0) comes out as hexadecimal bytes. size is what
 * is readable at data; a type that needs more is written as "?" (JSON null).
 */
void pairfuse_value_text(FILE *out, const struct btf *btf, __u32 type_id, const void *data,
			 size_t size);
void pairfuse_value_json(struct pairfuse_json *w, const char *name, const struct btf *btf,
			 __u32 type_id, const void *data, size_t size);

/* A part of a value that is no struct or union. */
struct pairfuse_leaf {
	char name[96];		/* path: "member", "outer.inner"; "" for the whole */
	__u32 type_id;
	__u32 offset;		/* bytes */
	__u32 bit_offset;	/* of a bit field, from the byte above */
	__u32 bit_size;		/* of a bit field, else 0 */
};

/*
 * Take a type apart, up to max leaves; returns their number. Of a union only
 * the first member counts. Types of unknown structure are one leaf.
 */
size_t pairfuse_leaves(const struct btf *btf, __u32 type_id, struct pairfuse_leaf *leaves,
		       size_t max);
void pairfuse_leaf_text(FILE *out, const struct btf *btf, const struct pairfuse_leaf *leaf,
			const void *data, size_t size);

/* An unsigned or signed integer or enum of 1 to 8 bytes, sign-extended. */
__u64 pairfuse_load_int(const void *data, size_t size, bool is_signed);

/*
 * Add src to dst: integers, in arrays and structs too. All else (strings,
 * pointers, enums, bit fields) keeps the value of dst.
 */
void pairfuse_value_add(const struct btf *btf, __u32 type_id, void *dst, const void *src,
			size_t size);

#endif /* PAIRFUSE_VALUE_H */
