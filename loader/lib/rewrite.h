/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a plan to two programs for the stub.
 */
#ifndef PAIRFUSE_REWRITE_H
#define PAIRFUSE_REWRITE_H

#include "plan.h"

/*
 * Rewrite one side of a decided plan. *opts gets the optimisations applied.
 * On success the caller frees code->insns.
 */
int pairfuse_rewrite(struct pairfuse_plan *plan, bool is_exit, struct pairfuse_code *code,
		     unsigned int *opts);

/* Bytes of the slot that the pair uses, from its start. */
__u32 pairfuse_plan_state_size(const struct pairfuse_plan *plan);

#endif /* PAIRFUSE_REWRITE_H */
