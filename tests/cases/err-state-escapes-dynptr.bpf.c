// SPDX-License-Identifier: GPL-2.0
// A dynptr points to what was looked up, and is used after an update: of a hash that is
// another element, of a slot or task storage the same.
// expect: enter leave refused state-escapes
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

static long (*dynptr_from_mem)(void *data, __u32 size, __u64 flags, void *ptr) = (void *)197;
static void *(*dynptr_data)(void *ptr, __u32 off, __u32 len) = (void *)203;

struct dynptr {
	__u64 opaque[2];
};

__u64 sum;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 one = 1;
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &one, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 *v, *old, two = 2;
	__u32 t = tid();
	struct dynptr d;

	v = bpf_map_lookup_elem(&starts, &t);
	if (!v)
		return 0;
	dynptr_from_mem(v, 8, 0, &d);
	t = tid();
	bpf_map_update_elem(&starts, &t, &two, BPF_ANY);
	old = dynptr_data(&d, 0, 8);
	if (old)
		sum += *old;
	t = tid();
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
