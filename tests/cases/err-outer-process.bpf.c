// SPDX-License-Identifier: GPL-2.0
// The entry looks for a call of another thread of the process, or around it: only the map knows.
// Two maps, and the key of neither is the thread: an inner call takes the one's state alone.
// expect: enter leave refused nesting
// expect: enter_call leave_call refused nesting
// expect: enter_two leave_two refused nesting
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: __x64_sys_nanosleep regs=1 ret=8 102
#include "case.bpf.h"

__u64 busy, sum;
HASH(starts, __u32, __u64);
HASH(calls, __u32, __u64);
HASH(by_file, __u64, __u64);
HASH(by_process, __u32, __u64);

static __always_inline int begin(void *map)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 g = bpf_get_current_pid_tgid() >> 32;

	if (bpf_map_lookup_elem(map, &g)) {
		busy++;
		return 0;
	}
	bpf_map_update_elem(map, &g, &ts, BPF_ANY);
	return 0;
}

static __always_inline int end(void *map)
{
	__u32 g = bpf_get_current_pid_tgid() >> 32;
	__u64 *ts = bpf_map_lookup_elem(map, &g);

	if (!ts)
		return 0;
	sum += *ts;
	bpf_map_delete_elem(map, &g);
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

SEC("fentry/vfs_write")
int enter_two(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns(), file = ctx[0];
	__u32 t = tgid();

	bpf_map_update_elem(&by_file, &file, &ts, BPF_ANY);
	bpf_map_update_elem(&by_process, &t, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_two(args_t *ctx)
{
	__u64 file = ctx[0], *a = bpf_map_lookup_elem(&by_file, &file), *b;
	__u32 t = tgid();

	if (!a)
		return 0;
	b = bpf_map_lookup_elem(&by_process, &t);
	if (b)
		sum += *b;
	sum += *a;
	bpf_map_delete_elem(&by_file, &file);
	bpf_map_delete_elem(&by_process, &t);
	return 0;
}
