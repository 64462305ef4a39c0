// SPDX-License-Identifier: GPL-2.0
// Keyed by process id, in another width than it is used.
// expect: enter leave fused carrier=starts key=tgid state=4 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u64, __u32);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 key = tgid();
	__u32 n = ctx[1];

	bpf_map_update_elem(&starts, &key, &n, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 key = tgid();
	__u32 *n = bpf_map_lookup_elem(&starts, &key);

	if (!n)
		return 0;
	total += *n;
	bpf_map_delete_elem(&starts, &key);
	return 0;
}
