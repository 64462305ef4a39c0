// SPDX-License-Identifier: GPL-2.0
// A helper gets the state with a size that is not constant: a map's value may.
// expect: enter leave fused carrier=starts key=tid state=32 exit=armed storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 ts;
	char text[24];
};

__u64 total;
HASH(starts, __u32, struct state);
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { .ts = bpf_ktime_get_ns() };
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);
	__u64 len = ctx[4] & 15;

	if (!s)
		return 0;
	opaque(len);
	len &= 15;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, s, len + 1);
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
