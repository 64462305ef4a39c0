// SPDX-License-Identifier: GPL-2.0
// More than 64 maps, and a third program that looks into the carrier: that is seen there too.
// expect: enter leave refused carrier-shared
// expect: other - refused no-partner
#include "pair.bpf.h"

#define ONE(n)	HASH(more##n, __u32, __u32);
#define FOUR(n)	ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3)
#define EIGHT(n)	FOUR(n##0) FOUR(n##1)
EIGHT(0) EIGHT(1) EIGHT(2) EIGHT(3) EIGHT(4) EIGHT(5) EIGHT(6) EIGHT(7) EIGHT(8)

__u64 seen;

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

SEC("kprobe/vfs_write")
int other(args_t *regs)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(&starts, &id))
		seen++;
	return 0;
}
