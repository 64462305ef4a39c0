// SPDX-License-Identifier: GPL-2.0
// Several programs on one function that do not see which of them is first: each has data of
// its own, or they add to the same, or only look at it.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter_too leave_too fused carrier=others key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 sum, own, own_too, limit;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);

static __always_inline int begin(void *map)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(map, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline __u64 end(void *map)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(map, &t), then;

	if (!ts)
		return 0;
	then = *ts;
	bpf_map_delete_elem(map, &t);
	return then;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return ctx[1] < limit ? 0 : begin(&starts);
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 then = end(&starts);

	if (!then)
		return 0;
	own += then;
	__sync_fetch_and_add(&sum, then);
	return 0;
}

SEC("fentry/vfs_read")
int enter_too(args_t *ctx)
{
	return ctx[1] > limit ? 0 : begin(&others);
}

SEC("fexit/vfs_read")
int leave_too(args_t *ctx)
{
	__u64 then = end(&others);

	if (!then)
		return 0;
	own_too += then;
	__sync_fetch_and_add(&sum, then);
	return 0;
}
