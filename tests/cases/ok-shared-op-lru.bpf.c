// SPDX-License-Identifier: GPL-2.0
// Other keys in a map that evicts: with fewer elements, those of the other program stay longer.
// expect: enter leave fused carrier=state key=tid state=8 exit=armed
// expect: other - refused no-partner
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
MAP(state, BPF_MAP_TYPE_LRU_HASH, 64, struct op_key, __u64);
__u64 total;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 1 };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&state, &k, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 1 };
	__u64 *ts = bpf_map_lookup_elem(&state, &k);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&state, &k);
	return 0;
}

SEC("fentry/vfs_open")
int other(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 2 };
	__u64 one = 1;

	bpf_map_update_elem(&state, &k, &one, BPF_ANY);
	return 0;
}
