// SPDX-License-Identifier: GPL-2.0
// The cgroup is asked for at both ends; the task may have been moved in between, and what it has
// left is found by a later call.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

const volatile __u64 cgroup = 77;
__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_get_current_cgroup_id() != cgroup)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts;

	if (bpf_get_current_cgroup_id() != cgroup)
		return 0;
	ts = bpf_map_lookup_elem(&starts, &t);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
