/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a group of pairs keeps its state: in the slot of each invocation, or in
 * the storage of the task.
 */
#ifndef PAIRFUSE_STORAGE_H
#define PAIRFUSE_STORAGE_H

#include "group.h"

/*
 * After the study of a plan for the slot, which ended with err (0 or
 * PAIRFUSE_REFUSED): is the task's storage possible? Returns 0 when either is,
 * else the slot's refusal.
 */
int pairfuse_storage_study(struct pairfuse_plan *plan, int err);

/*
 * Does the entry leave something for the exit in the plan's map, in elements that come
 * and go with calls, or is that not known? Keys that are not made of the thread, the
 * process and the arguments are those of counts and the like.
 */
bool pairfuse_storage_carries(struct pairfuse_plan *plan);

/*
 * Choose for a group (plan->group). slot: all of its pairs allow that. Returns
 * false when it can have neither; with what was asked for, the slot's reasons
 * stand then.
 */
bool pairfuse_storage_choose(struct pairfuse_study *st, int group, bool slot);

/*
 * A pair's code for the slot was refused: keep the state of its whole group in
 * task storage instead? True when all its pairs have to be decided again.
 */
bool pairfuse_storage_retry(struct pairfuse_study *st, int group);

/* All bytes of the thread's id, or of the task's address; else ids and constants. */
bool pairfuse_storage_key_is_thread(const struct pairfuse_plan *plan);

/* A run of the exit where the thread has no state, with what is true of task storage. */
int pairfuse_storage_run_without(struct pairfuse_plan *plan, struct pairfuse_run *without);

/* What pairfuse_plan_decide() does for a plan with plan->task. */
int pairfuse_storage_decide(struct pairfuse_plan *plan);

/* Tell in the result what was chosen, and why. */
void pairfuse_storage_tell(const struct pairfuse_plan *plan, struct pairfuse_pair *pair);

/* Offset of the word that is 1 while there is state, and the size with it. */
static inline __u32 pairfuse_storage_flag(__u32 value_size)
{
	return (value_size + 7) & ~7U;
}

static inline __u32 pairfuse_storage_size(__u32 value_size)
{
	return pairfuse_storage_flag(value_size) + 8;
}

#endif /* PAIRFUSE_STORAGE_H */
