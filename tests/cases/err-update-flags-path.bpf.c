// SPDX-License-Identifier: GPL-2.0
// One call updates with the one flag or the other.
// expect: enter leave refused update-flags
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, n;
HASH(starts, __u32, __u64);
HASH(seen, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), flags = BPF_NOEXIST, zero = 0;
	__u32 t = tid();

	if (bpf_map_lookup_elem(&seen, &t) || (ctx[2] & 1)) {	/* start afresh */
		bpf_map_update_elem(&starts, &t, &zero, BPF_ANY);
		flags = BPF_ANY;
	}
	bpf_map_update_elem(&starts, &t, &ts, flags);
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
	n++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
