// SPDX-License-Identifier: GPL-2.0
// Output through a ring buffer, return value and arguments in the record.
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u64 arg;
};

struct record {
	__u64 delta;
	__u64 arg;
	__u64 ret;
	__u32 low;
	__u32 zero;
};

HASH(starts, __u32, struct state);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { .ts = bpf_ktime_get_ns(), .arg = ctx[3] };
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);
	struct record *r;

	if (!s)
		return 0;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (r) {
		r->delta = bpf_ktime_get_ns() - s->ts;
		r->arg = s->arg ^ ctx[3];
		r->ret = ctx[4];
		r->low = *(volatile __u32 *)&ctx[1];
		r->zero = 0;
		bpf_ringbuf_submit(r, 0);
	}
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
