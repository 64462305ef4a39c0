// SPDX-License-Identifier: GPL-2.0
// The instruction pointer, where nobody knows what a kprobe shows for it.
// expect: enter leave refused context
// no-ip
// proto: vfs_read regs=3 ret=8
#include "case.bpf.h"

HASH(starts, __u32, __u64);
__u64 sum;

SEC("kprobe/vfs_read")
int enter(struct pt_regs *ctx)
{
	__u64 word = ctx->ip;
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &word, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	__u32 t = tid();
	__u64 *word = bpf_map_lookup_elem(&starts, &t);

	if (!word)
		return 0;
	sum += *word + ctx->ax;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
