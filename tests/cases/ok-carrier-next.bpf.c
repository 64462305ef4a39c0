// SPDX-License-Identifier: GPL-2.0
// Of two maps that could be the carrier, another program looks into the first: the second
// is taken, and the first stays a map.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always exact
// expect: other - refused no-partner
#include "case.bpf.h"

HASH(files, __u32, __u64);
HASH(starts, __u32, __u64);
__u64 ns, sum, seen;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), f = ctx[0];
	__u32 t = tid();

	bpf_map_update_elem(&files, &t, &f, BPF_ANY);
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *f = bpf_map_lookup_elem(&files, &t), *ts = bpf_map_lookup_elem(&starts, &t);

	if (f)
		sum += *f;
	if (ts)
		ns += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&files, &t);
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

SEC("fentry/vfs_open")
int other(args_t *ctx)
{
	__u32 t = tid();
	__u64 *f = bpf_map_lookup_elem(&files, &t);

	if (f)
		seen += *f;
	return 0;
}
