// SPDX-License-Identifier: GPL-2.0
// A program of no pair uses another key, but not in the function that bpf_throw() calls, which
// nothing else leads to.
// expect: enter leave refused carrier-shared
// expect: other - refused no-partner
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct key {
	__u32 op, tid;
};

__u64 total;
HASH(starts, struct key, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct key key = { 1, tid() };
	__u64 a = ctx[1];

	bpf_map_update_elem(&starts, &key, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct key key = { 1, tid() };
	__u64 *a = bpf_map_lookup_elem(&starts, &key);

	if (!a)
		return 0;
	total += *a;
	bpf_map_delete_elem(&starts, &key);
	return 0;
}

/* as libbpf puts them together: the program, and behind it what it names as its callback */
SEC("fentry/vfs_write")
__naked int other(args_t *ctx)
{
	asm volatile("r1 = 2; *(u32 *)(r10 - 8) = r1; *(u32 *)(r10 - 4) = r1;"
		     "r1 = %[map] ll; r2 = r10; r2 += -8; call %[lookup]; r0 = 0; exit;"
		     "r1 = 1; *(u32 *)(r10 - 8) = r1; *(u32 *)(r10 - 4) = r1;"
		     "r1 = %[map] ll; r2 = r10; r2 += -8; call %[delete]; r0 = 0; exit;"
		     : : [map] "i"(&starts), [lookup] "i"(bpf_map_lookup_elem),
			 [delete] "i"(bpf_map_delete_elem));
}
