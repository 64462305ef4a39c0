// SPDX-License-Identifier: GPL-2.0
// Pairs with another constant in the key are another group: what one is refused for is
// not the other's business.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter2 leave2 refused not-consumed
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
HASH(starts, struct op_key, __u64);
__u64 total, last;

static __always_inline int store(__u32 op, __u64 v)
{
	struct op_key k = { .tid = tid(), .op = op };

	bpf_map_update_elem(&starts, &k, &v, BPF_ANY);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return store(1, bpf_ktime_get_ns()); }

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 1 };
	__u64 *ts = bpf_map_lookup_elem(&starts, &k);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &k);
	return 0;
}

SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(2, ctx[2]); }

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 2 };
	__u64 *n = bpf_map_lookup_elem(&starts, &k);

	if (n)
		last = *n;
	return 0;
}
