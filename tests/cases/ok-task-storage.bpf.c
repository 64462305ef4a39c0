// SPDX-License-Identifier: GPL-2.0
// Task storage that is deleted at the exit. What the entry does not write is
// zero in new storage.
// expect: enter leave fused carrier=state key=task state=24 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 never_written;
	__u64 arg;
};

__u64 total, sum;
TASK_STORAGE(state, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state *s;

	if ((ctx[1] & 3) == 1)
		return 0;
	s = bpf_task_storage_get(&state, bpf_get_current_task_btf(), 0,
				 BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns();
	s->arg = ctx[0];
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *s = bpf_task_storage_get(&state, task, 0, 0);

	if (!s)
		return 0;
	total += bpf_ktime_get_ns() - s->ts;
	sum += s->never_written + s->arg;
	bpf_task_storage_delete(&state, task);
	return 0;
}
