// SPDX-License-Identifier: GPL-2.0
// Stacks in a kretprobe program: user stacks as they are, kernel stacks without
// our frames. The state is read after it has been deleted.
// expect: enter leave fused carrier=starts key=pid_tgid state=8 exit=armed
// hook: enter leave shared
// proto: cap_capable regs=4 ret=4 11 12 0 0
#include "case.bpf.h"

struct state {
	__u32 cap;
	__u32 opts;
};

HASH(starts, __u64, struct state);
MAP(stacks, BPF_MAP_TYPE_STACK_TRACE, 64, __u32, __u64[16]);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 8, __u32, __u32);

SEC("kprobe/cap_capable")
int enter(struct pt_regs *ctx)
{
	struct state s = { .cap = ctx->dx, .opts = ctx->cx };
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&starts, &id, &s, 0);
	return 0;
}

SEC("kretprobe/cap_capable")
int leave(struct pt_regs *ctx)
{
	struct { struct state s; long ids[4]; __u64 frames[2]; long ret; } e = {};
	__u64 id = bpf_get_current_pid_tgid();
	struct state *s = bpf_map_lookup_elem(&starts, &id);

	if (!s)
		return 0;
	bpf_map_delete_elem(&starts, &id);
	e.s = *s;
	e.ids[0] = bpf_get_stackid(ctx, &stacks, 0);
	e.ids[1] = bpf_get_stackid(ctx, &stacks, BPF_F_FAST_STACK_CMP | 3);
	e.ids[2] = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	e.ids[3] = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | 5);
	bpf_get_stack(ctx, e.frames, sizeof(e.frames), 1);
	e.ret = ctx->ax;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}
