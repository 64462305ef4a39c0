// SPDX-License-Identifier: GPL-2.0
// A constant is no less a result: who is there has had a call that failed.
// expect: enter leave refused not-consumed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 calls;
HASH(marked, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 one = 1;
	__u32 t = tid();

	bpf_map_update_elem(&marked, &t, &one, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *one = bpf_map_lookup_elem(&marked, &t);

	if (!one)
		return 0;
	calls += *one;
	if ((__s64)ctx[4] >= 0)
		bpf_map_delete_elem(&marked, &t);
	return 0;
}
