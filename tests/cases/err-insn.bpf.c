// SPDX-License-Identifier: GPL-2.0
// The instruction that the reason points to, where the compiler has no say.
// expect: enter leave refused update-flags insn=10
// expect: enter2 leave2 refused key-unknown insn=5
#include "case.bpf.h"

HASH(starts, __u32, __u64);
HASH(second, __u32, __u64);

SEC("fentry/vfs_read")
__naked int enter(args_t *ctx)
{
	asm volatile("			\
	call 14;			\
	*(u32 *)(r10 - 4) = r0;		\
	*(u64 *)(r10 - 16) = r0;	\
	r1 = %[starts] ll;		\
	r2 = r10;			\
	r2 += -4;			\
	r3 = r10;			\
	r3 += -16;			\
	r4 = 2;				\
	call 2;				\
	r0 = 0;				\
	exit;				\
"	:: [starts]"i"(&starts) : "memory");
}

SEC("fexit/vfs_read")
__naked int leave(args_t *ctx)
{
	asm volatile("			\
	r1 = %[starts] ll;		\
	r0 = 0;				\
	exit;				\
"	:: [starts]"i"(&starts) : "memory");
}

SEC("fentry/vfs_write")
__naked int enter2(args_t *ctx)
{
	asm volatile("			\
	*(u64 *)(r10 - 16) = r1;	\
	r1 = %[second] ll;		\
	r2 = r10;			\
	r2 += -4;			\
	call 1;				\
	r0 = 0;				\
	exit;				\
"	:: [second]"i"(&second) : "memory");
}

SEC("fexit/vfs_write")
__naked int leave2(args_t *ctx)
{
	asm volatile("			\
	r1 = %[second] ll;		\
	r0 = 0;				\
	exit;				\
"	:: [second]"i"(&second) : "memory");
}
