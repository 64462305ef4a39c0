// SPDX-License-Identifier: GPL-2.0
// Helpers get pointers into the state: output, fill, key and value of others.
// expect: enter leave fused carrier=starts key=tid state=48 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u32 kind;
	__u32 count;
	char comm[16];
	char more[16];
};

HASH(starts, __u32, struct state);
HASH(kinds, __u32, __u64);
HASH(last, __u32, struct state);
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 8);
} events SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = {}, *p;
	__u32 t = tid();

	if (bpf_get_prandom_u32() & 1)
		return 0;
	s.ts = bpf_ktime_get_ns();
	s.kind = ctx[0] & 3;
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	p = bpf_map_lookup_elem(&starts, &t);
	if (p)
		bpf_get_current_comm(p->comm, sizeof(p->comm));
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);
	__u64 one = 1, *n;

	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns() - s->ts;
	__sync_fetch_and_add(&s->count, 3);
	bpf_get_current_comm(s->more, sizeof(s->more));
	n = bpf_map_lookup_elem(&kinds, &s->kind);
	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&kinds, &s->kind, &one, BPF_ANY);
	bpf_map_update_elem(&last, &t, s, BPF_ANY);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, s, sizeof(*s));
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
