// SPDX-License-Identifier: GPL-2.0
// The return value is a number, and with it an index: no pointer of its own.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8 100
#include "case.bpf.h"

#define NR_SLOTS 16

struct hist {
	__u64 slots[NR_SLOTS];
};

__u64 total;
HASH(starts, __u32, __u64);
MAP(hists, BPF_MAP_TYPE_ARRAY, 1, __u32, struct hist);

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
	__u32 t = tid(), zero = 0;
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);
	struct hist *h;

	if (!ts)
		return 0;
	h = bpf_map_lookup_elem(&hists, &zero);
	if (h)
		h->slots[ctx[4] % NR_SLOTS]++;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
