// SPDX-License-Identifier: GPL-2.0
// Two functions, one of which calls the other, and nobody knows how deep either of them goes.
// expect: enter leave refused stack
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

#define PUT(index, value)							\
	asm volatile("r1 = %[i]; r2 = r10; r2 += r1; r3 = %[v]; *(u8 *)(r2 - 60) = r3;"	\
		     : : [i] "r"(index), [v] "r"(value) : "r1", "r2", "r3", "memory")
#define GET(index, value)							\
	asm volatile("r1 = %[i]; r2 = r10; r2 += r1; %[v] = *(u8 *)(r2 - 60);"	\
		     : [v] "=r"(value) : [i] "r"(index) : "r1", "r2", "memory")

static __attribute__((noinline)) __u64 mix(__u64 a)
{
	__u64 i = a & 15;

	PUT(i, 1);
	GET(i, a);
	return a;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 i = ctx[1] & 31, *a;
	__u32 t = tid();

	a = bpf_map_lookup_elem(&starts, &t);
	if (!a)
		return 0;
	PUT(i, 7);
	total += mix(*a);
	GET(i, i);
	total += i;
	t = tid();
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
