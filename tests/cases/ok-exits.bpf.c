// SPDX-License-Identifier: GPL-2.0
// Several ways out of both programs.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 ok, failed, early;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 t = tid();
	__u64 ts;

	if (ctx[1] > 90000)
		return 0;
	if (bpf_get_smp_processor_id() > 5)
		return 0;
	if (ctx[0] == 3) {
		ts = 17;
		bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
		return 0;
	}
	ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);
	__s64 ret = ctx[4];

	if (!ts)
		return 0;
	if (*ts == 17) {
		early++;
		bpf_map_delete_elem(&starts, &t);
		return 0;
	}
	if (ret < 0) {
		failed += bpf_ktime_get_ns() - *ts;
		goto out;
	}
	ok += bpf_ktime_get_ns() - *ts;
out:
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
