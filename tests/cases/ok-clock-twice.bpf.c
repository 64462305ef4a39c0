// SPDX-License-Identifier: GPL-2.0
// Two readings of the clock in one exit: what is between them is not nothing.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave programs
#include "case.bpf.h"

__u64 total, work, own;
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
	__u64 first, second;

	if (!ts)
		return 0;
	first = bpf_ktime_get_ns() - *ts;
	work += bpf_get_prandom_u32() & 1;
	second = bpf_ktime_get_ns() - *ts;
	total += first;
	own += second - first;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
