// SPDX-License-Identifier: GPL-2.0
// Calls that overlap meet in the map, and do not in the slots: that is told.
// expect: enter leave fused carrier=starts key=const state=8 exit=armed
// told: enter leave calls of all threads that overlap share one
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = 0;

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = 0;
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
