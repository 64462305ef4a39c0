/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One case: analysed, rewritten, run against the original.
 */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdio.h>

#include "equiv.h"
#include "gen.h"

struct fuzz_stats {
	unsigned long cases, pairs, fused;
	unsigned long slot, exact, task;	/* of the fused */
	unsigned long always;			/* whose exit program always runs */
	unsigned long opts[32];			/* enum pairfuse_opt, by bit */
	unsigned long refused[PAIRFUSE_REASON_COUNT];
	unsigned long programs;			/* program runs compared */
	unsigned long insns;			/* of the programs made */
};

/*
 * NULL, or what differs (in buf). trace, stats and drop may be NULL.
 * The number of the case is in fuzz_current, for those who want to say what a
 * crash was about.
 */
const char *fuzz_check(__u64 seed, const bool *drop, unsigned int invocations, FILE *trace,
		       struct fuzz_stats *stats, char *buf, size_t len);

extern volatile __u64 fuzz_current;

/* The case's verdicts, programs before and after, and the last calls. */
void fuzz_report(__u64 seed, const bool *drop, unsigned int invocations, FILE *out);

/*
 * Leave out as many statements as possible, and calls, while the case still
 * differs; drop[FUZZ_MAX_STMTS] says which. How many are left.
 */
unsigned int fuzz_minimise(__u64 seed, bool *drop, unsigned int *invocations);

/* oracle.c: NULL, or a verdict that must not be. */
const char *fuzz_oracle(const struct fuzz_case *c, const struct pairfuse_result *res);

/* How the calls of a case are drawn. */
struct equiv_opts fuzz_options(__u64 seed, unsigned int invocations, FILE *trace);

/*
 * damage.c: the case with one instruction of a rewritten program changed. Was
 * that noticed? -1: there was nothing to change.
 */
int fuzz_damage(__u64 seed, unsigned int invocations);

struct fuzz_verified {
	unsigned long originals, accepted;	/* programs as they are */
	unsigned long cases, rejected;		/* with a fused pair */
};

/* verify.c: shown to the running kernel's verifier. */
void fuzz_verify(__u64 seed, struct fuzz_verified *v);

#endif /* FUZZ_CHECK_H */
