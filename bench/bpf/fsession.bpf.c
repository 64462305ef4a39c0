// SPDX-License-Identifier: GPL-2.0
/*
 * The pair as one program for both ends, its start in the session's cookie: what
 * Linux 7.0 and later have; and one that does nothing, which shows what its hook
 * costs. bench/guest/fsession.c loads one of them.
 */
/* vmlinux.h has those of 6.12, where these were without an argument. */
#define BPF_NO_KFUNC_PROTOTYPES
#include "pair.bpf.h"

extern bool bpf_session_is_return(void *ctx) __ksym;
extern __u64 *bpf_session_cookie(void *ctx) __ksym;

SEC("fentry/__x64_sys_getpgid")
int session(void *ctx)
{
	__u64 *start = bpf_session_cookie(ctx);

	if (bpf_session_is_return(ctx)) {
		/* 0: the filter said no */
		if (*start)
			account(*start, bpf_ktime_get_ns());
	} else if (wanted(bpf_get_current_pid_tgid())) {
		*start = bpf_ktime_get_ns();
	}
	return 0;
}

SEC("fentry/__x64_sys_getpgid")
int empty(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
