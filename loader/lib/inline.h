/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf-to-bpf calls become part of their caller.
 */
#ifndef PAIRFUSE_INLINE_H
#define PAIRFUSE_INLINE_H

#include "analysis.h"
#include "expr.h"
#include "ir.h"

/*
 * The flat program: the bytecode of prog, every call of a subprogram replaced
 * by a copy of it. *inlined tells whether there was any.
 */
int pairfuse_flatten(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		     struct pairfuse_exprs *x, struct pairfuse_ir *out, bool *inlined,
		     struct pairfuse_why *why);

#endif /* PAIRFUSE_INLINE_H */
