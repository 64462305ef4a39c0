// SPDX-License-Identifier: GPL-2.0
// The deletions at the end of both branches are one call, of either map: clang
// merges them. Where it is the carrier's, there is state; else there is none any more.
// expect: enter leave refused carrier-access
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, failed;
HASH(starts, __u32, __u64);
HASH(inflight, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	bpf_map_update_elem(&inflight, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	if ((long)ctx[4] < 0) {
		failed++;
		bpf_map_delete_elem(&starts, &t);
		bpf_map_delete_elem(&inflight, &t);
		return 0;
	}
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
