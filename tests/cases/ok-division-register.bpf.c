// SPDX-License-Identifier: GPL-2.0
// A division wants a register, and a load behind it takes what it brings from
// one: not from the same.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
__naked int enter(args_t *ctx)
{
	asm volatile("			\
	r6 = r1;			\
	call %[get_current_pid_tgid];	\
	*(u32 *)(r10 - 4) = r0;		\
	r1 = 12345;			\
	*(u64 *)(r10 - 24) = r1;	\
	r0 = *(u64 *)(r6 + 8);		\
	r0 /= 3;			\
	r1 = *(u64 *)(r10 - 24);	\
	r1 ^= r0;			\
	*(u64 *)(r10 - 16) = r1;	\
	r1 = %[starts] ll;		\
	r2 = r10;			\
	r2 += -4;			\
	r3 = r10;			\
	r3 += -16;			\
	r4 = 0;				\
	call %[map_update_elem];	\
	r0 = 0;				\
	exit;				\
"	:: [starts]"i"(&starts), [get_current_pid_tgid]"i"(14), [map_update_elem]"i"(2)
	: "memory");
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *value = bpf_map_lookup_elem(&starts, &t);

	if (!value)
		return 0;
	total += *value;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
