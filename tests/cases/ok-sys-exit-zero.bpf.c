// SPDX-License-Identifier: GPL-2.0
// A name that is NULL is left; an end without a begin that finds it does nothing either.
// expect: enter leave fused carrier=names key=tid state=8 exit=armed
// proto: __x64_sys_mkdir regs=1 ret=8 102
#include "case.bpf.h"

__u64 calls;
HASH(names, __u32, __u64);

SEC("tracepoint/syscalls/sys_enter_mkdir")
int enter(struct sys_enter *ctx)
{
	__u64 name = ctx->args[0];
	__u32 t = tid();

	bpf_map_update_elem(&names, &t, &name, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_mkdir")
int leave(struct sys_exit *ctx)
{
	__u32 t = tid();
	__u64 *name = bpf_map_lookup_elem(&names, &t);

	if (!name || !*name)
		return 0;
	calls += *name;
	bpf_map_delete_elem(&names, &t);
	return 0;
}
