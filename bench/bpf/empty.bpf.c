// SPDX-License-Identifier: GPL-2.0
/*
 * A pair that does nothing: what the two hooks cost.
 */
#include "pair.bpf.h"

SEC("fentry/__x64_sys_getpgid")
int empty_entry(void *ctx)
{
	return 0;
}

SEC("fexit/__x64_sys_getpgid")
int empty_exit(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
