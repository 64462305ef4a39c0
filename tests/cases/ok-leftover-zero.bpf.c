// SPDX-License-Identifier: GPL-2.0
// A value of 0 is what the exit takes for none, and does not delete.
// expect: enter leave fused carrier=sizes key=tid state=8 exit=armed
// printed: sizes
#include "case.bpf.h"

__u64 total;
HASH(sizes, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 size = ctx[2];
	__u32 t = tid();

	bpf_map_update_elem(&sizes, &t, &size, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *size = bpf_map_lookup_elem(&sizes, &t);

	if (!size || !*size)
		return 0;
	total += *size;
	bpf_map_delete_elem(&sizes, &t);
	return 0;
}
