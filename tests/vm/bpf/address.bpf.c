// SPDX-License-Identifier: GPL-2.0
/* What bpf_get_func_ip() says, at both ends of a function. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 at_entry = 0;
__u64 at_exit = 0;
__u64 calls = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

SEC("fentry/vfs_read")
int BPF_PROG(address_entry)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 ip = bpf_get_func_ip(ctx);

	bpf_map_update_elem(&starts, &tid, &ip, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(address_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *ip = bpf_map_lookup_elem(&starts, &tid);

	if (!ip)
		return 0;
	at_entry = *ip;
	at_exit = bpf_get_func_ip(ctx);
	__sync_fetch_and_add(&calls, 1);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
