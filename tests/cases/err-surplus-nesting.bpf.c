// SPDX-License-Identifier: GPL-2.0
// A register without an argument is saved for two functions, one of which may call the other: the
// inner call overwrites the outer one's state. Task storage, which says that, must not have such a
// register; a slot for each call would count both.
// expect: enter leave refused nesting
// expect: enter2 leave2 refused nesting
// told: enter leave cannot be kept in task storage
// proto: vfs_read regs=2 ret=8
// proto: vfs_write regs=2 ret=8
#include "case.bpf.h"

struct saved {
	__u64 a, b;
};

__u64 total;
HASH(starts, __u32, struct saved);

static __always_inline int enters(struct pt_regs *ctx)
{
	struct saved s = { ctx->di, ctx->r9 };
	__u32 t = tid();

	if (ctx->si & 1)
		bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

static __always_inline int leaves(struct pt_regs *ctx)
{
	__u32 t = tid();
	struct saved *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	total += s->a;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("kprobe/vfs_read") int enter(struct pt_regs *ctx) { return enters(ctx); }
SEC("kretprobe/vfs_read") int leave(struct pt_regs *ctx) { return leaves(ctx); }
SEC("kprobe/vfs_write") int enter2(struct pt_regs *ctx) { return enters(ctx); }
SEC("kretprobe/vfs_write") int leave2(struct pt_regs *ctx) { return leaves(ctx); }
