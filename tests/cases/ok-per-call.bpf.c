// SPDX-License-Identifier: GPL-2.0
// The same, but each call is to have its own state: not exact, as asked for.
// expect: entry1 exit1 fused carrier=starts key=tid state=8 exit=armed
// expect: entry2 exit2 fused carrier=starts key=tid state=8 exit=armed
// expect: entry3 exit3 fused carrier=starts key=tid state=8 exit=armed
// nesting: per-call
#include "case.bpf.h"

const volatile __u32 target_tgid = 1000;
__u64 total[3], calls[3];
HASH(starts, __u32, __u64);

static __always_inline int enter(void)
{
	__u64 ts = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	__u32 t = id;

	if (target_tgid && target_tgid != id >> 32)
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
	calls[n]++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(0); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(1); }
SEC("fentry/vfs_open") int entry3(args_t *ctx) { return enter(); }
SEC("fexit/vfs_open") int exit3(args_t *ctx) { return leave(2); }
