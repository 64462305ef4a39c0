// SPDX-License-Identifier: GPL-2.0
// The section names no function, only a placeholder.
// expect: enter - refused no-target
// expect: - leave refused no-target
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/dummy_none")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/dummy_none")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		total += *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
