// SPDX-License-Identifier: GPL-2.0
// The exit consumes the state by zeroing the field that it tests.
// expect: enter leave fused carrier=scratch key=const state=16 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 arg;
};

__u64 total;
MAP(scratch, BPF_MAP_TYPE_ARRAY, 4, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 two = 2;
	struct state *s;

	if (ctx[1] & 1)
		return 0;
	s = bpf_map_lookup_elem(&scratch, &two);
	if (!s)
		return 0;
	s->arg = ctx[0];
	s->ts = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 two = 2;
	struct state *s = bpf_map_lookup_elem(&scratch, &two);
	__u64 ts;

	if (!s)
		return 0;
	ts = s->ts;
	if (!ts)
		return 0;
	total += (bpf_ktime_get_ns() - ts) ^ s->arg;
	s->ts = 0;
	return 0;
}
