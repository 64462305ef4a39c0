/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Do the fused pairs of an object do what the original pairs do?
 */
#ifndef TEST_EQUIV_H
#define TEST_EQUIV_H

#include <stdio.h>

#include "reader.h"

struct equiv_opts {
	unsigned int seed;
	unsigned int invocations;
	bool strict;		/* no program reads stack that it has not written */
	FILE *trace;		/* a line for each program that runs, and what differs */
};

/*
 * Run many invocations of all fused pairs by several threads, original and
 * rewritten side by side. NULL, or what differs (in buf), or why that cannot be
 * told. *saved: helper calls that the rewritten programs did not make.
 */
const char *equiv_run(const struct test_object *obj, const struct pairfuse_result *res,
		      unsigned int seed, unsigned int invocations, char *buf, size_t len,
		      long *saved);

/* The same, with more to choose. *saved may be NULL. */
const char *equiv_check(const struct test_object *obj, const struct pairfuse_result *res,
			const struct equiv_opts *opts, char *buf, size_t len, long *saved);

#endif /* TEST_EQUIV_H */
