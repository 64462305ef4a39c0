// SPDX-License-Identifier: GPL-2.0
// Fields of all widths; one that nobody reads is not kept.
// expect: enter leave fused carrier=starts key=tid state=24 exit=armed
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u32 pid;
	__u16 port;
	__u8 proto;
	__u8 pad;
	__s64 arg;
	__u64 unread[4];
};

__u64 out[6];
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = {};
	__u32 t = tid();

	s.ts = bpf_ktime_get_ns();
	s.pid = tgid();
	s.port = ctx[1];
	s.proto = ctx[2];
	s.arg = ctx[0];
	s.unread[1] = ctx[1];
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
	out[0] += bpf_ktime_get_ns() - s->ts;
	out[1] ^= s->pid;
	out[2] += s->port;
	out[3] += s->proto;
	out[4] += s->arg;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
