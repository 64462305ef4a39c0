// SPDX-License-Identifier: GPL-2.0
// An entry that looks whether its thread is in the function already has to find what the map
// would hold. So has a pair whose state is in two maps, of which one stays a map. System
// calls are not called again by themselves.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always storage=task
// expect: enter_count leave_count fused carrier=depths key=tid state=8 exit=armed storage=task
// expect: enter_two leave_two fused carrier=first key=tid state=0 exit=always exact
// expect: enter_call leave_call fused carrier=calls key=tid state=8 exit=armed
// expect: enter_hist leave_hist fused carrier=times key=tid state=8 exit=always
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
// proto: __x64_sys_nanosleep regs=1 ret=8 102
#include "case.bpf.h"

__u64 entries, nested, both, one, sum;
HASH(starts, __u32, __u64);
HASH(depths, __u32, __u64);
HASH(first, __u32, __u64);
HASH(second, __u32, __u64);
HASH(calls, __u32, __u64);
HASH(times, __u32, __u64);
HASH(counts, __u32, __u64);

static __always_inline int begin(void *map)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_map_lookup_elem(map, &t)) {
		nested++;
		return 0;
	}
	entries++;
	bpf_map_update_elem(map, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline int end(void *map)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(map, &t);

	if (!ts)
		return 0;
	sum += *ts;
	bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return begin(&starts);
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	return end(&starts);
}

/* One more than the call around it. */
SEC("fentry/vfs_write")
int enter_count(args_t *ctx)
{
	__u64 depth = 1, *outer;
	__u32 t = tid();

	outer = bpf_map_lookup_elem(&depths, &t);
	if (outer)
		depth += *outer;
	bpf_map_update_elem(&depths, &t, &depth, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_count(args_t *ctx)
{
	return end(&depths);
}

SEC("fentry/vfs_open")
int enter_two(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&first, &t, &a, BPF_ANY);
	bpf_map_update_elem(&second, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_open")
int leave_two(args_t *ctx)
{
	__u32 t = tid();
	__u64 *a = bpf_map_lookup_elem(&first, &t), *b = bpf_map_lookup_elem(&second, &t);

	if (a) {
		if (b)
			both++;
		else
			one++;
	}
	bpf_map_delete_elem(&first, &t);
	bpf_map_delete_elem(&second, &t);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_nanosleep")
int enter_call(struct sys_enter *ctx)
{
	return begin(&calls);
}

SEC("tracepoint/syscalls/sys_exit_nanosleep")
int leave_call(struct sys_exit *ctx)
{
	return end(&calls);
}

/* A map for user space that only the exit fills is no state. */
SEC("fentry/vfs_fsync")
int enter_hist(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(&times, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_fsync")
int leave_hist(args_t *ctx)
{
	__u32 k = ctx[1] & 7;
	__u64 *n = bpf_map_lookup_elem(&counts, &k);

	if (n)
		__sync_fetch_and_add(n, 1);
	return end(&times);
}
