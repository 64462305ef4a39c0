// SPDX-License-Identifier: GPL-2.0
// The entry takes its state back on some paths: what R0 says is not known when
// the program is written, and is kept on the stack.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 total, taken_back;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (ctx[0] & 1)
		bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	if (ctx[1] & 1)
		bpf_map_delete_elem(&starts, &t);
	if (ctx[2] & 1)
		taken_back += ctx[0];
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
