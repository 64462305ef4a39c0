// SPDX-License-Identifier: GPL-2.0
// Histograms by thread, which stay, come first among the maps; the state is in the other one.
// Calls nest as in the map, since that one is per thread too.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed exact
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct hist {
	__u32 slots[8];
};

static struct hist empty;
HASH(hists, __u32, struct hist);
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 size = ctx[2];
	__u32 t = tid();

	if (!bpf_map_lookup_elem(&hists, &t))
		bpf_map_update_elem(&hists, &t, &empty, BPF_ANY);
	bpf_map_update_elem(&starts, &t, &size, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *size = bpf_map_lookup_elem(&starts, &t);
	struct hist *h = bpf_map_lookup_elem(&hists, &t);

	if (size && h)
		h->slots[*size & 7]++;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
