// SPDX-License-Identifier: GPL-2.0
// A section that libbpf does not know, whose program the tool attaches: it does nothing to the
// pair.
// expect: enter leave fused
// told: - odd none that libbpf knows
#include "pair.bpf.h"

__u64 calls;

SEC("kprobe/vfs_read")
int enter(args_t *regs)
{
	return store();
}

SEC("kretprobe/vfs_read")
int leave(args_t *regs)
{
	return take();
}

SEC("mytool/odd")
int odd(void *ctx)
{
	calls++;
	return 0;
}
