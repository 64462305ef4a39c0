// SPDX-License-Identifier: GPL-2.0
// Task storage that stays, with a field that says whether there is state.
// expect: enter leave fused carrier=state key=task state=8 exit=armed
#include "case.bpf.h"

__u64 total;
TASK_STORAGE(state, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 *ts;

	if (ctx[1] & 1)
		return 0;
	ts = bpf_task_storage_get(&state, bpf_get_current_task_btf(), 0,
				  BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (ts)
		*ts = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 *ts = bpf_task_storage_get(&state, bpf_get_current_task_btf(), 0, 0);

	if (!ts || !*ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	*ts = 0;
	return 0;
}
