// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks taken behind a function: fused and not, they have to be the same.
 * tests/tools/check compares what `pairfuse load` shows of `stacks`.
 */
#include "case.bpf.h"

#define FRAMES 6

const volatile __u32 only = 0;	/* process */
HASH(starts, __u32, __u64);

struct stack {
	__u64 kernel[FRAMES];
	__u64 skipped[FRAMES];	/* without the first two */
	__u64 user[FRAMES];
	long sizes[3];
};

MAP(stacks, BPF_MAP_TYPE_ARRAY, 1, __u32, struct stack);

SEC("kprobe/do_faccessat")
int enter(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ts = bpf_ktime_get_ns();
	__u32 t = id;

	if (only && id >> 32 != only)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("kretprobe/do_faccessat")
int leave(struct pt_regs *ctx)
{
	__u32 t = tid(), zero = 0;
	struct stack *s;

	if (!bpf_map_lookup_elem(&starts, &t))
		return 0;
	bpf_map_delete_elem(&starts, &t);
	s = bpf_map_lookup_elem(&stacks, &zero);
	if (!s)
		return 0;
	s->sizes[0] = bpf_get_stack(ctx, s->kernel, sizeof(s->kernel), 0);
	s->sizes[1] = bpf_get_stack(ctx, s->skipped, sizeof(s->skipped), 2);
	s->sizes[2] = bpf_get_stack(ctx, s->user, sizeof(s->user), BPF_F_USER_STACK);
	return 0;
}
