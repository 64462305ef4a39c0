// SPDX-License-Identifier: GPL-2.0
// An argument that has to stay a trusted pointer for the helper.
// expect: enter leave refused context
// proto: wake_up_new_task regs=1 ret=0 100
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);
TASK_STORAGE(seen, __u64);

SEC("fentry/wake_up_new_task")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), *n;
	__u32 t = tid();

	n = bpf_task_storage_get(&seen, (struct task_struct *)ctx[0], 0,
				 BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (n)
		*n = ts;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/wake_up_new_task")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
