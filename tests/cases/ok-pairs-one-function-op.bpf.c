// SPDX-License-Identifier: GPL-2.0
// Two pairs on one function and one map: by the constant in the key it is known which
// entry goes with which exit.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter2 leave2 fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
HASH(starts, struct op_key, __u64);
__u64 ns, sum;

static __always_inline int store(__u32 op, __u64 v)
{
	struct op_key k = { .tid = tid(), .op = op };

	bpf_map_update_elem(&starts, &k, &v, BPF_ANY);
	return 0;
}

static __always_inline int take(__u32 op, __u64 *to, __u64 now)
{
	struct op_key k = { .tid = tid(), .op = op };
	__u64 *v = bpf_map_lookup_elem(&starts, &k);

	if (!v)
		return 0;
	*to += now - *v;
	bpf_map_delete_elem(&starts, &k);
	return 0;
}

SEC("fentry/vfs_write") int enter(args_t *ctx) { return store(1, bpf_ktime_get_ns()); }
SEC("fexit/vfs_write") int leave(args_t *ctx) { return take(1, &ns, bpf_ktime_get_ns()); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(2, ctx[2]); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return take(2, &sum, 0); }
