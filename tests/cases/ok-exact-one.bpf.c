// SPDX-License-Identifier: GPL-2.0
// One function, which may call itself: exact only because it is asked for. Who
// leaves state is a matter of arguments, so the task has to keep it.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// nesting: exact
#include "case.bpf.h"

__u64 total, calls;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (ctx[1] & 1)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	calls++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
