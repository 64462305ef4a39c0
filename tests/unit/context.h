/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The context that the kernel gives a program, by where it is attached.
 */
#ifndef TEST_CONTEXT_H
#define TEST_CONTEXT_H

#include "analysis.h"

/* struct pt_regs of x86-64, as a system call's function gets it */
struct test_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	__u64 ip, cs, flags, sp, ss;
};

union test_context {
	__u64 words[PAIRFUSE_MAX_REGS + 1];	/* fentry, fexit */
	struct test_regs regs;			/* kprobe, kretprobe */
	struct {				/* sys_enter, sys_exit */
		__u64 hidden;
		int nr, pad;
		__u64 args[6];			/* sys_exit: [0] is the return value */
	} syscall;
};

/*
 * What program prog sees when its function is called with args[] (and returns
 * ret). What it must not look at is filled with junk.
 */
void test_context(const struct pairfuse_prog *prog, unsigned int nr_regs, const __u64 *args,
		  __u64 ret, union test_context *ctx);

#endif /* TEST_CONTEXT_H */
