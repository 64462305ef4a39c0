// SPDX-License-Identifier: GPL-2.0
// Two maps, and calls inside calls take the state of one alone: the one that is keyed by
// the thread can be the carrier all the same.
// expect: enter_two leave_two fused carrier=by_thread key=tid state=8 exit=always storage=task
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

__u64 sum;
HASH(by_file, __u64, __u64);
HASH(by_thread, __u32, __u64);

SEC("fentry/vfs_write")
int enter_two(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), file = ctx[0];
	__u32 t = tid();

	bpf_map_update_elem(&by_file, &file, &ts, BPF_ANY);
	bpf_map_update_elem(&by_thread, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_two(args_t *ctx)
{
	__u64 file = ctx[0], *a = bpf_map_lookup_elem(&by_file, &file), *b;
	__u32 t = tid();

	if (!a)
		return 0;
	b = bpf_map_lookup_elem(&by_thread, &t);
	if (b)
		sum += *b;
	sum += *a;
	bpf_map_delete_elem(&by_file, &file);
	bpf_map_delete_elem(&by_thread, &t);
	return 0;
}
