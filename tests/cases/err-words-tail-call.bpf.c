// SPDX-License-Identifier: GPL-2.0
// The exit goes on in a program that nobody here knows.
// expect: enter leave refused helper
// told: enter leave leaves the pair by bpf_tail_call
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

struct {
	__uint(type, 3);	/* BPF_MAP_TYPE_PROG_ARRAY */
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} next SEC(".maps");

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
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	bpf_tail_call(ctx, &next, 0);
	return 0;
}
