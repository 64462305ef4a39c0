/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's BTF says about functions: their ids, their calling
 * convention, and names near to a misspelt one.
 */
#ifndef PAIRFUSE_KBTF_H
#define PAIRFUSE_KBTF_H

#include "analysis.h"

struct btf;
struct pairfuse_kbtf;

struct pairfuse_func {
	__u32 btf_id;		/* BTF_KIND_FUNC, in the BTF of its module */
	char module[64];	/* "" for vmlinux */
	struct pairfuse_proto proto;
};

/*
 * The BTF of the running kernel; that of modules is read when a function is
 * not found in vmlinux. Unprivileged. -ESRCH: the kernel has no BTF.
 */
int pairfuse_kbtf_open(struct pairfuse_kbtf **out);

/* That of another kernel, from a file, without modules. */
int pairfuse_kbtf_open_file(const char *path, struct pairfuse_kbtf **out);

/* The same over a given vmlinux BTF (which it will own), without modules. */
int pairfuse_kbtf_from_btf(struct btf *vmlinux, struct pairfuse_kbtf **out);

void pairfuse_kbtf_free(struct pairfuse_kbtf *k);

/* -ENOENT: there is no such function */
int pairfuse_kbtf_find(struct pairfuse_kbtf *k, const char *name, struct pairfuse_func *out);

/* BTF id of a function of vmlinux, 0 when there is none. */
__u32 pairfuse_kbtf_vmlinux_func(struct pairfuse_kbtf *k, const char *name);

/* Bytes from the start of a struct of vmlinux to its direct member, 4 bytes large; else 0. */
__u32 pairfuse_kbtf_vmlinux_member(struct pairfuse_kbtf *k, const char *type, const char *name);

/* Name of a function of vmlinux ("") or a module; NULL when there is none. */
const char *pairfuse_kbtf_func_name(struct pairfuse_kbtf *k, const char *module, __u32 id);

/*
 * An fd of the BTF object of a module, for attach_btf_obj_fd; 0 for "".
 * Needs privilege.
 */
int pairfuse_kbtf_module_fd(const char *module);

/*
 * Up to three function names near to the given one, as ", " separated text;
 * "" when there is none.
 */
const char *pairfuse_kbtf_suggest(struct pairfuse_kbtf *k, const char *name, char *buf,
				  size_t len);

/*
 * The calling convention of function func_id. Types below nr_vmlinux belong to
 * vmlinux BTF. What the kernel cannot describe either (variable arguments,
 * large structs by value) comes out with more than PAIRFUSE_MAX_REGS registers
 * or a ret_size above 8. -EINVAL: no function.
 */
int pairfuse_proto_from_btf(const struct btf *btf, __u32 func_id, __u32 nr_vmlinux,
			    struct pairfuse_proto *out);

/* Number of edits that make one string the other, counted up to max. */
unsigned int pairfuse_edit_distance(const char *a, const char *b, unsigned int max);

#endif /* PAIRFUSE_KBTF_H */
