// SPDX-License-Identifier: GPL-2.0
// The program fills its stack, so a copy of the state for the helper would have
// no room on it: task storage can be given to the helper itself.
// proto: vfs_read regs=4 ret=8
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed storage=task
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 arg;
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
	struct state s = { .ts = bpf_ktime_get_ns(), .arg = ctx[1] };
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	char text[496];
	struct state *s;

	s = bpf_map_lookup_elem(&starts, &t);
	if (!s)
		return 0;
	bpf_probe_read_kernel(text, sizeof(text), (void *)ctx[0]);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, text, sizeof(text));
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, s, sizeof(*s));
	total += s->ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
