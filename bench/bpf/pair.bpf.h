/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pairs here do: the work of bpf/fsdist.bpf.c's read pair, whatever the
 * hooks and wherever the state is, so that only these are compared.
 */
#ifndef PAIRFUSE_BENCH_PAIR_BPF_H
#define PAIRFUSE_BENCH_PAIR_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "hist.bpf.h"

#define MAX_ENTRIES	10240

const volatile __u32 target_pid = 0;
const volatile bool in_ms = false;

struct hist hist = {};

static __always_inline bool wanted(__u64 pid_tgid)
{
	return !target_pid || target_pid == pid_tgid >> 32;
}

static __always_inline void account(__u64 start, __u64 now)
{
	__s64 delta = (__s64)(now - start);

	if (delta < 0)
		return;
	if (in_ms)
		delta = (__u64)delta / 1000000;
	else
		delta = (__u64)delta / 1000;
	hist_add(&hist, delta);
}

#endif /* PAIRFUSE_BENCH_PAIR_BPF_H */
