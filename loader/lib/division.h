/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Divisions by constants, in a rewritten program.
 */
#ifndef PAIRFUSE_DIVISION_H
#define PAIRFUSE_DIVISION_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

/* Sets PAIRFUSE_OPT_DIVISION in *opts when there were any. 0, or what pairfuse_run() says. */
int pairfuse_divisions(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		       struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		       struct pairfuse_why *why);

#endif /* PAIRFUSE_DIVISION_H */
