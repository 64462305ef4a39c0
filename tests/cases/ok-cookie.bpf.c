// SPDX-License-Identifier: GPL-2.0
// Attach cookies and bpf_get_func_arg, _ret, _arg_cnt become plain values.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
// cookie: enter 81985529216486895
// cookie: leave 7
#include "case.bpf.h"

__u64 total[8];
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 v = bpf_get_attach_cookie(ctx), arg = 0;
	__u32 t = tid();

	bpf_get_func_arg(ctx, 2, &arg);
	v += arg + bpf_get_func_arg_cnt(ctx);
	bpf_map_update_elem(&starts, &t, &v, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 n = bpf_get_attach_cookie(ctx), ret = 0, *v;
	__u32 t = tid();

	v = bpf_map_lookup_elem(&starts, &t);
	if (!v)
		return 0;
	bpf_get_func_ret(ctx, &ret);
	total[n & 7] += *v + ret;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
