// SPDX-License-Identifier: GPL-2.0
// A weak variable that this kernel has not: the program asks first, and nothing is to be said.
// expect: enter leave fused
// said:
#include "pair.bpf.h"

extern const void pairfuse_no_such_variable __ksym __weak;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return &pairfuse_no_such_variable ? 0 : store();
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	return take();
}
