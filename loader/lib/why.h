/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the parts of the analysis say no.
 *
 * Internal functions return 0, -ENOMEM or PAIRFUSE_REFUSED; with the latter
 * they have filled in a struct pairfuse_why: the reason, a sentence that names
 * the objects, and the instruction that it is about.
 */
#ifndef PAIRFUSE_WHY_H
#define PAIRFUSE_WHY_H

#include "reason.h"

#define PAIRFUSE_REFUSED 1

struct pairfuse_why {
	enum pairfuse_reason reason;
	int prog;		/* set by whoever knows the program, or -1 */
	int insn;		/* index into that program's bytecode, or -1 */
	char text[256];
};

/* Always returns PAIRFUSE_REFUSED. An earlier refusal is overwritten. */
int pairfuse_refuse(struct pairfuse_why *why, enum pairfuse_reason reason, int insn,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif /* PAIRFUSE_WHY_H */
