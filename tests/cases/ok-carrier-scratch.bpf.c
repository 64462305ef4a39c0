// SPDX-License-Identifier: GPL-2.0
// A buffer in front of the carrier, which a third program fills, too; that the buffer is
// always there makes the exit always delete.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

struct event { __u64 a, b, c; char comm[16]; };
MAP(heap, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct event);
HASH(starts, __u32, __u64);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, __u32, __u32);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid(), zero = 0;
	struct event *e = bpf_map_lookup_elem(&heap, &zero);

	if (!e)
		return 0;
	e->a = ctx[0];
	e->b = 1;
	bpf_map_update_elem(&starts, &t, &e->a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid(), zero = 0;
	__u64 *p = bpf_map_lookup_elem(&starts, &t);
	struct event *e = bpf_map_lookup_elem(&heap, &zero);

	if (!p || !e)
		return 0;
	e->a = *p;
	e->b = 2;
	e->c = 3;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(*e));
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("tracepoint/sched/sched_process_exec")
int third(void *ctx)
{
	__u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&heap, &zero);

	if (!e)
		return 0;
	e->a = e->b = 9;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(*e));
	return 0;
}
