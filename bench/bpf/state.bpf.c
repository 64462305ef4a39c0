// SPDX-License-Identifier: GPL-2.0
/*
 * The pair with STATE_SIZE bytes of state, all written by the entry and read by
 * the exit. They come from a variable, so that they are nothing that a rewriter
 * could know or compute again.
 */
#include "pair.bpf.h"

#define MORE	(STATE_SIZE / 8 - 1)

struct kept {
	__u64 ts;
#if STATE_SIZE > 8
	__u64 more[MORE];
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, __u32);
	__type(value, struct kept);
} states SEC(".maps");

__u64 source = 1;
__u64 sum = 0;

SEC("fentry/__x64_sys_getpgid")
int BPF_PROG(state_entry)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	struct kept s;

	if (!wanted(pid_tgid))
		return 0;
#if STATE_SIZE > 8
#pragma unroll
	for (int i = 0; i < MORE; i++)
		s.more[i] = source + i;
#endif
	s.ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&states, &tid, &s, BPF_ANY);
	return 0;
}

SEC("fexit/__x64_sys_getpgid")
int BPF_PROG(state_exit)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	struct kept *s = bpf_map_lookup_elem(&states, &tid);

	if (!s)
		return 0;
	account(s->ts, now);
#if STATE_SIZE > 8
	__u64 more = 0;

#pragma unroll
	for (int i = 0; i < MORE; i++)
		more ^= s->more[i];
	sum += more;
#endif
	bpf_map_delete_elem(&states, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
