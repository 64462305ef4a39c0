// SPDX-License-Identifier: GPL-2.0
// A map of maps that takes maps like one of the carriers, and unlike the other.
// expect: enter leave refused carrier-shared
// expect: open_enter open_leave fused
#include "pair.bpf.h"

HASH(opens, __u32, __u64);

struct {
	__uint(type, 13);	/* BPF_MAP_TYPE_HASH_OF_MAPS */
	__uint(max_entries, 16);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 8);
		__type(key, __u64);
		__type(value, __u64);
	});
} outer SEC(".maps");

SEC("kprobe/vfs_read")
int enter(args_t *regs)
{
	__u64 zero = 0;
	__u32 key = tgid();
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

SEC("kprobe/vfs_open")
int open_enter(args_t *regs)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&opens, &t, &ts, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_open")
int open_leave(args_t *regs)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&opens, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&opens, &t);
	return 0;
}
