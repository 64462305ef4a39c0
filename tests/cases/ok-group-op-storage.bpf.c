// SPDX-License-Identifier: GPL-2.0
// Two groups in one map, and both want the storage of the task: each has its own.
// expect: entry1 exit1 fused carrier=starts key=tid state=8 exit=always storage=task
// expect: entry2 exit2 fused carrier=starts key=tid state=8 exit=always storage=task
// expect: entry3 exit3 fused carrier=starts key=tid state=8 exit=always storage=task
// expect: entry4 exit4 fused carrier=starts key=tid state=8 exit=always storage=task
#include "case.bpf.h"

HASH(starts, __u64, __u64);
__u64 total[4];

static __always_inline __u64 key(__u64 id)
{
	return id << 32 | tid();
}

static __always_inline int enter(__u64 id)
{
	__u64 k = key(id), ts = bpf_ktime_get_ns();

	if (bpf_get_prandom_u32() & 1)
		return 0;
	bpf_map_update_elem(&starts, &k, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(__u64 id, int n)
{
	__u64 k = key(id), *ts = bpf_map_lookup_elem(&starts, &k);

	if (!ts)
		return 0;
	total[n] += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &k);
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(700); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(700, 0); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(700); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(700, 1); }
SEC("fentry/vfs_open") int entry3(args_t *ctx) { return enter(701); }
SEC("fexit/vfs_open") int exit3(args_t *ctx) { return leave(701, 2); }
SEC("fentry/vfs_fsync") int entry4(args_t *ctx) { return enter(701); }
SEC("fexit/vfs_fsync") int exit4(args_t *ctx) { return leave(701, 3); }
