// SPDX-License-Identifier: GPL-2.0
// A map of maps that does not declare what it takes: the tool says so, and `run` sees it.
// expect: enter leave fused
// told: enter leave unless outer
#include "pair.bpf.h"

struct {
	__uint(type, 13);	/* BPF_MAP_TYPE_HASH_OF_MAPS */
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} outer SEC(".maps");

SEC("kprobe/vfs_read")
int enter(args_t *regs)
{
	__u32 key = tgid(), zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &key);

	if (!inner || !bpf_map_lookup_elem(inner, &zero))
		return 0;
	return store();
}

SEC("kretprobe/vfs_read")
int leave(args_t *regs)
{
	return take();
}
