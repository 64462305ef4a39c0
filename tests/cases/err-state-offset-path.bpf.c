// SPDX-License-Identifier: GPL-2.0
// One instruction writes the state or a local variable; in the entry of vfs_write it
// is a helper that does.
// expect: enter leave refused state-offset
// expect: enter2 leave2 refused state-offset
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 flag, bytes;
};

__u64 calls, total, last;
MAP(state, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct state);
MAP(state2, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 local = 0, *p = &local;
	struct state *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&state, &zero);
	if (!s)
		return 0;
	if (bpf_get_prandom_u32() & 1) {
		s->bytes = ctx[2];
		p = &s->flag;
	}
	opaque(p);
	*(volatile __u64 *)p = 1;
	last = *(volatile __u64 *)&local;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct state *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&state, &zero);
	if (!s || !s->flag)
		return 0;
	calls++;
	total += s->bytes;
	s->flag = 0;
	return 0;
}

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 local = 0, *p = &local;
	struct state *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&state2, &zero);
	if (!s)
		return 0;
	if (bpf_get_prandom_u32() & 1) {
		s->bytes = ctx[2];
		p = &s->flag;
	}
	opaque(p);
	bpf_get_current_comm(p, sizeof(*p));
	last = *(volatile __u64 *)&local;
	return 0;
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	struct state *s;
	__u32 zero = 0;

	s = bpf_map_lookup_elem(&state2, &zero);
	if (!s || !s->flag)
		return 0;
	calls++;
	total += s->bytes;
	s->flag = 0;
	return 0;
}
