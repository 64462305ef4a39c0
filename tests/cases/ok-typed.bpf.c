// SPDX-License-Identifier: GPL-2.0
// Arguments are dereferenced as structures, in the entry and in the exit.
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed
// proto: vfs_read regs=4 ret=8 100 0 100
#include "case.bpf.h"

struct pair {
	__u64 a;
	__u64 b;
};

struct state {
	__u64 ts;
	__u64 sum;
};

__u64 total, sum;
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct pair *l = (void *)ctx[0], *m = (void *)ctx[2];
	struct state s = { .ts = bpf_ktime_get_ns() };
	__u32 t = tid();

	s.sum = l->b ^ m->a;
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct pair *l = (void *)ctx[0];
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);

	if (!s)
		return 0;
	total += bpf_ktime_get_ns() - s->ts + ctx[4];
	sum += s->sum ^ l->b;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
