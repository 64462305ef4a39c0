// SPDX-License-Identifier: GPL-2.0
// The exit has the entry's filter in front of the lookup.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

const volatile __u32 target = 1002;
__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ts;
	__u32 t = id, pid = id >> 32;

	if (target && pid != target)
		return 0;
	ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *ts;
	__u32 t = id, pid = id >> 32;

	if (target && pid != target)
		return 0;
	ts = bpf_map_lookup_elem(&starts, &t);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
