// SPDX-License-Identifier: GPL-2.0
// More state than a slot holds.
// expect: enter leave fused carrier=starts key=tid state=80 exit=armed storage=task
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 args[9];
};

__u64 total;
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { .ts = bpf_ktime_get_ns() };
	__u32 t = tid();

	s.args[8] = ctx[1];
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	total += s->ts + s->args[8];
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
