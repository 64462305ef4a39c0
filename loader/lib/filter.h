/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A condition on the thread's ids or its name that the stub can look at before anything else.
 */
#ifndef PAIRFUSE_FILTER_H
#define PAIRFUSE_FILTER_H

#include "plan.h"

/*
 * After the runs of pairfuse_plan_decide() for a slot: sets plan->filter where one
 * can be used, and plan->entry_run to one without it. 0 or -ENOMEM, or
 * PAIRFUSE_REFUSED as of the run.
 */
int pairfuse_filter(struct pairfuse_plan *plan);

#endif /* PAIRFUSE_FILTER_H */
