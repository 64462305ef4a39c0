// SPDX-License-Identifier: GPL-2.0
// The exit's filter may have another outcome than the entry's: what it leaves is
// found by a later call that the entry has filtered.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_get_current_uid_gid() & 1)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts;

	if (bpf_get_current_uid_gid() & 1)
		return 0;
	ts = bpf_map_lookup_elem(&starts, &t);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
