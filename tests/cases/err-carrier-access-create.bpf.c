// SPDX-License-Identifier: GPL-2.0
// One call creates the state, or (where it was created before) looks for it.
// expect: enter leave refused carrier-access
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, n;
TASK_STORAGE(starts, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 flags = BPF_LOCAL_STORAGE_GET_F_CREATE, *ts;

	if (ctx[2] & 1) {
		ts = bpf_task_storage_get(&starts, task, NULL, flags);
		if (!ts)
			return 0;
		n++;
		flags = 0;
	}
	opaque(flags);
	ts = bpf_task_storage_get(&starts, task, NULL, flags);
	if (ts)
		*ts = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 *ts = bpf_task_storage_get(&starts, task, NULL, 0);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_task_storage_delete(&starts, task);
	return 0;
}
