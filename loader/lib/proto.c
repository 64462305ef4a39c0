// SPDX-License-Identifier: GPL-2.0
/*
 * Calling conventions from BTF, counted as the kernel's btf_distill_func_proto()
 * does: every argument takes its size rounded up to 8 bytes, structs by value
 * of up to 16 bytes included.
 */
#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

#include "kbtf.h"

#define MAX_BY_VALUE 16
#define UNSUPPORTED  (PAIRFUSE_MAX_REGS + 1)

static const struct btf_type *skip_mods(const struct btf *btf, __u32 id, __u32 *out_id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	if (out_id)
		*out_id = id;
	return t;
}

/* Bytes that a value of the type takes as an argument; -1: cannot be passed. */
static int arg_size(const struct btf_type *t)
{
	if (!t)
		return -1;
	if (btf_is_ptr(t))
		return sizeof(void *);
	if (btf_is_int(t) || btf_is_any_enum(t) || btf_is_composite(t))
		return t->size && t->size <= MAX_BY_VALUE ? (int)t->size : -1;
	return -1;
}

static void struct_pointer(const struct btf *btf, const struct btf_type *t, __u32 nr_vmlinux,
			   struct pairfuse_proto *out, unsigned int value)
{
	__u32 id;

	t = skip_mods(btf, t->type, &id);
	if (!t || !btf_is_composite(t))
		return;
	out->btf_id[value] = id;
	out->in_module[value] = id >= nr_vmlinux;
}

int pairfuse_proto_from_btf(const struct btf *btf, __u32 func_id, __u32 nr_vmlinux,
			    struct pairfuse_proto *out)
{
	const struct btf_type *func, *proto, *t;
	const struct btf_param *p;
	unsigned int reg = 0;
	int i, size;

	func = btf__type_by_id(btf, func_id);
	if (!func || !btf_is_func(func))
		return -EINVAL;
	proto = btf__type_by_id(btf, func->type);
	if (!proto || !btf_is_func_proto(proto))
		return -EINVAL;

	memset(out, 0, sizeof(*out));
	p = btf_params(proto);
	for (i = 0; i < btf_vlen(proto); i++) {
		t = skip_mods(btf, p[i].type, NULL);
		size = arg_size(t);		/* -1 for "..." too */
		if (size < 0) {
			reg = UNSUPPORTED;
			break;
		}
		if (btf_is_ptr(t) && reg < PAIRFUSE_MAX_REGS)
			struct_pointer(btf, t, nr_vmlinux, out, reg);
		reg += (size + 7) / 8;
	}
	out->nr_regs = reg;

	if (!proto->type)
		return 0;
	t = skip_mods(btf, proto->type, NULL);
	size = arg_size(t);
	/* structs come back in two registers or in memory: beyond the stub */
	out->ret_size = size < 0 || btf_is_composite(t) ? MAX_BY_VALUE : size;
	if (size > 0 && btf_is_ptr(t))
		struct_pointer(btf, t, nr_vmlinux, out, PAIRFUSE_VALUE_RET);
	return 0;
}
