// SPDX-License-Identifier: GPL-2.0
// A pair is of one kind: fentry with fexit, kprobe with kretprobe.
// expect: enter - refused no-partner
// expect: - leave refused no-partner
// expect: sys_enter - refused no-partner
// expect: - probe_leave refused no-partner
#include "case.bpf.h"

HASH(starts, __u32, __u64);
__u64 sum;

static __always_inline int store(void)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline int take(void)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		sum += *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return store();
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	return take();
}

SEC("tracepoint/syscalls/sys_enter_kill")
int sys_enter(struct sys_enter *ctx)
{
	return store();
}

SEC("kretprobe/__x64_sys_kill")
int probe_leave(struct pt_regs *ctx)
{
	return take();
}
