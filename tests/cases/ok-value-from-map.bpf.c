// SPDX-License-Identifier: GPL-2.0
// The state is copied from read-only data and completed in place.
// expect: enter leave fused carrier=starts key=tid state=24 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 seven;
	__u64 arg;
};

__u64 total;
static const struct state empty = { .seven = 7 };
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid();
	struct state *s;

	bpf_map_update_elem(&starts, &t, &empty, BPF_ANY);
	s = bpf_map_lookup_elem(&starts, &t);
	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns();
	if (ctx[0] & 1)
		s->arg = ctx[0];
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	total += (bpf_ktime_get_ns() - s->ts) * s->seven + s->arg;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
