// SPDX-License-Identifier: GPL-2.0
// The address of the function is a constant.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: unknown_in unknown_out refused helper
// addr: enter ffffffff81234560
// addr: leave ffffffff81234560
// addr: unknown_in ffffffff81234570
#include "case.bpf.h"

__u64 ips[4];
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);

#define ENTER(name, func, map)					\
	SEC("fentry/" #func)					\
	int name(args_t *ctx)					\
	{							\
		__u64 ip = bpf_get_func_ip(ctx);		\
		__u32 t = tid();				\
								\
		bpf_map_update_elem(&map, &t, &ip, BPF_ANY);	\
		return 0;					\
	}

#define LEAVE(name, func, map)					\
	SEC("fexit/" #func)					\
	int name(args_t *ctx)					\
	{							\
		__u32 t = tid();				\
		__u64 *ip = bpf_map_lookup_elem(&map, &t);	\
								\
		if (!ip)					\
			return 0;				\
		if (*ip == bpf_get_func_ip(ctx))		\
			ips[0]++;				\
		ips[1] = *ip;					\
		ips[2] = bpf_get_func_ip(ctx);			\
		bpf_map_delete_elem(&map, &t);			\
		return 0;					\
	}

ENTER(enter, vfs_read, starts)
LEAVE(leave, vfs_read, starts)
ENTER(unknown_in, vfs_write, others)
LEAVE(unknown_out, vfs_write, others)
