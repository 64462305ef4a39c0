// SPDX-License-Identifier: GPL-2.0
// The entry reads the clock after a loop, which would count.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave programs
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, sum;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts, h = ctx[0];
	__u32 t = tid();
	int i;

	for (i = 0; i < 1000; i++)
		h = h * 31 + (h >> 7);
	sum = h;
	ts = bpf_ktime_get_ns();
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
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
