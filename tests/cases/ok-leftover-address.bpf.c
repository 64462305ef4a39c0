// SPDX-License-Identifier: GPL-2.0
// Some way out forgets to delete; all that is left is the address of a structure of the kernel.
// expect: enter leave fused carrier=files key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8 4711
#include "case.bpf.h"

__u64 total;
HASH(files, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 file = ctx[0];
	__u32 t = tid();

	if (ctx[2] & 1)
		return 0;
	bpf_map_update_elem(&files, &t, &file, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *file = bpf_map_lookup_elem(&files, &t);

	if (!file || (__s64)ctx[4] < 0)
		return 0;
	total += *file;
	bpf_map_delete_elem(&files, &t);
	return 0;
}
