// SPDX-License-Identifier: GPL-2.0
// Two maps, of which one is a counter at either end, and one carries: that one is spoken of.
// expect: enter leave refused context
// told: enter leave byte 112 of the context
#include "case.bpf.h"

HASH(args, __u32, __u64);
MAP(counts, BPF_MAP_TYPE_PERCPU_ARRAY, 8, __u32, __u64);

static __always_inline void count(__u32 key)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&counts, &key);

	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
}

SEC("kprobe/vfs_read")
int enter(args_t *regs)
{
	__u64 arg = regs[14];
	__u32 t = tid();

	count(1);
	bpf_map_update_elem(&args, &t, &arg, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(args_t *regs)
{
	__u32 t = tid(), key = 2;
	__u64 *arg = bpf_map_lookup_elem(&args, &t), *n;

	if (!arg)
		return 0;
	bpf_map_delete_elem(&args, &t);
	n = bpf_map_lookup_elem(&counts, &key);
	if (n)
		*n += regs[14];	/* rdi, which is no argument any more */
	return 0;
}
