// SPDX-License-Identifier: GPL-2.0
// A record of a ring buffer behind a dynptr, which has nothing to do with the state. Here, as the
// interpreter that runs the other cases knows no dynptrs.
// expect: enter leave fused
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

static long (*reserve)(void *ring, __u32 size, __u64 flags, void *ptr) = (void *)198;
static long (*fill)(void *ptr, __u32 off, void *src, __u32 len, __u64 flags) = (void *)202;
static void (*submit)(void *ptr, __u64 flags) = (void *)199;

struct dynptr {
	__u64 opaque[2];
};

HASH(starts, __u32, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t), spent;
	struct dynptr d;

	if (!ts)
		return 0;
	spent = bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	reserve(&ring, sizeof(spent), 0, &d);
	fill(&d, 0, &spent, sizeof(spent), 0);
	submit(&d, 0);
	return 0;
}
