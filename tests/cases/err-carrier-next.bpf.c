// SPDX-License-Identifier: GPL-2.0
// Another program looks into both maps that could be the carrier: what is said is about the first.
// expect: enter leave refused carrier-shared
// told: enter leave carrier map 'files'
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
	__u64 *f = bpf_map_lookup_elem(&files, &t), *ts = bpf_map_lookup_elem(&starts, &t);

	if (f)
		seen += *f;
	if (ts)
		seen += *ts;
	return 0;
}
