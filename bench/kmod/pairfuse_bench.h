/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Requests to /dev/pairfuse-bench; each is one system call that calls one
 * function once.
 */
#ifndef PAIRFUSE_BENCH_H
#define PAIRFUSE_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PAIRFUSE_BENCH_DEVICE	"/dev/pairfuse-bench"
#define PAIRFUSE_BENCH_PLAIN	_IO(0xbf, 0x50)		/* pairfuse_bench_plain() */
#define PAIRFUSE_BENCH_HAND	_IO(0xbf, 0x51)		/* pairfuse_bench_hand() */
#define PAIRFUSE_BENCH_EVENTS	_IOR(0xbf, 0x52, __u64)	/* calls that `hand` has counted */

/* Functions pairfuse_bench_many0 ... that are there in numbers, and never called. */
#define PAIRFUSE_BENCH_MANY	200

#endif /* PAIRFUSE_BENCH_H */
