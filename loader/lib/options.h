/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of an object: its `const volatile` global variables, which
 * libbpf keeps in .rodata until the object is loaded.
 */
#ifndef PAIRFUSE_OPTIONS_H
#define PAIRFUSE_OPTIONS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct bpf_object;
struct btf;

/* A global variable of the object, anywhere. */
struct pairfuse_var {
	const char *name;
	__u32 type_id;		/* with modifiers */
	void *data;		/* initial value; NULL: none */
	size_t size;		/* bytes */
	bool option;		/* const volatile */
};

/*
 * The n-th variable of the .rodata sections; false behind the last. Static
 * variables are left out: format strings and the like.
 */
bool pairfuse_rodata_var(const struct bpf_object *obj, size_t n, struct pairfuse_var *var);

bool pairfuse_find_rodata(const struct bpf_object *obj, const char *name,
			  struct pairfuse_var *var);

/*
 * Write text as a value of a BTF type; -EINVAL: no such value (or a type that
 * text cannot express), -ERANGE: does not fit. why says it in words.
 */
int pairfuse_value_parse(const struct btf *btf, __u32 type_id, const char *text, void *data,
			 size_t size, char *why, size_t why_len);

/* "u32", "char[16]", "enum units" */
const char *pairfuse_type_name(const struct btf *btf, __u32 type_id, char *buf, size_t len);

#endif /* PAIRFUSE_OPTIONS_H */
