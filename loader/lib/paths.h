/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A rewritten program, specialised to what is known on each of its paths.
 */
#ifndef PAIRFUSE_PATHS_H
#define PAIRFUSE_PATHS_H

#include "analysis.h"
#include "ir.h"

/*
 * Replaces *ir. Sets PAIRFUSE_OPT_PATHS in *opts when that made a difference.
 * Programs with loops are left alone. 0 or -ENOMEM.
 */
int pairfuse_paths(const struct pairfuse_input *in, struct pairfuse_ir *ir, unsigned int *opts);

#endif /* PAIRFUSE_PATHS_H */
