// SPDX-License-Identifier: GPL-2.0
// A section that libbpf does not know, and its program looks into the carrier: wherever it runs.
// expect: enter leave refused carrier-shared
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
	__u64 id = bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(&starts, &id))
		calls++;
	return 0;
}
