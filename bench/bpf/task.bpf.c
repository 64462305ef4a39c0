// SPDX-License-Identifier: GPL-2.0
/*
 * The pair with the start in task storage, which is made at a thread's first call
 * and stays: 0 is no start.
 */
#include "pair.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} starts SEC(".maps");

SEC("fentry/__x64_sys_getpgid")
int BPF_PROG(task_entry)
{
	__u64 *start;

	if (!wanted(bpf_get_current_pid_tgid()))
		return 0;
	start = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), NULL,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (start)
		*start = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/__x64_sys_getpgid")
int BPF_PROG(task_exit)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 *start = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), NULL, 0);

	if (!start || !*start)
		return 0;
	account(*start, now);
	*start = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
