// SPDX-License-Identifier: GPL-2.0
// The same, but calls without state are counted: the exit has to run for them,
// and must find the field zero.
// expect: enter leave fused carrier=scratch key=const state=8 exit=always
#include "case.bpf.h"

__u64 total, without;
MAP(scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *ts;

	if (ctx[1] & 1)
		return 0;
	ts = bpf_map_lookup_elem(&scratch, &zero);
	if (ts)
		*ts = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *ts = bpf_map_lookup_elem(&scratch, &zero);

	if (!ts)
		return 0;
	if (*ts == 0) {
		without++;
		return 0;
	}
	total += bpf_ktime_get_ns() - *ts;
	*ts = 0;
	return 0;
}
