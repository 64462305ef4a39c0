// SPDX-License-Identifier: GPL-2.0
// Popping from a queue that is locked leaves what was there, which is no dead store.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 64);
	__type(value, __u64);
} queue SEC(".maps");

__u64 total, sum;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), size = ctx[2];
	__u32 t = tid();

	bpf_map_push_elem(&queue, &size, BPF_ANY);
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t), size = 7, first = 8;

	if (!ts)
		return 0;
	bpf_map_peek_elem(&queue, &first);
	bpf_map_pop_elem(&queue, &size);
	sum += size + first;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
