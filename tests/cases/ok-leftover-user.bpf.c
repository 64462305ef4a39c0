// SPDX-License-Identifier: GPL-2.0
// The exit is not interested in a user that the entry did not let in either, unless the call
// has changed it.
// expect: enter leave fused carrier=sizes key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

const volatile __u32 user = 1;
__u64 total;
HASH(sizes, __u32, __u64);

static __u32 (*bpf_get_current_uid_gid_)(void) = (void *)15;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 size = ctx[2];
	__u32 t = tid();

	if (user && bpf_get_current_uid_gid_() != user)
		return 0;
	bpf_map_update_elem(&sizes, &t, &size, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *size;

	if (user && bpf_get_current_uid_gid_() != user)
		return 0;
	size = bpf_map_lookup_elem(&sizes, &t);
	if (!size)
		return 0;
	total += *size;
	bpf_map_delete_elem(&sizes, &t);
	return 0;
}
