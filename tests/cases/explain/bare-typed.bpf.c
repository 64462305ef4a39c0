// SPDX-License-Identifier: GPL-2.0
// Sections that name no function, which --target does.
// options: --target enter=vfs_read --target leave=vfs_read
// expect: enter leave fused
#include "pair.bpf.h"

SEC("fentry")
int enter(args_t *ctx)
{
	return store();
}

SEC("fexit")
int leave(args_t *ctx)
{
	return take();
}
