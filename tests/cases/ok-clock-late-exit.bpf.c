// SPDX-License-Identifier: GPL-2.0
// The exit does something that takes time, and counts it.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave programs
// proto: vfs_read regs=4 ret=8
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
	char path[256] = {};

	if (!ts)
		return 0;
	bpf_probe_read_kernel_str(path, sizeof(path), (void *)ctx[1]);
	total += path[0] + path[255];
	bpf_probe_read_kernel_str(path, sizeof(path), (void *)ctx[2]);
	total += path[0] + path[255];
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
