// SPDX-License-Identifier: GPL-2.0
// Two functions share a map that is keyed by process: no way to be exact.
// expect: entry1 exit1 fused carrier=starts key=tgid state=8 exit=armed
// expect: entry2 exit2 fused carrier=starts key=tgid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

static __always_inline int enter(void)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tgid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(void)
{
	__u32 t = tgid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(); }
