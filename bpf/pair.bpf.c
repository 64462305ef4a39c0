// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest pair: how often is a function called, and how long does it take
 * in all? Any other function with
 *	pairfuse load pair.bpf.o --target pair_entry=FUNC --target pair_exit=FUNC
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

__u64 calls = 0;
__u64 total_ns = 0;

SEC("fentry/vfs_read")
int BPF_PROG(pair_entry)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &tid, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(pair_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &tid);

	if (!ts)
		return 0;
	__sync_fetch_and_add(&total_ns, bpf_ktime_get_ns() - *ts);
	__sync_fetch_and_add(&calls, 1);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
