/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two halves with the start in a hash keyed by thread.
 */
#ifndef PAIRFUSE_BENCH_PAIR_HASH_BPF_H
#define PAIRFUSE_BENCH_PAIR_HASH_BPF_H

#include "pair.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

static __always_inline int enter(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	__u64 ts;

	if (!wanted(pid_tgid))
		return 0;
	ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &tid, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	__u64 *start = bpf_map_lookup_elem(&starts, &tid);

	if (!start)
		return 0;
	account(*start, now);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

#endif /* PAIRFUSE_BENCH_PAIR_HASH_BPF_H */
