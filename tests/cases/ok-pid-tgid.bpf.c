// SPDX-License-Identifier: GPL-2.0
// Keyed by the whole of bpf_get_current_pid_tgid().
// expect: enter leave fused carrier=starts key=pid_tgid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u64, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ts = bpf_ktime_get_ns();

	if (ctx[2] & 1)
		return 0;
	bpf_map_update_elem(&starts, &id, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *ts;

	ts = bpf_map_lookup_elem(&starts, &id);
	if (ts) {
		total += bpf_ktime_get_ns() - *ts;
		bpf_map_delete_elem(&starts, &id);
	}
	return 0;
}
