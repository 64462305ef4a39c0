/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What calls that are over leave in the carrier map, for user space to find.
 */
#ifndef PAIRFUSE_LEFTOVER_H
#define PAIRFUSE_LEFTOVER_H

#include "plan.h"

/*
 * Both programs have been studied for a slot, and the proofs that they allow. Sets
 * plan->leaves; refuses the slot for the object's own task storage, which can stay
 * what it is.
 */
int pairfuse_leftover_slot(struct pairfuse_plan *plan);

/* The same for what can be in task storage and nowhere else, by this run. */
int pairfuse_leftover_task(struct pairfuse_plan *plan, const struct pairfuse_run *exit);

#endif /* PAIRFUSE_LEFTOVER_H */
