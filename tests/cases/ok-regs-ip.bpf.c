// SPDX-License-Identifier: GPL-2.0
// The instruction pointer at the entry of a function is a known number, as bpftrace's `func` in
// kprobes wants it: loaded, half of it, and read by a helper. Where it is not known, at the
// exit, and beside it, it is refused.
// expect: enter leave fused carrier=starts key=pid_tgid state=16 exit=armed
// expect: enter_read leave_read fused carrier=others key=pid_tgid state=8 exit=armed
// expect: enter_unknown leave_unknown refused context
// expect: enter_exit leave_exit refused context
// expect: enter_beside leave_beside refused context
// ip: enter ffffffff81234565
// ip: enter_read ffffffff81234561
// ip: enter_exit ffffffff81234571
// ip: leave_exit ffffffff81234571
// ip: enter_beside ffffffff81234581
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: vfs_llseek regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 ts, ip;
};

HASH(starts, __u64, struct state);
HASH(others, __u64, struct state);
HASH(third, __u64, struct state);
HASH(fourth, __u64, struct state);
HASH(fifth, __u64, struct state);
HASH(total, __u64, __u64);
__u64 low;

#define ENTER(name, func, map, get)					\
	SEC("kprobe/" #func)						\
	int name(struct pt_regs *ctx)					\
	{								\
		__u64 id = bpf_get_current_pid_tgid();			\
		struct state s = { bpf_ktime_get_ns(), 0 };		\
									\
		get;							\
		bpf_map_update_elem(&map, &id, &s, BPF_ANY);		\
		return 0;						\
	}

#define LEAVE(name, func, map, get)					\
	SEC("kretprobe/" #func)						\
	int name(struct pt_regs *ctx)					\
	{								\
		__u64 id = bpf_get_current_pid_tgid(), ns, ip;		\
		struct state *s = bpf_map_lookup_elem(&map, &id);	\
									\
		if (!s)							\
			return 0;					\
		ns = bpf_ktime_get_ns() - s->ts;			\
		ip = get;						\
		bpf_map_update_elem(&total, &ip, &ns, BPF_ANY);		\
		bpf_map_delete_elem(&map, &id);				\
		return 0;						\
	}

ENTER(enter, vfs_read, starts, s.ip = ctx->ip; low = ((__u32 *)&ctx->ip)[1])
LEAVE(leave, vfs_read, starts, s->ip)
ENTER(enter_read, vfs_write, others, bpf_probe_read_kernel(&low, sizeof(low), &ctx->ip))
LEAVE(leave_read, vfs_write, others, low)
ENTER(enter_unknown, vfs_open, third, s.ip = ctx->ip)
LEAVE(leave_unknown, vfs_open, third, s->ip)
ENTER(enter_exit, vfs_fsync, fourth, s.ip = ctx->ip)
LEAVE(leave_exit, vfs_fsync, fourth, s->ip + ctx->ip)
ENTER(enter_beside, vfs_llseek, fifth, s.ip = ctx->sp)
LEAVE(leave_beside, vfs_llseek, fifth, s->ip)
