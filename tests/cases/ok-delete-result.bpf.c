// SPDX-License-Identifier: GPL-2.0
// What the delete and a second lookup return is looked at.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 found, missing, again, second;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (ctx[0] & 1)
		return 0;
	if (bpf_map_update_elem(&starts, &t, &ts, BPF_ANY))
		return 0;
	if (ctx[1] & 1)
		bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts;
	long err;

	if (ctx[2] & 1)
		bpf_map_delete_elem(&starts, &t);
	ts = bpf_map_lookup_elem(&starts, &t);
	if (ts)
		found += *ts;
	err = bpf_map_delete_elem(&starts, &t);
	if (err)
		missing -= err;
	if (bpf_map_lookup_elem(&starts, &t))
		again++;
	second += bpf_map_delete_elem(&starts, &t);
	return 0;
}
