// SPDX-License-Identifier: GPL-2.0
// Keyed by the task's address.
// expect: enter leave fused carrier=starts key=task state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u64, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 key = bpf_get_current_task(), ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &key, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 key = bpf_get_current_task(), *ts;

	ts = bpf_map_lookup_elem(&starts, &key);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &key);
	return 0;
}
