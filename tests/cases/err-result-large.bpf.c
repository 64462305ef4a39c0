// SPDX-License-Identifier: GPL-2.0
// More than a slot holds, so task storage would be asked: the exit leaves its answer there.
// expect: enter leave refused not-consumed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct last {
	__u64 began;
	char name[96];
	__u64 ret;
};

HASH(lasts, __u32, struct last);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct last last = { .began = bpf_ktime_get_ns() };
	__u32 t = tid();

	bpf_get_current_comm(last.name, sizeof(last.name));
	bpf_map_update_elem(&lasts, &t, &last, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct last *last = bpf_map_lookup_elem(&lasts, &t);

	if (!last)
		return 0;
	if (ctx[4] == 0) {
		bpf_map_delete_elem(&lasts, &t);
		return 0;
	}
	last->ret = ctx[4];
	return 0;
}
