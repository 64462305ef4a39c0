// SPDX-License-Identifier: GPL-2.0
// Calls that seccomp answers have an end and no begin; the function is not called.
// expect: enter leave refused sys-exit
// proto: __x64_sys_mkdir regs=1 ret=8 102
#include "case.bpf.h"

__u64 calls, others;
HASH(starts, __u32, __u64);

SEC("tracepoint/syscalls/sys_enter_mkdir")
int enter(struct sys_enter *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_mkdir")
int leave(struct sys_exit *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts) {
		if (ctx->ret < 0)
			others++;
		return 0;
	}
	calls += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
