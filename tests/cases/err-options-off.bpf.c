// SPDX-License-Identifier: GPL-2.0
// With its options as they are, no program stores anything or looks anything up: no other
// program is to blame.
// expect: enter leave refused no-carrier
// expect: enter2 leave2 refused no-carrier
// told: enter leave with the options as they are set, 'enter' does not leave state
#include "case.bpf.h"

const volatile _Bool only = 0;
HASH(values, __u32, __u64);
__u64 sum;

static __always_inline int store(__u64 v)
{
	__u32 t = tid();

	if (only)
		bpf_map_update_elem(&values, &t, &v, BPF_ANY);
	return 0;
}

static __always_inline int take(void)
{
	__u32 t = tid();
	__u64 *v;

	if (!only)
		return 0;
	v = bpf_map_lookup_elem(&values, &t);
	if (!v)
		return 0;
	sum += *v;
	bpf_map_delete_elem(&values, &t);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return store(ctx[1]); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return take(); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(ctx[1]); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return take(); }
