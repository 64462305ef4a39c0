// SPDX-License-Identifier: GPL-2.0
// A function that the kernel calls back cannot become part of its caller.
// expect: enter leave refused subprog
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

static long add(__u32 i, void *arg)
{
	total += i;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	bpf_loop(3, add, 0, 0);
	total += *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
