// SPDX-License-Identifier: GPL-2.0
// Where a pointer to the state is saved depends on the path, and so does from where it
// is read back: a slot's is not kept there.
// expect: enter leave fused carrier=starts key=task state=8 exit=armed storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 calls, others;
TASK_STORAGE(starts, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 *ts = bpf_task_storage_get(&starts, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 * volatile saved[2];
	__u64 * volatile *p;

	if (!ts)
		return 0;
	if (bpf_get_prandom_u32() & 1) {
		saved[0] = ts;
		p = &saved[0];
		*ts = 1;
	} else {
		saved[1] = ts;
		p = &saved[1];
	}
	opaque(p);
	if (*p)
		calls++;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 *ts = bpf_task_storage_get(&starts, task, NULL, 0);

	if (!ts || !*ts)
		return 0;
	others++;
	*ts = 0;
	return 0;
}
