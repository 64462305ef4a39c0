// SPDX-License-Identifier: GPL-2.0
// A second map that both use stays a map.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(counts, __u32, __u64);
HASH(starts, __u32, __u64);

static __always_inline void count(__u32 kind)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&counts, &kind);

	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&counts, &kind, &one, BPF_NOEXIST);
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	count(ctx[0] & 7);
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	count(8 + (*ts & 3));
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
