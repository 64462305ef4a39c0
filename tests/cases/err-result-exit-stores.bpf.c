// SPDX-License-Identifier: GPL-2.0
// One exit puts something there that is the thread's last call, for whoever looks.
// expect: enter leave refused not-consumed
// expect: enter2 leave2 refused group
#include "case.bpf.h"

__u64 total, found;
HASH(starts, __u32, __u64);

static __always_inline int enters(void)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (t > 1001)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return enters(); }

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), *old;
	__u32 t = tid();

	old = bpf_map_lookup_elem(&starts, &t);
	if (old)
		total += ts - *old;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fentry/vfs_write") int enter2(args_t *ctx) { return enters(); }

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	found++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
