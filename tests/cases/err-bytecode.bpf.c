// SPDX-License-Identifier: GPL-2.0
// A program that the verifier would not accept either: it ends without exit.
// expect: enter leave refused bytecode
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
__naked int leave(args_t *ctx)
{
	asm volatile("			\
	r1 = %[starts] ll;		\
	r0 = 0;				\
"	:: [starts]"i"(&starts), [total]"i"(&total) : "memory");
}
