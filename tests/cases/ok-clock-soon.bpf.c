// SPDX-License-Identifier: GPL-2.0
// A name and a lookup are little enough in front of the clock.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// clock: enter leave stub
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

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
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);
	char name[16];

	if (!ts)
		return 0;
	bpf_get_current_comm(name, sizeof(name));
	total += name[0];
	bpf_map_lookup_elem(&starts, &t);
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
