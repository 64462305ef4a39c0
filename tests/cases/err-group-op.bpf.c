// SPDX-License-Identifier: GPL-2.0
// The third pair's key has the operation of a file in it, so it may be that of either of
// the others: one group.
// expect: enter leave refused key-differs
// expect: enter2 leave2 refused key-differs
// expect: enter3 leave3 refused key-differs
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
HASH(starts, struct op_key, __u64);
__u64 total;

static __always_inline int enter_op(__u32 op)
{
	struct op_key k = { .tid = tid(), .op = op };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &k, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave_op(__u32 op)
{
	struct op_key k = { .tid = tid(), .op = op };
	__u64 *ts = bpf_map_lookup_elem(&starts, &k);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &k);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return enter_op(1); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return leave_op(1); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return enter_op(2); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return leave_op(2); }
SEC("fentry/vfs_open") int enter3(args_t *ctx) { return enter_op(ctx[1]); }
SEC("fexit/vfs_open") int leave3(args_t *ctx) { return leave_op(ctx[1]); }
