// SPDX-License-Identifier: GPL-2.0
// The key is the CPU: the task may be on another one when it returns.
// expect: enter leave refused key-unknown
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 cpu = bpf_get_smp_processor_id();

	bpf_map_update_elem(&starts, &cpu, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *ts = bpf_map_lookup_elem(&starts, &cpu);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &cpu);
	return 0;
}
