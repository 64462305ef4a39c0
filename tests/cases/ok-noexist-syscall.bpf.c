// SPDX-License-Identifier: GPL-2.0
// BPF_NOEXIST where nothing can be there: the exit always deletes, and system calls of a
// thread are never inside one another.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// told: enter leave every invocation has its own state
// proto: __x64_sys_read regs=1 ret=8 7
#include "case.bpf.h"

HASH(starts, __u32, __u64);
__u64 ns, failed;

SEC("tracepoint/syscalls/sys_enter_read")
int enter(struct sys_enter *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_map_update_elem(&starts, &t, &ts, BPF_NOEXIST))
		failed++;
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_read")
int leave(struct sys_exit *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	ns += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
