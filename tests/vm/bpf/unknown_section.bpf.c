// SPDX-License-Identifier: GPL-2.0
/* A pair, and a program in a section that libbpf does not know: its tool would set the type. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 total = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

SEC("fentry/hrtimer_nanosleep")
int BPF_PROG(odd_entry)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &tid, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/hrtimer_nanosleep")
int BPF_PROG(odd_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &tid);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("mytool/odd")
int odd(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
