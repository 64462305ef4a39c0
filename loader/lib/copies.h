/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies that a rewritten program does not need, and registers that it should not use.
 */
#ifndef PAIRFUSE_COPIES_H
#define PAIRFUSE_COPIES_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

/*
 * Loads from registers instead of the stack or a copy of the context; what has been
 * copied for them is dead code then. Sets PAIRFUSE_OPT_COPIES in *opts when there
 * were any. 0, or what pairfuse_run() says.
 */
int pairfuse_copies(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		    struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		    struct pairfuse_why *why);

/*
 * Programs without calls: registers that the JIT need not save, PAIRFUSE_OPT_REGISTERS.
 * 0 or -ENOMEM.
 */
int pairfuse_registers(struct pairfuse_ir *ir, unsigned int *opts);

#endif /* PAIRFUSE_COPIES_H */
