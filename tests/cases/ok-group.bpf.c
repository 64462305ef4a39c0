// SPDX-License-Identifier: GPL-2.0
// Three pairs share one map; who stores is a matter of chance, not of the thread.
// expect: entry1 exit1 fused carrier=starts key=tid state=8 exit=always storage=task
// expect: entry2 exit2 fused carrier=starts key=tid state=8 exit=always storage=task
// expect: entry3 exit3 fused carrier=starts key=tid state=8 exit=always storage=task
#include "case.bpf.h"

__u64 total[3];
HASH(starts, __u32, __u64);

static __always_inline int enter(void)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_get_prandom_u32() & 1)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(int n)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total[n] += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(0); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(1); }
SEC("fentry/vfs_open") int entry3(args_t *ctx) { return enter(); }
SEC("fexit/vfs_open") int exit3(args_t *ctx) { return leave(2); }
