// SPDX-License-Identifier: GPL-2.0
// An accumulator, not state: the entry reads what earlier calls have left.
// expect: enter leave refused not-consumed
#include "case.bpf.h"

__u64 total;
MAP(counts, BPF_MAP_TYPE_ARRAY, 1, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&counts, &zero);

	if (n)
		*n += 1;
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&counts, &zero);

	if (n)
		total = *n;
	return 0;
}
