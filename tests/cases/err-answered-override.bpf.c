// SPDX-License-Identifier: GPL-2.0
// A kprobe that gives errors to callers, and lets nobody in: the pair on the same function
// does not see those calls.
// expect: enter leave refused answered
// expect: inject - refused no-partner
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("kprobe/vfs_read")
int enter(struct pt_regs *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("kprobe/vfs_read")
int inject(struct pt_regs *ctx)
{
	bpf_override_return(ctx, -5);
	return 0;
}
