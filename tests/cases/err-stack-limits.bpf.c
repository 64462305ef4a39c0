// SPDX-License-Identifier: GPL-2.0
// Places on the stack whose limits do not keep them off the key: by one byte; with a size that goes
// further; without a limit; with one that holds on another path; below, and the size without.
// expect: enter leave refused key-unknown
// expect: enter_far leave_far refused key-unknown
// expect: enter_free leave_free refused key-unknown
// expect: enter_other leave_other refused key-unknown
// expect: enter_size leave_size refused key-unknown
// expect: enter_signed leave_signed refused key-unknown
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: vfs_statx regs=4 ret=8
// proto: vfs_llseek regs=4 ret=8
#include "case.bpf.h"

/* what is filled, and behind it the key */
struct local {
	char text[15];
	char last;
	__u32 key;
	__u32 behind[3];
};

__u64 total, sum;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);
HASH(fourth, __u32, __u64);
HASH(fifth, __u32, __u64);
HASH(sixth, __u32, __u64);

#define on_stack(x)	asm volatile("" : : "r"(&(x)) : "memory")

#define PAIR(in, out, func, map)					\
	SEC("fentry/" #func)						\
	int in(args_t *ctx)						\
	{								\
		__u64 a = ctx[1];					\
		__u32 t = tid();					\
									\
		bpf_map_update_elem(&map, &t, &a, BPF_ANY);		\
		return 0;						\
	}								\
									\
	SEC("fexit/" #func)						\
	int out(args_t *ctx)						\
	{								\
		struct local l = { .key = tid() };			\
		__u64 *a;						\
									\
		on_stack(l);						\
		a = bpf_map_lookup_elem(&map, &l.key);			\
		if (!a)							\
			return 0;					\
		total += *a;						\
		fill_##map(ctx, &l);					\
		sum += l.text[0] + l.last + l.behind[2];		\
		on_stack(l);						\
		bpf_map_delete_elem(&map, &l.key);			\
		return 0;						\
	}

#define PUT(base, index)						\
	asm volatile("r1 = %[b]; r1 += %[i]; r0 = 1; *(u8 *)(r1 + 0) = r0"	\
		     : : [b] "r"(base), [i] "r"(index) : "r0", "r1", "memory")

/* 0 to 16: the last one is the key's first byte */
static __always_inline void fill_starts(args_t *ctx, struct local *l)
{
	__u64 i = ctx[2];

	opaque(i);
	i &= 15;
	i += 1;
	PUT(l, i);
}

static __always_inline void fill_others(args_t *ctx, struct local *l)
{
	void *to = l->text;

	if (ctx[2] & 1)
		to = &l->last;
	opaque(to);
	bpf_probe_read_kernel(to, 2, (void *)ctx[3]);
}

static __always_inline void fill_third(args_t *ctx, struct local *l)
{
	__u64 i = ctx[2];

	opaque(i);
	PUT(l, i);
}

/* the limit is told where the index is not used, and the other way round */
static __always_inline void fill_fourth(args_t *ctx, struct local *l)
{
	__u64 i = ctx[2];

	opaque(i);
	if (i > 8)
		PUT(l, i);
}

static __always_inline void fill_fifth(args_t *ctx, struct local *l)
{
	__u32 len = ctx[2];

	opaque(len);
	bpf_probe_read_kernel(l->text, len & 31, (void *)ctx[3]);
}

/* not above 8, but below 0 perhaps: nothing is known of it, and the stack is large */
static __always_inline void fill_sixth(args_t *ctx, struct local *l)
{
	__s64 i = ctx[2];

	opaque(i);
	if (i <= 8)
		PUT(l, i);
}

PAIR(enter, leave, vfs_read, starts)
PAIR(enter_far, leave_far, vfs_write, others)
PAIR(enter_free, leave_free, vfs_open, third)
PAIR(enter_other, leave_other, vfs_fsync, fourth)
PAIR(enter_size, leave_size, vfs_statx, fifth)
PAIR(enter_signed, leave_signed, vfs_llseek, sixth)
