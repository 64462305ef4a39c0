/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf-to-bpf calls become part of their caller.
 */
#ifndef PAIRFUSE_INLINE_H
#define PAIRFUSE_INLINE_H

#include "plan.h"

/*
 * The flat program: the bytecode of flat->prog, every call of a subprogram replaced
 * by a copy of it; flat->reserved is given, too. flat->inlined tells whether there was
 * any.
 */
int pairfuse_flatten(const struct pairfuse_input *in, struct pairfuse_exprs *x,
		     struct pairfuse_flat *flat);

#endif /* PAIRFUSE_INLINE_H */
