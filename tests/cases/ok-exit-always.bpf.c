// SPDX-License-Identifier: GPL-2.0
// The exit counts calls for which there is no state: it has to run always.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always
#include "case.bpf.h"

__u64 total, missed;
MAP(starts, BPF_MAP_TYPE_PERCPU_HASH, 100, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (ctx[0] & 1)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts) {
		missed++;
		return 0;
	}
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
