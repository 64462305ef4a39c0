// SPDX-License-Identifier: GPL-2.0
// User space can map the state into its memory.
// expect: enter leave refused carrier-user
#include "case.bpf.h"

__u64 total;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, 1 << 10); /* BPF_F_MMAPABLE */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} last SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 zero = 0;

	bpf_map_update_elem(&last, &zero, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *ts = bpf_map_lookup_elem(&last, &zero);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	return 0;
}
