/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which programs use which maps, which make pairs, and which pairs share a map.
 */
#ifndef PAIRFUSE_GROUP_H
#define PAIRFUSE_GROUP_H

#include "plan.h"

/* Everything that is known while an object is analysed. */
struct pairfuse_study {
	const struct pairfuse_input *in;
	struct pairfuse_exprs exprs;
	struct pairfuse_flat *flats;	/* by program; made for halves of pairs */
	int *reserve;			/* by program: bytes, see inline.c */
	/*
	 * [prog * (nr_maps + 1) + map]: 1, a pair of which prog is the entry was refused with
	 * that carrier; [.. + nr_maps]: 1, with all that it can have. See analysis.c.
	 */
	__u8 *tried;
	int *uses;			/* [prog * nr_maps + map]: first insn + 1, or 0 */
	struct pairfuse_result *res;
	struct pairfuse_plan *plans;	/* by pair; carrier -1: none */
};

/* Fill uses[]: the references to maps in every program's bytecode. */
void pairfuse_find_uses(struct pairfuse_study *st);

/* Make st->res->pairs (reason none as yet) of the programs. */
int pairfuse_find_pairs(struct pairfuse_study *st);

/*
 * Choose a carrier map for a pair and study it; with a refusal, pair->reason is
 * set.
 */
int pairfuse_find_carrier(struct pairfuse_study *st, size_t pair);

/*
 * Find the groups (plan->group), and make all pairs of each agree on a proof, or refuse
 * them. 0 or -ENOMEM.
 */
int pairfuse_agree(struct pairfuse_study *st);

/*
 * Which of the watched elements of a map does a program perhaps use? *looks, if wanted: it
 * perhaps looks some element up. 0 or -ENOMEM.
 */
int pairfuse_watch(struct pairfuse_study *st, int map, int prog, struct pairfuse_watch *watch,
		   unsigned int nr, bool *looks);

/* st->flats[prog], made when it is asked for: 0, -ENOMEM or PAIRFUSE_REFUSED, see flat->why */
int pairfuse_study_flat(struct pairfuse_study *st, int prog);

/* Record a refusal in the result; prog and insn may be -1. */
void pairfuse_pair_refuse(struct pairfuse_pair *pair, const struct pairfuse_why *why);

static inline bool pairfuse_uses(const struct pairfuse_study *st, int prog, int map)
{
	return st->uses[(size_t)prog * st->in->nr_maps + map] != 0;
}

#endif /* PAIRFUSE_GROUP_H */
