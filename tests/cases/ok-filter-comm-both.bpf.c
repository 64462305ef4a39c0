// SPDX-License-Identifier: GPL-2.0
// The name is compared at both ends; a call can change it (prctl, execve), so what a task has left
// under its old one is found when it has that again.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

const volatile char name[16] = "bash";
__u64 total;
HASH(starts, __u32, __u64);

static __always_inline int other_name(void)
{
	__u64 comm[2] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] != *(const volatile __u64 *)name;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (other_name())
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts;

	if (other_name())
		return 0;
	ts = bpf_map_lookup_elem(&starts, &t);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
