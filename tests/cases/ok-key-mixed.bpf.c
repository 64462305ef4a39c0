// SPDX-License-Identifier: GPL-2.0
// The key is computed: a hash of what stays the same during the call.
// expect: enter leave fused carrier=starts key=args state=8 exit=armed
#include "case.bpf.h"

__u64 total;
HASH(starts, __u64, __u64);

static __always_inline __u64 mix(args_t *ctx)
{
	return (bpf_get_current_pid_tgid() << 32) ^ (ctx[0] * 31 + 7);
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 key = mix(ctx), ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &key, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 key = mix(ctx), *ts = bpf_map_lookup_elem(&starts, &key);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &key);
	return 0;
}
