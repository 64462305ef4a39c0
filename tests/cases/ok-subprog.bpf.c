// SPDX-License-Identifier: GPL-2.0
// bpf-to-bpf calls in both programs, with frames of their own, pointers into
// the caller's frame and to the state, and a call within a call.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
#include "case.bpf.h"

__u64 slots[64], sum;
HASH(starts, __u32, __u64);

static __noinline2 __u64 log2_of(__u64 v)
{
	volatile __u64 spare[4] = { v, v >> 32, 1, 2 };
	__u64 n = 0;

	if (spare[1]) {
		n += 32;
		v >>= 32;
	}
	if (v >> 16) {
		n += 16;
		v >>= 16;
	}
	if (v >> 8) {
		n += 8;
		v >>= 8;
	}
	return n + spare[2] - 1;
}

static __noinline2 void account(__u64 *from, __u64 now, __u64 *out)
{
	__u64 delta = now - *from;

	*out = delta ^ 5;
	slots[log2_of(delta) & 63]++;
	slots[log2_of(*out) & 63] += 2;
}

static __noinline2 void store(__u64 ts)
{
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_ANY);
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), arg = ctx[0];

	if (log2_of(arg) > 20)
		return 0;
	store(ts + (arg & 1));
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 now = bpf_ktime_get_ns(), out = 0;
	__u64 *ts = bpf_map_lookup_elem(&starts, &t);

	if (!ts)
		return 0;
	account(ts, now, &out);
	sum += out + now;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
