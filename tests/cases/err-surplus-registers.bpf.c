// SPDX-License-Identifier: GPL-2.0
// A register behind the last argument that is not only saved: the exit reads it, or a part of
// it; it is in an event; compared; an address; added to what others see; kept in a
// map that stays; printed, by way of a pointer in memory; added to something on the stack;
// read by an address of the stack that has been kept in global data, or in another map.
// expect: enter leave refused context
// expect: enter_part leave_part refused context
// expect: enter_event leave_event refused context
// expect: enter_cond leave_cond refused context
// expect: enter_address leave_address refused context
// expect: enter_sum leave_sum refused context
// expect: enter_other leave_other refused context
// expect: enter_text leave_text refused context
// expect: enter_swap leave_swap refused context
// expect: enter_kept leave_kept refused context
// expect: enter_found leave_found refused context
// told: enter_kept leave_kept on the stack, whose address
// told: enter leave for 'leave'
// told: enter_cond leave_cond byte 88 of the context
// proto: vfs_read regs=2 ret=8
// proto: vfs_write regs=2 ret=8
// proto: vfs_open regs=2 ret=8
// proto: vfs_fsync regs=2 ret=8
// proto: vfs_statx regs=2 ret=8
// proto: vfs_llseek regs=2 ret=8
// proto: vfs_unlink regs=2 ret=8
// proto: vfs_rename regs=2 ret=8
// proto: vfs_mkdir regs=2 ret=8
// proto: vfs_rmdir regs=2 ret=8
// proto: vfs_mknod regs=2 ret=8
#include "case.bpf.h"

struct saved {
	__u64 a, b;
};

__u64 sum, place;
MAP(places, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64);
HASH(kept, __u32, struct saved);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

#define PAIR(name, in, out, func, read)						\
	HASH(map_##in, __u32, struct saved);					\
										\
	SEC("kprobe/" #func)							\
	int in(struct pt_regs *ctx)						\
	{									\
		struct saved s = { ctx->di, ctx->cx };				\
		__u32 t = tid();						\
										\
		name(ctx, &s);							\
		bpf_map_update_elem(&map_##in, &t, &s, BPF_ANY);		\
		return 0;							\
	}									\
										\
	SEC("kretprobe/" #func)							\
	int out(struct pt_regs *ctx)						\
	{									\
		__u32 t = tid();						\
		struct saved *s = bpf_map_lookup_elem(&map_##in, &t);		\
										\
		if (!s)								\
			return 0;						\
		sum += s->a + ctx->ax;						\
		read;								\
		bpf_map_delete_elem(&map_##in, &t);				\
		return 0;							\
	}

static __always_inline void nothing(struct pt_regs *ctx, struct saved *s)
{
}

static __always_inline void event(struct pt_regs *ctx, struct saved *s)
{
	bpf_ringbuf_output(&rb, s, sizeof(*s), 0);
}

static __always_inline void cond(struct pt_regs *ctx, struct saved *s)
{
	if (s->b & 1)
		sum++;
}

static __always_inline void address(struct pt_regs *ctx, struct saved *s)
{
	bpf_probe_read_kernel(&s->a, sizeof(s->a), (void *)s->b);
}

static __always_inline void add(struct pt_regs *ctx, struct saved *s)
{
	sum += ctx->cx;
}

static __always_inline void other(struct pt_regs *ctx, struct saved *s)
{
	__u32 one = 1;

	bpf_map_update_elem(&kept, &one, s, BPF_ANY);
}

static long (*vprintk)(const char *fmt, __u32 size, const void *data, __u32 len) = (void *)177;

static __always_inline void text(struct pt_regs *ctx, struct saved *s)
{
	static const char fmt[] = "%s";
	__u64 data[1] = { (__u64)s };

	vprintk(fmt, sizeof(fmt), data, sizeof(data));
}

static __always_inline void swap(struct pt_regs *ctx, struct saved *s)
{
	__u64 old = 5;

	asm volatile("r0 = %[b]; lock *(u64 *)(%[p] + 0) += r0"
		     : : [b] "r"(s->b), [p] "r"(&old) : "r0", "memory");
	s->a = old;
}

static __always_inline void keep(struct pt_regs *ctx, struct saved *s)
{
	__u64 x = 0;

	place = (__u64)&s->b;
	asm volatile("" : : : "memory");
	bpf_probe_read_kernel(&x, sizeof(x), (void *)place);
	sum += x;
}

static __always_inline void find(struct pt_regs *ctx, struct saved *s)
{
	__u64 at = (__u64)&s->b, x = 0, *found;
	__u32 zero = 0;

	bpf_map_update_elem(&places, &zero, &at, BPF_ANY);
	found = bpf_map_lookup_elem(&places, &zero);
	if (found)
		bpf_probe_read_kernel(&x, sizeof(x), (void *)*found);
	sum += x;
}

PAIR(nothing, enter, leave, vfs_read, sum ^= s->b)
PAIR(nothing, enter_part, leave_part, vfs_write, sum += ((__u8 *)s)[15])
PAIR(event, enter_event, leave_event, vfs_open, )
PAIR(cond, enter_cond, leave_cond, vfs_fsync, )
PAIR(address, enter_address, leave_address, vfs_statx, )
PAIR(add, enter_sum, leave_sum, vfs_llseek, )
PAIR(other, enter_other, leave_other, vfs_unlink, )
PAIR(text, enter_text, leave_text, vfs_rename, )
PAIR(swap, enter_swap, leave_swap, vfs_mkdir, )
PAIR(keep, enter_kept, leave_kept, vfs_rmdir, )
PAIR(find, enter_found, leave_found, vfs_mknod, )
