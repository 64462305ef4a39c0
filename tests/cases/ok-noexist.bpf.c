// SPDX-License-Identifier: GPL-2.0
// BPF_NOEXIST where it is known that there is nothing: behind a deletion, behind a lookup; and
// where it is not.
// expect: enter leave fused carrier=deleted key=tid state=8 exit=armed storage=task
// expect: enter2 leave2 fused carrier=looked key=tid state=8 exit=always storage=task
// expect: enter3 leave3 fused carrier=blind key=tid state=8 exit=armed storage=task
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
#include "case.bpf.h"

__u64 totals[3];
HASH(deleted, __u32, __u64);
HASH(looked, __u32, __u64);
HASH(blind, __u32, __u64);

static __always_inline int take(void *map, int i)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(map, &t);

	if (!ts)
		return 0;
	totals[i] += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_delete_elem(&deleted, &t);
	bpf_map_update_elem(&deleted, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	return take(&deleted, 0);
}

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (!bpf_map_lookup_elem(&looked, &t))
		bpf_map_update_elem(&looked, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	return take(&looked, 1);
}

SEC("fentry/vfs_open")
int enter3(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&blind, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_open")
int leave3(args_t *ctx)
{
	return take(&blind, 2);
}
