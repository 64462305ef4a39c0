// SPDX-License-Identifier: GPL-2.0
// Which map is accessed is decided while the program runs.
// expect: enter leave refused carrier-access
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);
HASH(other, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	void *map = &starts;
	__u64 *ts;

	if (ctx[0] & 8)
		map = &other;
	opaque(map);
	ts = bpf_map_lookup_elem(map, &t);
	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
