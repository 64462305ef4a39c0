// SPDX-License-Identifier: GPL-2.0
// Part of the state is another map's key by address, the entry stores only after a
// lookup in that map, and a loop follows pointers.
// expect: enter leave fused carrier=current key=tid state=16 exit=armed
// proto: vfs_unlink regs=4 ret=4 0 0 11 0
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 dentry;
	__u64 depth;
};

HASH(births, __u64, __u64);
HASH(current, __u32, struct state);
MAP(events, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 8, __u32, __u32);

SEC("kprobe/vfs_unlink")
int enter(struct pt_regs *ctx)
{
	__u64 dentry = ctx->dx, *birth, one = 1;
	struct state s = {};
	__u32 t = tid();

	birth = bpf_map_lookup_elem(&births, &dentry);
	if (!birth) {
		/* the compiler is not to make one call of both, with one of two maps */
		if (bpf_map_update_elem(&births, &dentry, &one, BPF_NOEXIST))
			opaque(one);
		return 0;
	}
	s.ts = bpf_ktime_get_ns() - *birth;
	s.dentry = dentry;
	bpf_map_update_elem(&current, &t, &s, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_unlink")
int leave(struct pt_regs *ctx)
{
	struct state *s, e;
	__u32 t = tid(), i;
	__u64 at;

	s = bpf_map_lookup_elem(&current, &t);
	if (!s)
		return 0;
	bpf_map_delete_elem(&current, &t);
	at = s->dentry;
	for (i = 0; i < 5; i++)
		if (bpf_probe_read_kernel(&at, sizeof(at), (void *)at))
			break;
	e = *s;
	e.depth = i;
	if ((int)ctx->ax >= 0)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &e, sizeof(e));
	bpf_map_delete_elem(&births, &s->dentry);
	return 0;
}
