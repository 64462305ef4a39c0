// SPDX-License-Identifier: GPL-2.0
// A call on one of several maps by path: the carrier is among them; or one of them is NULL
// on a path, and nothing is known any more.
// expect: enter leave refused carrier-access
// expect: enter_null leave_null refused carrier-access
// told: enter leave perhaps 'starts'
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(four, __u32, __u64);
HASH(six, __u32, __u64);

#define PAIR(in, out, func, state, third)				\
	SEC("fentry/" #func)						\
	int in(args_t *ctx)						\
	{								\
		__u64 a = ctx[1];					\
		__u32 t = tid();					\
									\
		bpf_map_update_elem(&state, &t, &a, BPF_ANY);		\
		return 0;						\
	}								\
									\
	SEC("fexit/" #func)						\
	int out(args_t *ctx)						\
	{								\
		__u64 *a, at;						\
		void *map = &six;					\
		__u32 t = tid();					\
									\
		a = bpf_map_lookup_elem(&state, &t);			\
		if (!a)							\
			return 0;					\
		at = *a;						\
		bpf_map_delete_elem(&state, &t);			\
		if (ctx[4] & 1)						\
			map = &four;					\
		if (ctx[4] & 2)						\
			map = third;					\
		opaque(map);						\
		t = tid();						\
		bpf_map_update_elem(map, &t, &at, BPF_ANY);		\
		return 0;						\
	}

PAIR(enter, leave, vfs_read, starts, &starts)
PAIR(enter_null, leave_null, vfs_write, others, (void *)0)
