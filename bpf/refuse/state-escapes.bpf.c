// SPDX-License-Identifier: GPL-2.0
// The address of the state is kept in a global variable.
// expect: enter leave refused state-escapes
#include "case.bpf.h"

__u64 total, where;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tgid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tgid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	where = (__u64)ts;
	total += *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
