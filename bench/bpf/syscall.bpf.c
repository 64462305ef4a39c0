// SPDX-License-Identifier: GPL-2.0
/*
 * The pair on the tracepoints of a system call.
 */
#include "pair_hash.bpf.h"

SEC("tracepoint/syscalls/sys_enter_getpgid")
int syscall_entry(void *ctx)
{
	return enter();
}

SEC("tracepoint/syscalls/sys_exit_getpgid")
int syscall_exit(void *ctx)
{
	return leave();
}

char LICENSE[] SEC("license") = "GPL";
