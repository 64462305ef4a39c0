// SPDX-License-Identifier: GPL-2.0
// Arguments and results that are read out of the context by a helper, as BPF_CORE_READ(ctx,
// args[1]) does: to the stack, into the state, to global data; several at once; in any width.
// expect: enter leave fused carrier=starts key=pid_tgid state=8 exit=armed
// expect: enter_probe leave_probe fused carrier=others key=tid state=24 exit=armed
// expect: enter_args leave_args fused carrier=third key=tid state=16 exit=armed
// expect: enter_key leave_key fused carrier=fourth key=args state=8 exit=armed
// proto: __x64_sys_kill regs=1 ret=8 102
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=3 ret=4
// proto: vfs_open regs=2 ret=8
#include "case.bpf.h"

struct saved {
	__u64 first;
	__u32 low;
	__u32 pad;
	__u64 third;
};

struct two {
	__u64 a, b;
};

__u64 sum, failed, out[4];
HASH(starts, __u64, __u64);
HASH(others, __u32, struct saved);
HASH(third, __u32, struct two);
HASH(fourth, __u64, __u64);

SEC("tracepoint/syscalls/sys_enter_kill")
int enter(struct sys_enter *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), sig = 0;

	if (bpf_probe_read_kernel(&sig, sizeof(sig), &ctx->args[1]))
		failed++;
	bpf_map_update_elem(&starts, &id, &sig, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int leave(struct sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *sig = bpf_map_lookup_elem(&starts, &id);
	int nr = 0;
	long ret;

	if (!sig)
		return 0;
	bpf_probe_read_kernel(&ret, sizeof(ret), &ctx->ret);
	bpf_probe_read(&nr, sizeof(nr), &ctx->id);
	sum += *sig * 3 + ret + nr;
	bpf_map_delete_elem(&starts, &id);
	return 0;
}

/* two registers at once: cx and dx are neighbours; the low half of a third */
SEC("kprobe/vfs_read")
int enter_probe(struct pt_regs *ctx)
{
	struct saved s = {};
	__u64 both[2];
	__u32 t = tid();

	bpf_probe_read_kernel(both, sizeof(both), &ctx->cx);
	bpf_probe_read_kernel(&s.low, sizeof(s.low), &ctx->si);
	s.first = both[0];
	s.third = both[1];
	bpf_map_update_elem(&others, &t, &s, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave_probe(struct pt_regs *ctx)
{
	__u32 t = tid();
	struct saved *s = bpf_map_lookup_elem(&others, &t);

	if (!s)
		return 0;
	bpf_probe_read_kernel(&out[0], sizeof(out[0]), &ctx->ax);
	sum ^= s->first + s->low + 7 * s->third;
	bpf_map_delete_elem(&others, &t);
	return 0;
}

/* into the state, in place, and one half at a time where the stack is not aligned */
SEC("fentry/vfs_write")
int enter_args(args_t *ctx)
{
	struct two zero = {}, *s;
	__u32 t = tid();

	bpf_map_update_elem(&third, &t, &zero, BPF_ANY);
	t = tid();
	s = bpf_map_lookup_elem(&third, &t);
	if (!s)
		return 0;
	bpf_probe_read_kernel(&s->b, sizeof(s->b), &ctx[2]);
	bpf_probe_read_kernel(&s->a, 2, &ctx[1]);
	return 0;
}

SEC("fexit/vfs_write")
int leave_args(args_t *ctx)
{
	__u32 t = tid(), half[4] = {};
	struct two *s = bpf_map_lookup_elem(&third, &t);

	if (!s)
		return 0;
	opaque(ctx);
	bpf_probe_read_kernel(&half[1], 8, &ctx[3]);
	out[1] += half[1];
	out[2] += s->a ^ s->b;
	bpf_map_delete_elem(&third, &t);
	return 0;
}

/* what was read is the argument: the key is the same in both programs */
SEC("fentry/vfs_open")
int enter_key(args_t *ctx)
{
	__u64 key = 0, arg = ctx[1];

	bpf_probe_read_kernel(&key, sizeof(key), &ctx[0]);
	bpf_map_update_elem(&fourth, &key, &arg, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_open")
int leave_key(args_t *ctx)
{
	__u64 key = ctx[0], *arg = bpf_map_lookup_elem(&fourth, &key);

	if (!arg)
		return 0;
	out[3] += *arg;
	bpf_map_delete_elem(&fourth, &key);
	return 0;
}
