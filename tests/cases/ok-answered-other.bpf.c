// SPDX-License-Identifier: GPL-2.0
// A program that answers calls of another function is nothing to this one.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/security_file_open")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/security_file_open")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fmod_ret/security_task_getpgid")
int deny(args_t *ctx)
{
	return -1;
}
