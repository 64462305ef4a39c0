// SPDX-License-Identifier: GPL-2.0
// Places on the stack that are not known, but have limits: one of two by path, with a size that
// varies; an array with a variable index, masked or compared; a loop. The key, which is
// behind them, stays what it is.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter_masked leave_masked fused carrier=others key=tid state=8 exit=armed
// expect: enter_loop leave_loop fused carrier=third key=tid state=8 exit=armed
// expect: enter_size leave_size fused carrier=fourth key=tid state=8 exit=armed
// expect: enter_word leave_word fused carrier=fifth key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: vfs_statx regs=4 ret=8
#include "case.bpf.h"

/* what is filled, and behind it the key */
struct local {
	__u64 words[4];
	char text[16];
	__u32 len;
	__u32 key;
};

__u64 total, sum;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);
HASH(fourth, __u32, __u64);
HASH(fifth, __u32, __u64);

#define on_stack(x)	asm volatile("" : : "r"(&(x)) : "memory")

#define ENTER(name, func, map)					\
	SEC("fentry/" #func)					\
	int name(args_t *ctx)					\
	{							\
		__u64 a = ctx[1];				\
		__u32 t = tid();				\
								\
		bpf_map_update_elem(&map, &t, &a, BPF_ANY);	\
		return 0;					\
	}

#define LEAVE(name, func, map)						\
	SEC("fexit/" #func)						\
	int name(args_t *ctx)						\
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
		sum += l.words[0] + l.words[3] + l.text[0] + l.text[15];\
		on_stack(l);						\
		bpf_map_delete_elem(&map, &l.key);			\
		return 0;						\
	}

/* one call for both, as compilers make of two: to one of two places, of one of two sizes */
static __always_inline void fill_starts(args_t *ctx, struct local *l)
{
	void *to = l->text;
	__u32 len = 16;

	if (ctx[2] & 1) {
		to = &l->words[1];
		len = 8;
	}
	opaque(to);
	opaque(len);
	bpf_probe_read_kernel(to, len, (void *)ctx[3]);
}

static __always_inline void fill_others(args_t *ctx, struct local *l)
{
	__u64 i = total & 255, v;

	opaque(i);
	l->words[i & 3] = ctx[1];
	on_stack(*l);
	if (i < 16)
		l->text[i] = 1;
	on_stack(*l);
	v = l->words[(i >> 2) & 3];
	sum += v;
}

static __always_inline void fill_third(args_t *ctx, struct local *l)
{
	__u32 i, n = ctx[2] & 15;

#pragma clang loop unroll(disable)
	for (i = 0; i < n; i++) {
		l->text[i & 15] = i;
		on_stack(*l);
	}
}

/* no more than there is room for */
static __always_inline void fill_fourth(args_t *ctx, struct local *l)
{
	__u64 len = total & 255;

	opaque(len);
	if (len > 16)
		len = 16;
	bpf_probe_read_kernel(l->text, len, (void *)ctx[3]);
}

/* shifted up and down, as compilers extend 32 bits */
static __always_inline void fill_fifth(args_t *ctx, struct local *l)
{
	__u64 i = ctx[2];

	asm volatile("%[i] &= 3; %[i] <<= 32; %[i] s>>= 32; %[i] <<= 3; %[i] += %[l]; r0 = 7;"
		     "*(u64 *)(%[i] + 0) = r0"
		     : [i] "+r"(i) : [l] "r"(l) : "r0", "memory");
}

ENTER(enter, vfs_read, starts)
LEAVE(leave, vfs_read, starts)
ENTER(enter_masked, vfs_write, others)
LEAVE(leave_masked, vfs_write, others)
ENTER(enter_loop, vfs_open, third)
LEAVE(leave_loop, vfs_open, third)
ENTER(enter_size, vfs_fsync, fourth)
LEAVE(leave_size, vfs_fsync, fourth)
ENTER(enter_word, vfs_statx, fifth)
LEAVE(leave_word, vfs_statx, fifth)
