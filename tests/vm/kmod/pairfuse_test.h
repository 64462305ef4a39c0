/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Requests to /dev/pairfuse-test: calls functions that exist to be traced.
 */
#ifndef PAIRFUSE_TEST_H
#define PAIRFUSE_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What to call; the comment names the target. */
enum pairfuse_test_what {
	PAIRFUSE_TEST_ARGS,	/* pairfuse_test_args0 ... args6, by .arg */
	PAIRFUSE_TEST_RECURSE,	/* pairfuse_test_recurse(.arg), .arg levels deep */
	PAIRFUSE_TEST_IRQ,	/* pairfuse_test_irq from an interrupt on every CPU, by IPI */
	PAIRFUSE_TEST_TIMER,	/* pairfuse_test_irq, over a task in it */
	PAIRFUSE_TEST_SLEEP,	/* pairfuse_test_sleep, for .arg milliseconds */
	PAIRFUSE_TEST_NARROW,	/* pairfuse_test_u8: upper bits of RAX are garbage */
	PAIRFUSE_TEST_VOID,	/* pairfuse_test_void */
	/* pairfuse_test_no_endbr, behind its endbr64: a CPU with IBT does not have it */
	PAIRFUSE_TEST_NO_ENDBR,
};

struct pairfuse_test {
	__u32 what;		/* enum pairfuse_test_what */
	__u32 reserved;
	__u64 n;		/* how often */
	__u64 arg;
	__u64 calls;		/* out: how often the target was called */
	__u64 wrong;		/* out: how often it returned what it should not */
};

/* Functions pairfuse_test_many0 ... that are there in numbers, and never called. */
#define PAIRFUSE_TEST_MANY	128

#define PAIRFUSE_TEST_DEVICE	"/dev/pairfuse-test"
#define PAIRFUSE_TEST_CALL	_IOWR(0xbf, 0x40, struct pairfuse_test)

/* Argument i of the n-th call, and what a function of these arguments returns. */
#define PAIRFUSE_TEST_ARG(n, i)	((n) * 0x0101010101010101ULL + ((__u64)(i) << 56) + (i))
#define PAIRFUSE_TEST_MIX(r, a)	((r) * 31 + (a))

#endif /* PAIRFUSE_TEST_H */
