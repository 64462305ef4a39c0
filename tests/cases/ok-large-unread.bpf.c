// SPDX-License-Identifier: GPL-2.0
// A value larger than the slot, of which the exit reads only the beginning.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
struct state {
	__u64 ts;
	char name[120];
};
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { .ts = bpf_ktime_get_ns() };
	__u32 t = tid();

	bpf_get_current_comm(s.name, 16);
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (s)
		total += s->ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
