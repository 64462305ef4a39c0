// SPDX-License-Identifier: GPL-2.0
// The same before it looks for the state: what was returned decides what is left.
// expect: enter leave refused not-consumed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 good;
HASH(failed, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 size = ctx[2];
	__u32 t = tid();

	bpf_map_update_elem(&failed, &t, &size, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *size;

	if ((__s64)ctx[4] < 0)
		return 0;
	size = bpf_map_lookup_elem(&failed, &t);
	if (!size)
		return 0;
	good += *size;
	bpf_map_delete_elem(&failed, &t);
	return 0;
}
