// SPDX-License-Identifier: GPL-2.0
// The state is copied from a place on the stack that is chosen at run time.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed storage=task
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts[4] = { 1, 2, bpf_ktime_get_ns(), 4 }, i = ctx[2] & 3;
	__u32 t = tid();

	opaque(i);
	i &= 3;
	bpf_map_update_elem(&starts, &t, &ts[i], BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
