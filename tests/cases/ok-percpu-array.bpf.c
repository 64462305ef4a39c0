// SPDX-License-Identifier: GPL-2.0
// A per-CPU array as scratch space, written in place on every path; a time of 0 says that
// there is nothing.
// expect: enter leave fused carrier=scratch key=const state=16 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 arg;
};

__u64 total;
MAP(scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 zero = 0;
	struct state *s = bpf_map_lookup_elem(&scratch, &zero);

	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns();
	s->arg = ctx[0];
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 zero = 0;
	struct state *s = bpf_map_lookup_elem(&scratch, &zero);

	if (!s)
		return 0;
	total += (bpf_ktime_get_ns() - s->ts) ^ s->arg;
	s->ts = 0;
	return 0;
}
