// SPDX-License-Identifier: GPL-2.0
// State goes through a queue.
// expect: enter leave refused carrier-type
#include "case.bpf.h"

__u64 total;
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 64);
	__uint(value_size, 8);
} queue SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_push_elem(&queue, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 ts;

	if (!bpf_map_pop_elem(&queue, &ts))
		total += bpf_ktime_get_ns() - ts;
	return 0;
}
