// SPDX-License-Identifier: GPL-2.0
// kprobe and kretprobe: arguments are in the registers, halves of them too.
// expect: enter leave fused carrier=starts key=tid state=56 exit=armed
// proto: vfs_read regs=6 ret=8 11 0 0 0 0 0
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 word;		/* what the first argument points to */
	__u64 args[4];
	__u32 halves[2];
};

const volatile __u32 target = 1000;
HASH(starts, __u32, struct state);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 8, __u32, __u32);

SEC("kprobe/vfs_read")
int enter(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct state s = {};
	__u32 t = id;

	if (target && target != id >> 32)
		return 0;
	s.ts = bpf_ktime_get_ns();
	bpf_probe_read_kernel(&s.word, sizeof(s.word), (void *)ctx->di);
	s.args[0] = ctx->si;
	s.args[1] = ctx->dx;
	s.args[2] = ctx->cx;
	s.args[3] = ctx->r8;
	s.halves[0] = *(volatile __u32 *)&ctx->r9;
	s.halves[1] = *((volatile __u32 *)&ctx->r9 + 1);
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	struct { struct state s; long ret; long low; } e = {};
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	e.s = *s;
	e.s.ts = bpf_ktime_get_ns() - s->ts;
	e.ret = ctx->ax;
	e.low = *(volatile int *)&ctx->ax;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &e, sizeof(e));
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
