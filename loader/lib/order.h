/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The order in which the programs of an object run on one function.
 */
#ifndef PAIRFUSE_ORDER_H
#define PAIRFUSE_ORDER_H

#include "group.h"

/*
 * May pair p be fused as far as that is concerned? 0, -ENOMEM or PAIRFUSE_REFUSED,
 * then why tells.
 */
int pairfuse_order_check(struct pairfuse_study *st, size_t p, struct pairfuse_why *why);

#endif /* PAIRFUSE_ORDER_H */
