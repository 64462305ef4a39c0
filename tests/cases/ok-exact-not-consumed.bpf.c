// SPDX-License-Identifier: GPL-2.0
// The exit does not delete the state of failed calls, and the entry does not
// store for all: a later call finds it, as in the map.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (ctx[2] > 4096)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts || (__s64)ctx[4] < 0)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
