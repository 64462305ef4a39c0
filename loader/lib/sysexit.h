/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of sys_exit programs that the function behind the system call does not return for.
 */
#ifndef PAIRFUSE_SYSEXIT_H
#define PAIRFUSE_SYSEXIT_H

#include "plan.h"

/* Would nobody miss them? 0, -ENOMEM or PAIRFUSE_REFUSED. */
int pairfuse_sys_exit(struct pairfuse_plan *plan);

#endif /* PAIRFUSE_SYSEXIT_H */
