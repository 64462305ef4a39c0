// SPDX-License-Identifier: GPL-2.0
// As execsnoop does it: a large state, zeroes from .rodata with BPF_NOEXIST,
// filled in place with indices that vary, given to helpers.
// expect: enter leave fused carrier=states key=tid state=1072 exit=armed storage=task
// expect: enter2 leave2 fused carrier=copies key=tid state=600 exit=armed storage=task
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 ts;
	__u32 n;
	char comm[16];
	__u32 odd;
	__u64 words[130];
};

struct copy {
	__u64 words[75];
};

static const struct state empty = {};
static const volatile struct copy preset = { .words = { 3, 1, 4, [74] = 5 } };
__u64 total, bad;
HASH(states, __u32, struct state);
HASH(copies, __u32, struct copy);
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid(), i = ctx[1] & 127;
	struct state *s;

	if (bpf_map_update_elem(&states, &t, &empty, BPF_NOEXIST))
		return 0;
	s = bpf_map_lookup_elem(&states, &t);
	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns();
	s->n = i;
	bpf_get_current_comm(&s->comm, sizeof(s->comm));
	bad += s->words[i];
	s->words[i] = s->ts;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&states, &t);
	__u32 i, len;

	if (!s)
		return 0;
	i = s->n & 127;
	if (s->words[i] != s->ts)
		bad++;
	total += bpf_ktime_get_ns() - s->ts;
	len = (ctx[4] & 63) + 1;
	opaque(len);
	len &= 127;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, s, len);
	bpf_map_delete_elem(&states, &t);
	return 0;
}

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u32 t = tid();

	bpf_map_update_elem(&copies, &t, (const void *)&preset, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	__u32 t = tid();
	struct copy *s = bpf_map_lookup_elem(&copies, &t);

	if (!s)
		return 0;
	total += s->words[0] * 100 + s->words[2] * 10 + s->words[74];
	bpf_map_delete_elem(&copies, &t);
	return 0;
}
