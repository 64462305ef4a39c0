// SPDX-License-Identifier: GPL-2.0
// Only times are left, which nobody would look for; but this tool prints all its maps.
// expect: enter leave refused not-consumed
// printed: starts
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
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

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	return 0;
}
