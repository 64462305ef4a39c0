// SPDX-License-Identifier: GPL-2.0
// Totals by thread, made beside the time: the map is what the tool prints at its end.
// expect: enter leave refused not-consumed
#include "case.bpf.h"

struct sums {
	__u64 began, ns, calls;
};

HASH(sums, __u32, struct sums);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct sums *s, new = {};
	__u32 t = tid();

	s = bpf_map_lookup_elem(&sums, &t);
	if (!s) {
		bpf_map_update_elem(&sums, &t, &new, BPF_ANY);
		s = bpf_map_lookup_elem(&sums, &t);
		if (!s)
			return 0;
	}
	s->began = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct sums *s = bpf_map_lookup_elem(&sums, &t);

	if (!s)
		return 0;
	s->ns += bpf_ktime_get_ns() - s->began;
	s->calls++;
	return 0;
}
