/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data of a loaded object, through its BTF: global variables, hash and
 * array maps. Carrier maps and .rodata are left out.
 *
 * Conventions for authors of objects:
 *   VAR_names  an array of strings in .rodata: names of the indices of VAR
 *   VAR_unit   a string in .rodata: what the histogram VAR counts ("bytes");
 *              without it an option in_ms or targ_ms chooses between msecs and
 *              usecs
 */
#ifndef PAIRFUSE_SHOW_H
#define PAIRFUSE_SHOW_H

#include <linux/types.h>
#include <stdio.h>

#include "json.h"

struct pairfuse_object;

/* Tables, bars, "name value" lines. */
void pairfuse_show_text(const struct pairfuse_object *obj, FILE *out);

/* Members "values" and "maps" of the open JSON object. */
void pairfuse_show_json(const struct pairfuse_object *obj, struct pairfuse_json *w);

/* Names of maps whose content is not shown, ", " separated; "" when none. */
const char *pairfuse_show_unseen(const struct pairfuse_object *obj, char *buf, size_t len);

/* --- parts, for tests --- */

struct bpf_object;
struct btf;

struct pairfuse_show {
	const struct bpf_object *bpf; /* for names and units; may be NULL */
	const struct btf *btf;
	FILE *out;		/* one of the two is NULL */
	struct pairfuse_json *w;
};

/* A variable and what is in it. */
void pairfuse_show_var(struct pairfuse_show *s, const char *name, __u32 type_id,
		       const void *data, size_t size);

#endif /* PAIRFUSE_SHOW_H */
