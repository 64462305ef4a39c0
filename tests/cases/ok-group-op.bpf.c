// SPDX-License-Identifier: GPL-2.0
// One map, but each function has another constant in the key: none of the pairs sees the
// state of another.
// expect: entry1 exit1 fused carrier=starts key=tid state=8 exit=armed
// expect: entry2 exit2 fused carrier=starts key=tid state=8 exit=armed
// expect: entry3 exit3 fused carrier=starts key=tid state=8 exit=armed exact
// expect: entry4 exit4 fused carrier=starts key=tid state=8 exit=armed exact
// told: entry1 exit1 every invocation has its own state
// told: entry3 exit3 as several functions share it
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
HASH(starts, struct op_key, __u64);
__u64 ns[3], calls[3];

static __always_inline int enter(__u32 op)
{
	struct op_key k = { .tid = tid(), .op = op };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &k, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(__u32 op)
{
	struct op_key k = { .tid = tid(), .op = op };
	__u64 *ts = bpf_map_lookup_elem(&starts, &k);

	if (!ts)
		return 0;
	ns[op] += bpf_ktime_get_ns() - *ts;
	calls[op]++;
	bpf_map_delete_elem(&starts, &k);
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(0); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(0); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(1); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(1); }
/* these two share what is left of the map, and find what it would hold */
SEC("fentry/vfs_open") int entry3(args_t *ctx) { return enter(2); }
SEC("fexit/vfs_open") int exit3(args_t *ctx) { return leave(2); }
SEC("fentry/vfs_fsync") int entry4(args_t *ctx) { return enter(2); }
SEC("fexit/vfs_fsync") int exit4(args_t *ctx) { return leave(2); }
