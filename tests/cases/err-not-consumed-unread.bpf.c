// SPDX-License-Identifier: GPL-2.0
// Nothing of the state is read, so an entry that ends early has stored all that
// the exit needs; but the filter is not known to hold for those calls.
// expect: enter leave refused not-consumed
#include "case.bpf.h"

__u64 total;
MAP(scratch, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *ts;

	if (tid() < 1002)
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

	if (tid() < 1002)
		return 0;
	if (bpf_map_lookup_elem(&scratch, &zero))
		total++;
	return 0;
}
