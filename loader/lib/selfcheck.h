/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Do rewritten pairs do what the original ones do? Tried, not proved: both run
 * in the interpreter (interp.h), side by side, on random contexts, times and
 * interleavings of threads and nested calls, and after every program all maps
 * but the carriers, all globals and all events have to be equal.
 */
#ifndef PAIRFUSE_SELFCHECK_H
#define PAIRFUSE_SELFCHECK_H

#include <stdio.h>

#include "analysis.h"

#define PAIRFUSE_CHECK_CALLS	5000	/* if no number was given */

/*
 * A brief check, for when nobody has asked for one: in place of a number of calls. It
 * ends when nothing new is found, or when that many instructions have been interpreted:
 * for one pair, and for all pairs of an analysis.
 */
#define PAIRFUSE_CHECK_BRIEF		(~0U)
#define PAIRFUSE_CHECK_BRIEF_CALLS	400
#define PAIRFUSE_CHECK_BUDGET		2000000
#define PAIRFUSE_CHECK_BUDGET_ALL	20000000
/* Programs run to their end, so there may be more. Then no other group is begun. */
#define PAIRFUSE_CHECK_BUDGET_MOST	40000000

enum pairfuse_check_verdict {
	PAIRFUSE_CHECK_SAME = 0,
	PAIRFUSE_CHECK_DIFFERS,
	PAIRFUSE_CHECK_CANNOT,	/* no model of what the programs do, or no memory */
};

struct pairfuse_check_pair {
	unsigned long stored;	/* calls in which the original entry has stored state, */
	unsigned long read;	/* and in which the exit has found, or read, some */
	struct pairfuse_covered entry, exit;
};

struct pairfuse_check {
	const struct pairfuse_input *in;
	const struct pairfuse_result *res;
	/* By map: what global data is at first; NULL, or an entry NULL: not known. */
	const void *const *contents;
	int carrier;		/* the pairs with this carrier map; -1: all */
	const char *function;	/* those on it, two in one call now and then; NULL: all */
	unsigned int seed;
	unsigned int calls;	/* of the pairs' functions, all together */
	/*
	 * The original programs output neither addresses nor what they have not
	 * written. Else such bytes are found, by a second run, and left out.
	 */
	bool strict;
	/*
	 * Not at random only: calls are made again with what their conditions ask for, until
	 * each branch has gone both ways as far as that is possible.
	 */
	bool steer;
	/*
	 * Instructions to be run in all; 0: just as many calls as are wanted. Else there
	 * are more calls than that, as long as they find something new.
	 */
	__u64 budget;
	FILE *trace;		/* a line for each program that runs, and what differs; NULL */

	/* answers */
	char text[256];		/* what differs, or why it cannot be checked */
	long saved;		/* helper calls that the rewritten programs did not make */
	unsigned int insns;	/* of the rewritten programs */
	unsigned int insns_run;	/* of them, that have run at least once */
	unsigned long made;	/* calls */
	__u64 spent;		/* instructions, added to what is there */
	struct pairfuse_check_pair *pairs;	/* the caller's, by pair of res; or NULL */
};

enum pairfuse_check_verdict pairfuse_check(struct pairfuse_check *check);

/* --- selfcheck_group.c --- */

/*
 * Check the fused pairs of a result, group by group. Those of groups that differ are
 * refused then. So are those that cannot be checked (or have been, but have never stored
 * state or found any), if a number of calls was asked for; of a brief check they stay
 * fused, and `checked` says why nothing is known.
 */
void pairfuse_check_groups(const struct pairfuse_input *in, struct pairfuse_result *res,
			   const void *const *contents, unsigned int calls);

struct pairfuse_json;

/* Members of the object that is open: "checked" and others; nothing if it was not tried. */
void pairfuse_checked_json(struct pairfuse_json *w, const struct pairfuse_checked *checked);

/* The same in words, one line; "": it was not tried. */
const char *pairfuse_checked_text(const struct pairfuse_checked *checked, char *buf, size_t len);

/* --- selfcheck_ctx.c: the context that the kernel gives a program --- */

/* struct pt_regs of x86-64, as a system call's function gets it */
struct pairfuse_user_regs {
	__u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	__u64 ip, cs, flags, sp, ss;
};

#define PAIRFUSE_MAX_CTX	sizeof(struct pairfuse_user_regs)

/* How many registers with arguments prog sees. */
unsigned int pairfuse_check_regs(const struct pairfuse_prog *prog);

/*
 * What prog sees when its function is called with args[] (and returns ret): the
 * bytes that it may look at are set in ctx, the others left as they are. user:
 * the task's registers, for system calls. Returns the size of the context.
 */
unsigned int pairfuse_check_context(const struct pairfuse_prog *prog, unsigned int nr_regs,
				    const __u64 *args, const struct pairfuse_user_regs *user,
				    __u64 ret, unsigned char *ctx);

/*
 * Where in these the word comes from that prog sees at offset off (a multiple of 8) of its
 * context; NULL: nowhere, or from several.
 */
unsigned char *pairfuse_check_context_at(const struct pairfuse_prog *prog, unsigned int nr_regs,
					 __u64 off, __u64 *args, struct pairfuse_user_regs *user,
					 __u64 *ret);

#endif /* PAIRFUSE_SELFCHECK_H */
