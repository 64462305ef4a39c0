/* SPDX-License-Identifier: GPL-2.0 */
/* The ordinary pair, of which explaining would say "fused" if it could open the object. */
#ifndef PAIR_BPF_H
#define PAIR_BPF_H

#include "case.bpf.h"

HASH(starts, __u64, __u64);
__u64 total;

static __always_inline int store(void)
{
	__u64 id = bpf_get_current_pid_tgid(), ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&starts, &id, &ts, BPF_ANY);
	return 0;
}

static __always_inline int take(void)
{
	__u64 id = bpf_get_current_pid_tgid(), *ts = bpf_map_lookup_elem(&starts, &id);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &id);
	return 0;
}

#endif /* PAIR_BPF_H */
