// SPDX-License-Identifier: GPL-2.0
// The argument's type is a module's: bpf_rdonly_cast cannot name it.
// expect: enter leave refused context
// proto: vfs_read regs=4 ret=8 100:module
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 v = *(__u64 *)ctx[0];
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &v, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
