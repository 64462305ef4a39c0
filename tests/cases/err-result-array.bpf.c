// SPDX-License-Identifier: GPL-2.0
// A field of an array is 0 between calls, another one is what user space wants.
// expect: enter leave refused not-consumed
#include "case.bpf.h"

struct gauge {
	__u64 began, last;
};

MAP(gauge, BPF_MAP_TYPE_ARRAY, 1, __u32, struct gauge);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 zero = 0;
	struct gauge *g = bpf_map_lookup_elem(&gauge, &zero);

	if (g)
		g->began = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 zero = 0;
	struct gauge *g = bpf_map_lookup_elem(&gauge, &zero);

	if (!g || !g->began)
		return 0;
	g->last = bpf_ktime_get_ns() - g->began;
	g->began = 0;
	return 0;
}
