// SPDX-License-Identifier: GPL-2.0
// A new thread comes out of clone3() in the process of its parent, and finds its state.
// expect: enter leave refused sys-exit
// proto: __x64_sys_clone3 regs=1 ret=8 102
#include "case.bpf.h"

__u64 calls, others;
HASH(starts, __u32, __u64);

SEC("tracepoint/syscalls/sys_enter_clone3")
int enter(struct sys_enter *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = bpf_get_current_pid_tgid() >> 32;

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_clone3")
int leave(struct sys_exit *ctx)
{
	__u32 t = bpf_get_current_pid_tgid() >> 32;
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	calls += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
