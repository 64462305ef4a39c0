// SPDX-License-Identifier: GPL-2.0
// The entry takes two times; what it does in between is a result.
// expect: enter leave fused carrier=starts key=tid state=16 exit=armed
// clock: enter leave programs
#include "case.bpf.h"

__u64 total, between;

struct times {
	__u64 first, second;
};
HASH(starts, __u32, struct times);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct times ts = { .first = bpf_ktime_get_ns() };
	__u32 t = tid();

	total += bpf_get_prandom_u32() & 1;
	ts.second = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	struct times *ts = bpf_map_lookup_elem(&starts, &t);
	__u64 now;

	if (!ts)
		return 0;
	now = bpf_ktime_get_ns();
	total += now - ts->second;
	between += (now - ts->first) - (now - ts->second);
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
