// SPDX-License-Identifier: GPL-2.0
// Either the one reading of the clock or the other, never both.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave stub
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, other;
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

	if (!ts)
		return 0;
	if (ctx[1] & 1) {
		asm volatile("r5 = 1" ::: "r5");	/* or the compiler would make one of them */
		total += bpf_ktime_get_ns() - *ts;
	} else {
		other += bpf_ktime_get_ns() - *ts;
	}
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
