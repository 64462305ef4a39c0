// SPDX-License-Identifier: GPL-2.0
// Accesses on several paths, odd sizes, a pointer that is spilled, a value from
// another map, an entry that looks and deletes.
// expect: enter leave fused carrier=states key=tid state=13 exit=always storage=task
// expect: enter2 leave2 fused carrier=states key=tid state=13 exit=always storage=task
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u32 n;
	__u8 c;
} __attribute__((packed));

__u64 total, seen, gone, calls;
HASH(states, __u32, struct state);
MAP(source, BPF_MAP_TYPE_ARRAY, 1, __u32, struct state);

static __always_inline __u64 look(struct state *s)
{
	return s->ts + s->n + s->c;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid(), zero = 0;
	struct state s = { .ts = bpf_ktime_get_ns(), .n = ctx[1], .c = ctx[2] };
	struct state *old, *from;

	if (ctx[1] & 1) {
		old = bpf_map_lookup_elem(&states, &t);
		if (old)
			seen += look(old);
		if (ctx[2] & 1)
			bpf_map_delete_elem(&states, &t);
		return 0;
	}
	if (ctx[2] & 1) {
		from = bpf_map_lookup_elem(&source, &zero);
		if (from) {
			from->n++;
			from->c += 3;
			bpf_map_update_elem(&states, &t, from, BPF_ANY);
		}
	} else {
		bpf_map_update_elem(&states, &t, &s, BPF_ANY);
	}
	old = bpf_map_lookup_elem(&states, &t);
	if (old)
		old->n += 7;
	return 0;
}

static __always_inline int exits(args_t *ctx)
{
	__u32 t = tid();
	struct state *s;

	calls++;
	s = bpf_map_lookup_elem(&states, &t);
	if (!s)
		return 0;
	if (ctx[4] & 1) {
		total += look(s);
		bpf_map_delete_elem(&states, &t);
		return 0;
	}
	if (bpf_map_delete_elem(&states, &t))
		gone++;
	total += look(s);
	return 0;
}

SEC("fexit/vfs_read") int leave(args_t *ctx) { return exits(ctx); }

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	struct state s = { .ts = 1, .n = 2, .c = 3 };
	__u32 t = tid();

	if (ctx[0] & 2)
		bpf_map_update_elem(&states, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write") int leave2(args_t *ctx) { return exits(ctx); }
