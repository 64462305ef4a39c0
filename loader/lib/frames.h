/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stack traces taken by programs: which frames they begin with.
 */
#ifndef PAIRFUSE_FRAMES_H
#define PAIRFUSE_FRAMES_H

#include "absint.h"

/* Frames between a rewritten program and the caller of the function. */
#define PAIRFUSE_OWN_FRAMES	2

/*
 * The argument with the flags of a helper that takes a stack trace, 0 for other
 * helpers.
 */
unsigned int pairfuse_frames_flags_arg(__s32 helper);

/*
 * May the program at this hook take a stack with these flags (known: they are
 * constant), and if so how many frames more than the original says are to be
 * skipped? -1: no, then *what says why.
 */
int pairfuse_frames_skip(enum pairfuse_hook_type at, __s32 helper, bool known, __u64 flags,
			 const char **what);

#endif /* PAIRFUSE_FRAMES_H */
