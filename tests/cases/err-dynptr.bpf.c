// SPDX-License-Identifier: GPL-2.0
// What is read through a dynptr lands on the key; a function of dynptrs that is not known, with the
// key above.
// expect: enter leave refused key-unknown
// expect: enter_slice leave_slice refused key-unknown
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct dynptr {
	__u64 opaque[2];
};

struct local {
	struct dynptr d;
	__u64 value;
	__u32 pad;
	__u32 key;
};

static long (*reserve)(void *rb, __u32 size, __u64 flags, struct dynptr *d) = (void *)198;
static void (*submit)(struct dynptr *d, __u64 flags) = (void *)199;
static long (*read)(void *dst, __u32 len, struct dynptr *d, __u32 off, __u64 flags) = (void *)201;
static void *(*data)(struct dynptr *d, __u32 off, __u32 len) = (void *)203;

HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

#define PAIR(in, out, func, map, use)					\
	SEC("fentry/" #func)						\
	int in(args_t *ctx)						\
	{								\
		__u64 a = ctx[1];					\
		__u32 t = tid();					\
									\
		bpf_map_update_elem(&map, &t, &a, BPF_ANY);		\
		return 0;						\
	}								\
									\
	SEC("fexit/" #func)						\
	int out(args_t *ctx)						\
	{								\
		struct local l;						\
		__u64 *a;						\
									\
		l.key = tid();						\
		a = bpf_map_lookup_elem(&map, &l.key);			\
		if (!a)							\
			return 0;					\
		l.value = *a;						\
		reserve(&rb, sizeof(l.value), 0, &l.d);			\
		use;							\
		submit(&l.d, 0);					\
		bpf_map_delete_elem(&map, &l.key);			\
		return 0;						\
	}

PAIR(enter, leave, vfs_read, starts, read(&l.value, 13, &l.d, 0, 0))
PAIR(enter_slice, leave_slice, vfs_write, others, data(&l.d, 0, 8))
