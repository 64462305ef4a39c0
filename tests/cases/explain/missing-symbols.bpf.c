// SPDX-License-Identifier: GPL-2.0
// A variable and a kfunc that this kernel has not, for the kernel that the object is for.
// expect: enter leave fused
// expect: other - refused no-partner
// said: 'pairfuse_no_such_variable' is no symbol of this kernel
// said: 'pairfuse_no_such_kfunc' is no symbol of this kernel
#include "pair.bpf.h"

extern const void pairfuse_no_such_variable __ksym;
extern void pairfuse_no_such_kfunc(void) __ksym;

__u64 at;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return store();
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	return take();
}

SEC("fentry/vfs_write")
int other(args_t *ctx)
{
	at = (unsigned long)&pairfuse_no_such_variable;
	pairfuse_no_such_kfunc();
	return 0;
}
