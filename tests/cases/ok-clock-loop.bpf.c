// SPDX-License-Identifier: GPL-2.0
// One call of the clock, several times.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave programs
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);
	int i;

	if (!ts)
		return 0;
	for (i = 0; i < 100; i++)
		total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
