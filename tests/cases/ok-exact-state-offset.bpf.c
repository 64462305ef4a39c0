// SPDX-License-Identifier: GPL-2.0
// Which word of the state is read is decided while the program runs.
// expect: enter leave fused carrier=starts key=tid state=32 exit=armed storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct state {
	__u64 word[4];
};

__u64 total;
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = { { 1, 2, 3, bpf_ktime_get_ns() } };
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct state *s = bpf_map_lookup_elem(&starts, &t);
	__u64 i = ctx[2] & 3;

	if (!s)
		return 0;
	opaque(i);
	i &= 3;
	total += s->word[i];
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
