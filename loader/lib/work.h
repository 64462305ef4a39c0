/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much a program does before it comes to an instruction, and what it can come to
 * after one. Both by the edges that an interpretation has found possible.
 */
#ifndef PAIRFUSE_WORK_H
#define PAIRFUSE_WORK_H

#include "absint.h"

/*
 * In simple instructions, helpers and slow ones priced: as much as the programs of any tool
 * do in front of the clock and some more. One or two tenths of a microsecond.
 */
#define PAIRFUSE_WORK_LITTLE	400

/* Is no way to the node longer than that? 0: yes, 1: no, or -ENOMEM */
int pairfuse_work_before(const struct pairfuse_run *run, size_t node);

/* Can one of these nodes, by number, be reached from behind the node? 0, 1 or -ENOMEM */
int pairfuse_work_again(const struct pairfuse_run *run, size_t node, const bool *these);

#endif /* PAIRFUSE_WORK_H */
