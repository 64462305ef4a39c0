// SPDX-License-Identifier: GPL-2.0
// A kprobe at the one end, an fexit program at the other.
// expect: enter - refused no-partner
// expect: - leave refused no-partner
// told: enter - 'enter' and 'leave' on vfs_read are of two kinds
// told: - leave are of two kinds
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("kprobe/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
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
