// SPDX-License-Identifier: GPL-2.0
// Sources of a read that go beyond the stack: bytes, not a string; a string whose end is not known.
// expect: enter leave refused helper
// expect: enter_open leave_open refused helper
// told: enter leave beyond the program's stack
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
char copy[1024];

#define PAIR(in, out, func, map, read)					\
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
		char text[8] = "eight..";				\
		__u64 *a;						\
		__u32 t;						\
									\
		text[7] = ctx[1];					\
		read(copy, 600, text);					\
		t = tid();						\
		a = bpf_map_lookup_elem(&map, &t);			\
		if (!a)							\
			return 0;					\
		total += *a;						\
		t = tid();						\
		bpf_map_delete_elem(&map, &t);				\
		return 0;						\
	}

PAIR(enter, leave, vfs_read, starts, bpf_probe_read_kernel)
PAIR(enter_open, leave_open, vfs_write, others, bpf_probe_read_kernel_str)
