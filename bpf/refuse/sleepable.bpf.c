// SPDX-License-Identifier: GPL-2.0
// Sleepable programs.
// expect: enter leave refused sleepable
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry.s/__x64_sys_getpgid")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit.s/__x64_sys_getpgid")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
