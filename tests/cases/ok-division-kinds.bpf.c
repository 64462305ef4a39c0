// SPDX-License-Identifier: GPL-2.0
// Quotients and remainders by constants, of 64 and 32 bits.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 out[8];
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid();
	__u64 ts = bpf_ktime_get_ns() % 1000003;

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid(), low = ctx[1];
	__u64 *ts = bpf_map_lookup_elem(&starts, &t), whole = ctx[0];

	if (!ts)
		return 0;
	out[0] += *ts;
	out[1] += whole / 1000;
	out[2] += whole % 1000;
	out[3] += low / 7;
	out[4] += low % 10;
	out[5] += low % 0x7fffffff + (low ^ 5) / 0x7fffffff;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
