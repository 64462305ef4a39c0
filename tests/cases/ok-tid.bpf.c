// SPDX-License-Identifier: GPL-2.0
// The ordinary pair: hash keyed by thread, time stamp, filter, histogram.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

const volatile __u32 target = 1000;
__u64 slots[32];
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ts;
	__u32 t = id;

	if (target && target != id >> 32)
		return 0;
	ts = bpf_ktime_get_ns();
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
	slots[(bpf_ktime_get_ns() - *ts) / 1000 & 31]++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
