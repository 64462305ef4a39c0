// SPDX-License-Identifier: GPL-2.0
// The exit consumes the state by zeroing a field, so that the field has been
// written would mean that there is state; but the entry may delete it again.
// expect: enter leave fused carrier=state key=task state=16 exit=armed storage=task
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 arg;
};

__u64 total, sum;
TASK_STORAGE(state, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct state *s = bpf_task_storage_get(&state, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!s)
		return 0;
	s->arg = ctx[0];
	s->ts = bpf_ktime_get_ns();
	if (ctx[1] & 1)
		bpf_task_storage_delete(&state, task);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct state *s = bpf_task_storage_get(&state, bpf_get_current_task_btf(), 0, 0);

	if (!s || !s->ts)
		return 0;
	total += bpf_ktime_get_ns() - s->ts;
	sum += s->arg;
	s->ts = 0;
	return 0;
}
