/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Removal of dead code from a rewritten program.
 */
#ifndef PAIRFUSE_DEAD_H
#define PAIRFUSE_DEAD_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

/* *removed tells whether something went. */
int pairfuse_dead_code(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		       struct pairfuse_exprs *x, struct pairfuse_ir *ir, bool *removed,
		       struct pairfuse_why *why);

#endif /* PAIRFUSE_DEAD_H */
