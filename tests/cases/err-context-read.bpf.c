// SPDX-License-Identifier: GPL-2.0
// Reads of the context by a helper that are no copies of arguments: what the stub has not; a
// size or a place that varies; the end of a string; the context or something else, by path.
// expect: enter leave refused context
// expect: enter_size leave_size refused context
// expect: enter_place leave_place refused context
// expect: enter_string leave_string refused context
// expect: enter_path leave_path refused context
// expect: enter_user leave_user refused context
// told: enter leave byte 128 of the context
// no-ip
// proto: vfs_read regs=3 ret=8
// proto: vfs_write regs=3 ret=8
// proto: vfs_open regs=3 ret=8
// proto: vfs_fsync regs=3 ret=8
// proto: vfs_statx regs=3 ret=8
// proto: vfs_llseek regs=3 ret=8
#include "case.bpf.h"

__u64 sum;

#define PAIR(name, in, out, func)						\
	HASH(map_##in, __u32, __u64);						\
										\
	SEC("kprobe/" #func)							\
	int in(struct pt_regs *ctx)						\
	{									\
		__u64 word = 0;							\
		__u32 t;							\
										\
		name(ctx, &word);						\
		t = tid();							\
		bpf_map_update_elem(&map_##in, &t, &word, BPF_ANY);		\
		return 0;							\
	}									\
										\
	SEC("kretprobe/" #func)							\
	int out(struct pt_regs *ctx)						\
	{									\
		__u32 t = tid();						\
		__u64 *word = bpf_map_lookup_elem(&map_##in, &t);		\
										\
		if (!word)							\
			return 0;						\
		sum += *word + ctx->ax;						\
		bpf_map_delete_elem(&map_##in, &t);				\
		return 0;							\
	}

static __always_inline void no_argument(struct pt_regs *ctx, __u64 *word)
{
	bpf_probe_read_kernel(word, 8, &ctx->ip);
}

static __always_inline void variable_size(struct pt_regs *ctx, __u64 *word)
{
	bpf_probe_read_kernel(word, ctx->si & 7, &ctx->di);
}

static __always_inline void variable_place(struct pt_regs *ctx, __u64 *word)
{
	bpf_probe_read_kernel(word, 8, (void *)ctx + 96 + (ctx->si & 8));
}

static __always_inline void string(struct pt_regs *ctx, __u64 *word)
{
	bpf_probe_read_kernel_str(word, 8, &ctx->di);
}

static __always_inline void by_path(struct pt_regs *ctx, __u64 *word)
{
	void *from = (void *)ctx->si;

	if (ctx->dx & 1)
		from = &ctx->di;
	opaque(from);
	bpf_probe_read_kernel(word, 8, from);
}

static __always_inline void user(struct pt_regs *ctx, __u64 *word)
{
	bpf_probe_read_user(word, 8, &ctx->di);
}

PAIR(no_argument, enter, leave, vfs_read)
PAIR(variable_size, enter_size, leave_size, vfs_write)
PAIR(variable_place, enter_place, leave_place, vfs_open)
PAIR(string, enter_string, leave_string, vfs_fsync)
PAIR(by_path, enter_path, leave_path, vfs_statx)
PAIR(user, enter_user, leave_user, vfs_llseek)
