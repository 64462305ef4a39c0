// SPDX-License-Identifier: GPL-2.0
/*
 * State that no slot could hold, made as execsnoop does it: zeroes from
 * .rodata with BPF_NOEXIST, filled in place, given to a helper, an index that
 * is not constant.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NR_WORDS 960

struct call_state {
	__u64 ts;
	__u64 count;
	char comm[16];
	__u64 words[NR_WORDS];
};

static const struct call_state empty = {};

__u64 calls = 0;
__u64 bad = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call_state);
} states SEC(".maps");

SEC("fentry/ext4_file_read_iter")
int BPF_PROG(read_entry)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), n = tid & 511;
	struct call_state *s;

	if (bpf_map_update_elem(&states, &tid, &empty, BPF_NOEXIST))
		return 0;
	s = bpf_map_lookup_elem(&states, &tid);
	if (!s)
		return 0;
	s->ts = bpf_ktime_get_ns();
	s->count = n;
	bpf_get_current_comm(&s->comm, sizeof(s->comm));
	if (s->words[n])
		__sync_fetch_and_add(&bad, 1);
	s->words[n] = s->ts;
	return 0;
}

SEC("fexit/ext4_file_read_iter")
int BPF_PROG(read_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct call_state *s = bpf_map_lookup_elem(&states, &tid);
	__u64 n;

	if (!s)
		return 0;
	n = s->count;
	if (n >= NR_WORDS || s->words[n] != s->ts || !s->comm[0])
		__sync_fetch_and_add(&bad, 1);
	__sync_fetch_and_add(&calls, 1);
	bpf_map_delete_elem(&states, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
