// SPDX-License-Identifier: GPL-2.0
// The pointer in front of a tracepoint's record is for the kernel.
// expect: enter leave refused context
// proto: __x64_sys_kill regs=1 ret=8 102
#include "case.bpf.h"

HASH(starts, __u32, __u64);
__u64 sum;

SEC("tracepoint/syscalls/sys_enter_kill")
int enter(struct sys_enter *ctx)
{
	__u64 word = ctx->hidden;
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &word, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int leave(struct sys_exit *ctx)
{
	__u32 t = tid();
	__u64 *word = bpf_map_lookup_elem(&starts, &t);

	if (!word)
		return 0;
	sum += *word + ctx->ret;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
