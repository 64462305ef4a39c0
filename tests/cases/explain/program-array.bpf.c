// SPDX-License-Identifier: GPL-2.0
// A program array with its programs, which libbpf's recorder cannot fill.
// expect: enter leave fused
// expect: other - refused no-partner
// expect: tail - refused no-target
#include "pair.bpf.h"

int tail(args_t *regs);

struct {
	__uint(type, 3);	/* BPF_MAP_TYPE_PROG_ARRAY */
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__array(values, int(void *));
} next SEC(".maps") = {
	.values = { [0] = (void *)&tail },
};

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

SEC("kprobe/vfs_fsync")
int other(args_t *regs)
{
	bpf_tail_call(regs, &next, 0);
	return 0;
}

SEC("kprobe")
int tail(args_t *regs)
{
	return 0;
}
