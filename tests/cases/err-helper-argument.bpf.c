// SPDX-License-Identifier: GPL-2.0
// Whether there is state decides which argument is asked for; in the exit of
// vfs_read, and in the entry of vfs_write.
// expect: enter leave refused helper
// expect: enter2 leave2 refused helper
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

static long (*get_func_arg)(void *ctx, __u32 n, __u64 *value) = (void *)183;

__u64 sum, n;
HASH(starts, __u32, __u64);
HASH(starts2, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_get_prandom_u32() & 1)
		bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid(), which = 2;
	__u64 *ts = bpf_map_lookup_elem(&starts, &t), v = 0;

	if (ts) {
		sum += *ts;
		bpf_map_delete_elem(&starts, &t);
		which = 1;
	} else {
		n++;
	}
	get_func_arg(ctx, which, &v);
	sum += v;
	return 0;
}

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 zero = 0, v = 0;
	__u32 t = tid(), which = 2;

	if (bpf_get_prandom_u32() & 1) {
		bpf_map_update_elem(&starts2, &t, &zero, BPF_ANY);
		which = 1;
	}
	get_func_arg(ctx, which, &v);
	n += v;
	return 0;
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	__u32 t = tid();
	__u64 *v = bpf_map_lookup_elem(&starts2, &t);

	if (!v)
		return 0;
	sum += *v;
	bpf_map_delete_elem(&starts2, &t);
	return 0;
}
