/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Removal of dead code from a rewritten program.
 */
#ifndef PAIRFUSE_DEAD_H
#define PAIRFUSE_DEAD_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

struct pairfuse_dead_result {
	bool removed;		/* something went */
	/* what is left (or more than that): */
	bool calls;		/* calls of helpers, kfuncs or subprograms */
	bool typed;		/* pointers by which a load may fault */
	__u32 words;		/* mask of the words of the context that are read */
};

int pairfuse_dead_code(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		       struct pairfuse_exprs *x, struct pairfuse_ir *ir,
		       struct pairfuse_dead_result *res, struct pairfuse_why *why);

#endif /* PAIRFUSE_DEAD_H */
