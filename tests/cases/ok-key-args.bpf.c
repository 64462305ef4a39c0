// SPDX-License-Identifier: GPL-2.0
// Keyed by thread and an argument; the exit's argument is the saved one.
// expect: enter leave fused carrier=starts key=args state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct key {
	__u32 tid;
	__u32 zero;
	__u64 arg;
};

__u64 total;
HASH(starts, struct key, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct key key = { .tid = tid(), .arg = ctx[1] };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &key, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct key key = { .tid = tid(), .arg = ctx[1] };
	__u64 *ts = bpf_map_lookup_elem(&starts, &key);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts + ctx[4];
	bpf_map_delete_elem(&starts, &key);
	return 0;
}
