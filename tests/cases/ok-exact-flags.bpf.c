// SPDX-License-Identifier: GPL-2.0
// Flags that depend on what is there, their errors, and a deletion's: what an
// outer call has left counts. Two pairs, one of which only replaces.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// expect: enter2 leave2 fused carrier=starts key=tid state=8 exit=always storage=task
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

__u64 total, results[8];
HASH(starts, __u32, __u64);

static __always_inline void count(long err, int base)
{
	if (!err)
		results[base]++;
	else if (err == -17)		/* -EEXIST */
		results[base + 1]++;
	else if (err == -2)		/* -ENOENT */
		results[base + 2]++;
	else
		results[base + 3]++;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	count(bpf_map_update_elem(&starts, &t, &ts, BPF_NOEXIST), 0);
	return 0;
}

static __always_inline int exits(args_t *ctx)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	if (ctx[4] & 1)
		count(bpf_map_delete_elem(&starts, &t), 4);
	return 0;
}

SEC("fexit/vfs_read") int leave(args_t *ctx) { return exits(ctx); }

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	count(bpf_map_update_elem(&starts, &t, &ts, BPF_EXIST), 0);
	return 0;
}

SEC("fexit/vfs_write") int leave2(args_t *ctx) { return exits(ctx); }
