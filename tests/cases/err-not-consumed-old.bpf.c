// SPDX-License-Identifier: GPL-2.0
// A pointer to what was there before an update: with a hash it is the old
// element, task storage has but one.
// expect: enter leave refused not-consumed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid();
	__u64 ts = bpf_ktime_get_ns();
	__u64 *old = bpf_map_lookup_elem(&starts, &t);

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	if (old)
		total += ts - *old;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += *ts;
	if (ctx[0] & 8)
		bpf_map_delete_elem(&starts, &t);
	return 0;
}
