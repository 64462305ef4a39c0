/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cheaper instructions for the same result, in a rewritten program.
 */
#ifndef PAIRFUSE_PEEPHOLE_H
#define PAIRFUSE_PEEPHOLE_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

/*
 * Before the last removal of dead code: divisions by constants, and the context
 * from r1 while it is there. Sets bits of *opts for what was done.
 */
int pairfuse_peephole(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		      struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		      struct pairfuse_why *why);

/* After it: registers that the JIT need not save, in programs without calls. */
void pairfuse_rename_regs(struct pairfuse_ir *ir, unsigned int *opts);

#endif /* PAIRFUSE_PEEPHOLE_H */
