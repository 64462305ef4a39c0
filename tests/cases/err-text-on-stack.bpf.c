// SPDX-License-Identifier: GPL-2.0
// Sources of a read that go beyond the stack: bytes, not a string; a string whose end is not known;
// as many bytes as an argument says; from a place that it tells; the stack or a map's value.
// expect: enter leave refused helper
// expect: enter_open leave_open refused helper
// expect: enter_length leave_length refused helper
// expect: enter_index leave_index refused helper
// expect: enter_either leave_either refused helper
// told: enter leave beyond the program's stack
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: vfs_statx regs=4 ret=8
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);
HASH(fourth, __u32, __u64);
HASH(fifth, __u32, __u64);
char copy[1024];

#define LENGTH(to, size, from)	bpf_probe_read_kernel(to, i & 511, from)
#define INDEX(to, size, from)	bpf_probe_read_kernel(to, 8, (from) + (i & 63))

/* one that stays in the frame, but nobody knows */
#define EITHER(to, size, from)						\
	do {								\
		void *p = i & 1 ? (void *)(from) : (void *)&total;	\
									\
		opaque(p);						\
		bpf_probe_read_kernel(to, 8, p);			\
	} while (0)

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
		__u64 *a, i = ctx[2];					\
		__u32 t;						\
									\
		opaque(i);						\
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
PAIR(enter_length, leave_length, vfs_open, third, LENGTH)
PAIR(enter_index, leave_index, vfs_fsync, fourth, INDEX)
PAIR(enter_either, leave_either, vfs_statx, fifth, EITHER)
