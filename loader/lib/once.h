/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking once: what stays the same during the call, and both programs call a helper
 * for, the exit takes from the slot.
 */
#ifndef PAIRFUSE_ONCE_H
#define PAIRFUSE_ONCE_H

#include "plan.h"

/*
 * With both programs rewritten: what do both still ask for? Sets plan->once and
 * returns true when they have to be rewritten again, by that.
 */
bool pairfuse_once(struct pairfuse_plan *plan, const struct pairfuse_code *entry,
		   const struct pairfuse_code *exit);

/* The call of node i of the entry (is_exit: of the exit) is in plan->once, or NULL. */
const struct pairfuse_once *pairfuse_once_of(const struct pairfuse_plan *plan, bool is_exit,
					     int i);

bool pairfuse_once_any(const struct pairfuse_plan *plan);

#endif /* PAIRFUSE_ONCE_H */
