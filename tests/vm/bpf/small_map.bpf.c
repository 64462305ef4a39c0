// SPDX-License-Identifier: GPL-2.0
/* A map with room for fewer calls than are under way at a time. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile __u32 target_pid = 0;

__u64 entries = 0;
__u64 events = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} under_way SEC(".maps");

SEC("fentry/hrtimer_nanosleep")
int BPF_PROG(small_entry)
{
	__u64 id = bpf_get_current_pid_tgid(), ts = bpf_ktime_get_ns();
	__u32 tid = (__u32)id;

	if (target_pid != id >> 32)
		return 0;
	__sync_fetch_and_add(&entries, 1);
	bpf_map_update_elem(&under_way, &tid, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/hrtimer_nanosleep")
int BPF_PROG(small_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (!bpf_map_lookup_elem(&under_way, &tid))
		return 0;
	__sync_fetch_and_add(&events, 1);
	bpf_map_delete_elem(&under_way, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
