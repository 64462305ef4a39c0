// SPDX-License-Identifier: GPL-2.0
// The pointer to the state is saved on the stack and read back after calls.
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed
#include "case.bpf.h"

__u64 total;
struct state {
	__u64 a, b;
};
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { bpf_ktime_get_ns(), ctx[0] };
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
__naked int leave(args_t *ctx)
{
	asm volatile("			\
	call 14;			\
	*(u32 *)(r10 - 4) = r0;		\
	r1 = %[starts] ll;		\
	r2 = r10;			\
	r2 += -4;			\
	call 1;				\
	if r0 == 0 goto 1f;		\
	r0 += 8;			\
	*(u64 *)(r10 - 16) = r0;	\
	call 5;				\
	r6 = r0;			\
	r1 = *(u64 *)(r10 - 16);	\
	r2 = *(u64 *)(r1 + 0);		\
	r3 = *(u64 *)(r1 - 8);		\
	r6 += r2;			\
	r6 -= r3;			\
	r1 = %[total] ll;		\
	r2 = *(u64 *)(r1 + 0);		\
	r2 += r6;			\
	*(u64 *)(r1 + 0) = r2;		\
	r1 = %[starts] ll;		\
	r2 = r10;			\
	r2 += -4;			\
	call 3;				\
1:	r0 = 0;				\
	exit;				\
"	:: [starts]"i"(&starts), [total]"i"(&total) : "memory");
}
