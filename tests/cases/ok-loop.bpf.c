// SPDX-License-Identifier: GPL-2.0
// Loops in both programs, over the stack and over the state.
// expect: enter leave fused carrier=starts key=tid state=32 exit=armed
#include "case.bpf.h"

struct state {
	__u32 word[8];
};

__u64 sum;
HASH(starts, __u32, struct state);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct state s = {};
	__u32 t = tid(), n = ctx[0] & 7, i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 8; i++) {
		if (i > n)
			break;
		opaque(n);
		sum += i;
	}
	s.word[3] = n;
	s.word[7] = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &t, &s, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid(), i;
	struct state *s = bpf_map_lookup_elem(&starts, &t);
	__u32 n;

	if (!s)
		return 0;
	n = s->word[3] + s->word[7] % 5;
#pragma clang loop unroll(disable)
	for (i = 0; i < 20; i++) {
		if (i > n)
			break;
		opaque(n);
		sum += s->word[1] + i;
	}
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
