// SPDX-License-Identifier: GPL-2.0
// A third program clears the map, a fourth one looks into it: that is whom it is for.
// expect: enter leave refused carrier-shared
// expect: clear - refused no-partner
// expect: look - refused no-partner
// told: enter leave is for 'look', not for 'leave'
#include "case.bpf.h"

__u64 seen, left;
HASH(inside, __u32, __u64);

SEC("kprobe/vfs_write")
int clear(args_t *ctx)
{
	__u32 t = tid();

	bpf_map_delete_elem(&inside, &t);
	return 0;
}

SEC("kprobe/vfs_open")
int look(args_t *ctx)
{
	__u32 t = tid();

	if (bpf_map_lookup_elem(&inside, &t))
		seen++;
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 one = 1;
	__u32 t = tid();

	bpf_map_update_elem(&inside, &t, &one, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();

	bpf_map_delete_elem(&inside, &t);
	return 0;
}
