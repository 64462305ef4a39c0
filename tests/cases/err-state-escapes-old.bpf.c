// SPDX-License-Identifier: GPL-2.0
// An update makes a new element; whoever keeps a pointer to the old one goes on
// seeing its bytes. A slot has one place for both.
// expect: enter leave refused state-escapes
// expect: enter2 leave2 fused carrier=others key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();
	__u64 *old = bpf_map_lookup_elem(&starts, &t);

	if (!old)
		return 0;
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	total += ts - *old;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

/* Nobody looks at the old bytes any more. */
SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), *old;
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &ts, BPF_ANY);
	old = bpf_map_lookup_elem(&others, &t);
	if (!old)
		return 0;
	ts += *old;
	bpf_map_update_elem(&others, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&others, &t);

	if (!ts)
		return 0;
	total += *ts;
	bpf_map_delete_elem(&others, &t);
	return 0;
}
