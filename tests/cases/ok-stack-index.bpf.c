// SPDX-License-Identifier: GPL-2.0
// An array on the stack that is only used with a variable as index: how deep the program
// goes cannot be seen. What the rewriter adds is above it, or nothing is added. To write
// there is no effect.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter_sub leave_sub fused carrier=others key=tid state=0 exit=armed
// expect: enter_by leave_by fused carrier=third key=tid state=0 exit=armed
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
#include "case.bpf.h"

__u64 total, sum, kept, lost;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);

/* r10 + index - 80, as bpf-gcc has it: no address of the array's beginning */
#define PUT(index, value)							\
	asm volatile("r1 = %[i]; r2 = r10; r2 += r1; r3 = %[v]; *(u8 *)(r2 - 80) = r3;"	\
		     : : [i] "r"(index), [v] "r"(value) : "r1", "r2", "r3", "memory")
#define GET(index, value)							\
	asm volatile("r1 = %[i]; r1 += r10; %[v] = *(u8 *)(r1 - 80);"		\
		     : [v] "=r"(value) : [i] "r"(index) : "r1", "memory")

/* Whether there is state is not known at the end: a word of the rewriter's. */
SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 a = ctx[1], i = a & 63, v;
	__u32 t = tid();

	if (a & 128)
		return 0;
	if (!(a & 1))
		bpf_map_update_elem(&starts, &t, &a, BPF_ANY);
	PUT(i, 0);
	GET(i, v);
	sum += v;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 i = ctx[1] & 31, *a;
	__u32 t;

	PUT(i, 3);
	t = tid();
	a = bpf_map_lookup_elem(&starts, &t);
	if (!a)
		return 0;
	GET(i, i);
	total += *a + i;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

/* Another function's frame, inlined, is not over what the caller keeps. */
static __attribute__((noinline)) __u64 mix(__u64 a)
{
	volatile __u64 b[6];
	int i;

	for (i = 0; i < 6; i++)
		b[i] = a * (i + 3);
	return b[0] ^ b[1] ^ b[2] ^ b[3] ^ b[4] ^ b[5];
}

SEC("fentry/vfs_write")
int enter_sub(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_sub(args_t *ctx)
{
	__u64 i = ctx[1] & 31, v;
	__u32 t = tid();

	if (!bpf_map_lookup_elem(&others, &t))
		return 0;
	PUT(i, 7);
	sum += mix(ctx[1]);
	GET(i, v);
	if (v == 7)
		kept++;
	else
		lost++;
	t = tid();
	bpf_map_delete_elem(&others, &t);
	return 0;
}

/* A function that uses what is in front of what it is given. */
static __attribute__((noinline)) __u64 before(__u64 *p, __u64 a)
{
	volatile __u64 own = a;

	asm volatile("*(u64 *)(%[p] - 8) = %[a]" : : [p] "r"(p), [a] "r"(a ^ 1) : "memory");
	return own;
}

SEC("fentry/vfs_open")
int enter_by(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&third, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_open")
int leave_by(args_t *ctx)
{
	__u32 t = tid();
	__u64 *p;

	asm volatile("%[p] = r10; %[p] += -64; r0 = 0; *(u64 *)(%[p] + 0) = r0"
		     : [p] "=r"(p) : : "r0", "memory");
	if (!bpf_map_lookup_elem(&third, &t))
		return 0;
	if (before(p, ctx[1]) == ctx[1])
		kept++;
	else
		lost++;
	t = tid();
	bpf_map_delete_elem(&third, &t);
	return 0;
}
