// SPDX-License-Identifier: GPL-2.0
// Registers behind the last argument are saved, and nobody looks at them: one save_args() for all
// functions. The second program saves them in place; the third reads them by a helper, and
// overwrites one; in the fourth a function overwrites it, and then it is in an event.
// expect: enter leave fused carrier=starts key=pid_tgid state=8 exit=armed
// expect: enter_place leave_place fused carrier=others key=tid state=32 exit=armed
// expect: enter_read leave_read fused carrier=third key=tid state=24 exit=armed
// expect: enter_sub leave_sub fused carrier=fourth key=tid state=8 exit=armed
// proto: vfs_fsync regs=2 ret=8
// proto: vfs_read regs=1 ret=8
// proto: vfs_write regs=2 ret=8
// proto: vfs_open regs=2 ret=8
#include "case.bpf.h"

struct saved {
	__u64 a[6];
};

struct few {
	__u64 a, b, c, d;
};

__u64 calls, sum;
HASH(starts, __u64, struct saved);
HASH(others, __u32, struct few);
HASH(third, __u32, struct few);

SEC("kprobe/vfs_read")
int enter(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct saved s = { { ctx->di, ctx->si, ctx->dx, ctx->cx, ctx->r8, ctx->r9 } };

	bpf_map_update_elem(&starts, &id, &s, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct saved *s = bpf_map_lookup_elem(&starts, &id);

	if (!s)
		return 0;
	calls++;
	sum += s->a[0] + ctx->ax;
	bpf_map_delete_elem(&starts, &id);
	return 0;
}

SEC("kprobe/vfs_write")
int enter_place(struct pt_regs *ctx)
{
	struct few zero = {}, *s;
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &zero, BPF_ANY);
	t = tid();
	s = bpf_map_lookup_elem(&others, &t);
	if (!s)
		return 0;
	s->a = ctx->si;
	s->b = ctx->dx;
	s->c = ctx->r8 * 3 + 1;
	s->d = ctx->di;
	return 0;
}

SEC("kretprobe/vfs_write")
int leave_place(struct pt_regs *ctx)
{
	__u32 t = tid();
	struct few *s = bpf_map_lookup_elem(&others, &t);

	if (!s)
		return 0;
	sum += s->a ^ s->d;
	bpf_map_delete_elem(&others, &t);
	return 0;
}

/* the function does not read it, so the event is what it says */
static __attribute__((noinline)) void overwrite(struct few *s, __u64 a)
{
	s->b = a;
	s->c = a + 1;
}

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");
HASH(fourth, __u32, __u64);

SEC("kprobe/vfs_fsync")
int enter_sub(struct pt_regs *ctx)
{
	struct few s = { ctx->di, ctx->cx, ctx->r8, 0 };
	__u32 t = tid();

	opaque(s.b);
	overwrite(&s, ctx->si);
	bpf_ringbuf_output(&rb, &s, sizeof(s), 0);
	bpf_map_update_elem(&fourth, &t, &s.b, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_fsync")
int leave_sub(struct pt_regs *ctx)
{
	__u32 t = tid();
	__u64 *b = bpf_map_lookup_elem(&fourth, &t);

	if (!b)
		return 0;
	sum += *b;
	bpf_map_delete_elem(&fourth, &t);
	return 0;
}

SEC("kprobe/vfs_open")
int enter_read(struct pt_regs *ctx)
{
	struct few s = {};
	__u32 t = tid();

	bpf_probe_read_kernel(&s, 2 * sizeof(__u64), &ctx->cx);
	s.c = ctx->di;
	opaque(s.a);
	s.a = ctx->si;
	bpf_map_update_elem(&third, &t, &s, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_open")
int leave_read(struct pt_regs *ctx)
{
	__u32 t = tid();
	struct few *s = bpf_map_lookup_elem(&third, &t);

	if (!s)
		return 0;
	sum ^= s->c * 5 + s->a;
	bpf_map_delete_elem(&third, &t);
	return 0;
}
