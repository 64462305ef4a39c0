// SPDX-License-Identifier: GPL-2.0
// Of other calls there is no child: keyed by process, as with calls that overlap.
// expect: enter leave fused carrier=starts key=tgid state=8 exit=armed
// proto: __x64_sys_mkdir regs=1 ret=8 102
#include "case.bpf.h"

__u64 calls, others;
HASH(starts, __u32, __u64);

SEC("tracepoint/syscalls/sys_enter_mkdir")
int enter(struct sys_enter *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = bpf_get_current_pid_tgid() >> 32;

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_mkdir")
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
