// SPDX-License-Identifier: GPL-2.0
// A security module of BPF on the function: calls that it denies end in its place.
// expect: enter leave refused answered
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/bpf_lsm_file_open")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/bpf_lsm_file_open")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("lsm/file_open")
int deny(args_t *ctx)
{
	return -1;
}
