// SPDX-License-Identifier: GPL-2.0
// The context's address goes through memory: a helper puts it into another map, or the state, and a
// number that is found there is where something is read. The stub's context is another one. It
// comes from the stack by a variable index: to be read at; to be stored; for a helper to store.
// expect: enter leave refused context
// expect: enter_state leave_state refused context
// expect: enter_index leave_index refused context
// expect: enter_put leave_put refused context
// expect: enter_again leave_again refused context
// told: enter leave the context pointer in memory
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: vfs_statx regs=4 ret=8
#include "case.bpf.h"

struct where {
	__u64 a;
	void *ctx;
};

__u64 total, place;
HASH(starts, __u32, __u64);
HASH(others, __u32, struct where);
MAP(other, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64);

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
	__u32 t = tid(), zero = 0;
	__u64 *a = bpf_map_lookup_elem(&starts, &t), *found, x = 0;
	args_t *saved = ctx;

	if (!a)
		return 0;
	bpf_map_update_elem(&other, &zero, &saved, BPF_ANY);
	found = bpf_map_lookup_elem(&other, &zero);
	if (found)
		bpf_probe_read_kernel(&x, sizeof(x), (void *)*found);
	total += x + *a;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

/* fentry and fexit have one context */
SEC("fentry/vfs_write")
int enter_state(args_t *ctx)
{
	struct where w = { ctx[1], ctx };
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &w, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_state(args_t *ctx)
{
	__u32 t = tid();
	struct where *w = bpf_map_lookup_elem(&others, &t);
	__u64 x = 0;

	if (!w)
		return 0;
	bpf_probe_read_kernel(&x, sizeof(x), w->ctx);
	total += x + w->a;
	bpf_map_delete_elem(&others, &t);
	return 0;
}

static __always_inline __u64 read_at(__u64 at)
{
	__u64 x = 0;

	bpf_probe_read_kernel(&x, sizeof(x), (void *)at);
	return x;
}

static __always_inline __u64 put(__u64 at)
{
	place = at;
	asm volatile("" : : : "memory");
	return read_at(place);
}

static __always_inline __u64 put_again(__u64 at)
{
	__u32 zero = 0;
	__u64 *found;

	bpf_map_update_elem(&other, &zero, &at, BPF_ANY);
	found = bpf_map_lookup_elem(&other, &zero);
	return found ? read_at(*found) : 0;
}

#define PAIR(in, out, func, use)						\
	HASH(map_##in, __u32, __u64);						\
										\
	SEC("fentry/" #func)							\
	int in(args_t *ctx)							\
	{									\
		__u64 a = ctx[1];						\
		__u32 t = tid();						\
										\
		bpf_map_update_elem(&map_##in, &t, &a, BPF_ANY);		\
		return 0;							\
	}									\
										\
	SEC("fexit/" #func)							\
	int out(args_t *ctx)							\
	{									\
		__u64 from[2] = { (__u64)ctx, ctx[0] }, i = ctx[2], *a;		\
		__u32 t;							\
										\
		opaque(i);							\
		i &= 1;								\
		asm volatile("" : : "r"(from) : "memory");			\
		total += use(from[i]);						\
		t = tid();							\
		a = bpf_map_lookup_elem(&map_##in, &t);				\
		if (!a)								\
			return 0;						\
		total += *a;							\
		t = tid();							\
		bpf_map_delete_elem(&map_##in, &t);				\
		return 0;							\
	}

PAIR(enter_index, leave_index, vfs_open, read_at)
PAIR(enter_put, leave_put, vfs_fsync, put)
PAIR(enter_again, leave_again, vfs_statx, put_again)
