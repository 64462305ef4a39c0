// SPDX-License-Identifier: GPL-2.0
// Both programs ask who it is: the exit takes it from the entry, where that has
// always asked; behind a jump it may not have.
// expect: in_ids out_ids fused carrier=s_ids key=tid state=8 exit=armed
// expect: in_later out_later fused carrier=s_later key=tid state=8 exit=armed
// expect: in_full out_full fused carrier=s_full key=tid state=64 exit=armed
// proto: ids regs=4 ret=8
// proto: later regs=4 ret=8
// proto: full regs=4 ret=8
// once: in_ids out_ids yes
// once: in_later out_later no
// once: in_full out_full no
#include "case.bpf.h"

__u64 out[16];
struct full {
	__u64 v[8];
};
HASH(s_ids, __u32, __u64);
HASH(s_later, __u32, __u64);
HASH(s_full, __u32, struct full);

SEC("fentry/ids")
int in_ids(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), task = bpf_get_current_task(), v;
	__u32 t = id;

	v = (id >> 32) + (task & 0xff0) + ctx[0];
	if (ctx[1] & 1)
		return 0;
	bpf_map_update_elem(&s_ids, &t, &v, BPF_ANY);
	return 0;
}

SEC("fexit/ids")
int out_ids(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *v;
	__u32 t = id;

	v = bpf_map_lookup_elem(&s_ids, &t);
	if (!v)
		return 0;
	out[0] += *v + (id >> 32);
	out[1] ^= bpf_get_current_task();
	bpf_map_delete_elem(&s_ids, &t);
	return 0;
}

SEC("fentry/later")
int in_later(args_t *ctx)
{
	__u32 t;
	__u64 v;

	if (ctx[1] & 1)
		return 0;
	t = tid();
	v = t + ctx[0];
	bpf_map_update_elem(&s_later, &t, &v, BPF_ANY);
	return 0;
}

SEC("fexit/later")
int out_later(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *v;
	__u32 t = id;

	v = bpf_map_lookup_elem(&s_later, &t);
	if (!v)
		return 0;
	out[2] += *v + (id >> 32);
	bpf_map_delete_elem(&s_later, &t);
	return 0;
}

SEC("fentry/full")
int in_full(args_t *ctx)
{
	struct full f = { .v = { ctx[0], 2, ctx[1], 4, ctx[2], 6, 7, 8 } };
	__u64 id = bpf_get_current_pid_tgid();
	__u32 t = id;

	f.v[1] = id >> 32;
	bpf_map_update_elem(&s_full, &t, &f, BPF_ANY);
	return 0;
}

SEC("fexit/full")
int out_full(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct full *f;
	__u32 t = id;
	int i;

	f = bpf_map_lookup_elem(&s_full, &t);
	if (!f)
		return 0;
	for (i = 0; i < 8; i++)
		out[4 + i] += f->v[i] ^ id;
	bpf_map_delete_elem(&s_full, &t);
	return 0;
}
