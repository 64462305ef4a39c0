// SPDX-License-Identifier: GPL-2.0
/*
 * The pair on MANY functions of bench/kmod, for the cost of attaching.
 */
#include "pair_hash.bpf.h"

#define ONE(n)							\
	SEC("fentry/pairfuse_bench_many" #n)			\
	int many_entry##n(void *ctx) { return enter(); }	\
	SEC("fexit/pairfuse_bench_many" #n)			\
	int many_exit##n(void *ctx) { return leave(); }
#include "many.h"

char LICENSE[] SEC("license") = "GPL";
