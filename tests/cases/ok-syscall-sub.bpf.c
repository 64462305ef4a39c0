// SPDX-License-Identifier: GPL-2.0
// The context goes through a bpf-to-bpf call, and is saved on the stack.
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed
// proto: __x64_sys_kill regs=1 ret=8 102
#include "case.bpf.h"

struct state {
	__u64 pid;
	__u64 sig;
};

HASH(starts, __u32, struct state);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 8, __u32, __u32);

static __noinline2 int store(struct sys_enter *ctx, int bias)
{
	struct state s = {};
	__u32 t = tid();

	s.pid = ctx->args[0] + bias;
	s.sig = ctx->args[1];
	if (s.sig == 0)
		return 0;
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 1;
}

static __noinline2 int output(void *ctx, long ret)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	s->sig += ret;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, s, sizeof(*s));
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_kill")
int enter(struct sys_enter *ctx)
{
	int n = store(ctx, 3);

	opaque(n);
	return n + ctx->args[1];
}

SEC("tracepoint/syscalls/sys_exit_kill")
int leave(struct sys_exit *ctx)
{
	return output(ctx, ctx->ret);
}
