// SPDX-License-Identifier: GPL-2.0
// System call tracepoints: arguments and number from the struct pt_regs of the
// function behind, which has changed at the end. Two calls share the map.
// expect: enter_openat leave_openat fused carrier=starts key=tid state=64 exit=armed
// expect: enter_open leave_open fused carrier=starts key=tid state=64 exit=armed
// proto: __x64_sys_openat regs=1 ret=8 102
// proto: __x64_sys_open regs=1 ret=8 102
#include "case.bpf.h"

struct state {
	__u64 args[6];
	__u32 half;
	__u32 nr;
	__u32 seen;
};

HASH(starts, __u32, struct state);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 8, __u32, __u32);

static __always_inline int enter(struct sys_enter *ctx)
{
	struct state s = {};
	__u32 t = tid();

	if (ctx->args[2] & 1)
		return 0;
	s.args[0] = ctx->args[0];
	s.args[1] = ctx->args[1];
	s.args[2] = ctx->args[2];
	s.args[3] = ctx->args[3];
	s.args[4] = ctx->args[4];
	s.args[5] = ctx->args[5];
	s.half = *((volatile __u32 *)&ctx->args[1] + 1);
	s.nr = *(volatile __u32 *)&ctx->id;
	s.seen = 1;
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

static __always_inline int leave(struct sys_exit *ctx)
{
	struct { struct state s; long ret; long nr; } e = {};
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	if (ctx->ret < 0)
		goto out;
	e.s = *s;
	e.ret = ctx->ret;
	e.nr = *(volatile int *)&ctx->id;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &e, sizeof(e));
out:
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct sys_enter *ctx)
{
	return enter(ctx);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int leave_openat(struct sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tp/syscalls/sys_enter_open")
int enter_open(struct sys_enter *ctx)
{
	return enter(ctx);
}

SEC("tp/syscalls/sys_exit_open")
int leave_open(struct sys_exit *ctx)
{
	return leave(ctx);
}
