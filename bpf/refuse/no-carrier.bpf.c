// SPDX-License-Identifier: GPL-2.0
// Both count, and neither leaves anything for the other.
// expect: enter leave refused no-carrier
#include "case.bpf.h"

__u64 entered, left;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	entered++;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	left++;
	return 0;
}
