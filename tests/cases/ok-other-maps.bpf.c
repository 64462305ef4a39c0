// SPDX-License-Identifier: GPL-2.0
// A call on one of several maps by path, none of which is the carrier, as compilers make of several
// calls. Two pairs; in the second, the maps have keys of two sizes.
// expect: enter leave fused carrier=starts key=pid_tgid state=8 exit=armed
// expect: enter_key leave_key fused carrier=others key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

HASH(starts, __u64, __u64);
HASH(four, __u64, __u64);
HASH(six, __u64, __u64);
HASH(eight, __u64, __u64);
HASH(others, __u32, __u64);
HASH(small, __u32, __u64);
HASH(large, __u64, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), a = ctx[1];

	bpf_map_update_elem(&starts, &id, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *a = bpf_map_lookup_elem(&starts, &id), at;
	void *map = &six;

	if (!a)
		return 0;
	at = *a;
	bpf_map_delete_elem(&starts, &id);
	if (ctx[4] & 1)
		map = &four;
	if (ctx[4] & 2)
		map = &eight;
	opaque(map);
	bpf_map_update_elem(map, &id, &at, BPF_ANY);
	return 0;
}

SEC("fentry/vfs_write")
int enter_key(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_key(args_t *ctx)
{
	__u64 *a, key = ctx[4] & 7, count = 1;
	void *map = &small;
	__u32 t = tid();

	a = bpf_map_lookup_elem(&others, &t);
	if (!a)
		return 0;
	if (*a & 1)
		map = &large;
	opaque(map);
	bpf_map_update_elem(map, &key, &count, BPF_ANY);
	t = tid();
	bpf_map_delete_elem(&others, &t);
	return 0;
}
