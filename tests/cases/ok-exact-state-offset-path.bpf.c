// SPDX-License-Identifier: GPL-2.0
// One instruction stores the time in the state or in a local variable.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 total, last;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 local = 0, zero = 0, *p = &local;
	__u32 t = tid();

	if (bpf_get_prandom_u32() & 1) {
		bpf_map_update_elem(&starts, &t, &zero, BPF_ANY);
		p = bpf_map_lookup_elem(&starts, &t);
		if (!p)
			return 0;
	}
	opaque(p);
	*(volatile __u64 *)p = bpf_ktime_get_ns();
	last = *(volatile __u64 *)&local;
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
