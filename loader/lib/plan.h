/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known about one pair and one carrier map, and how to fuse it.
 */
#ifndef PAIRFUSE_PLAN_H
#define PAIRFUSE_PLAN_H

#include <linux/pairfuse.h>

#include "absint.h"

/* A program with its subprograms inlined; made once, used for every plan. */
struct pairfuse_flat {
	const struct pairfuse_prog *prog;
	struct pairfuse_ir ir;
	__u16 *live;		/* registers live after each node */
	bool inlined;
	bool loose;		/* nobody knows how deep it goes: see inline.c */
	int reserved;		/* then: bytes on top of the stack that it leaves alone */
	int err;		/* 0 or PAIRFUSE_REFUSED, then why tells */
	struct pairfuse_why why;
};

/*
 * Why a slot per invocation does what the map does. It has to be true for all
 * pairs of a group, since each of them could find what another has left.
 */
enum pairfuse_proof {
	PAIRFUSE_PROOF_NONE = 0,
	/* every exit removes the state that it finds: nothing older is ever there */
	PAIRFUSE_PROOF_REMOVED,
	/* every entry stores, on all paths: what is older is never seen */
	PAIRFUSE_PROOF_STORED,
	/* every exit zeroes a field, and looks at the rest only when it is not 0 */
	PAIRFUSE_PROOF_ZEROED,
};

/* Why the state of a group is kept where it is. */
enum pairfuse_choice {
	PAIRFUSE_CHOICE_ONE = 0,	/* slot: one function */
	PAIRFUSE_CHOICE_ASKED,		/* any: --nesting */
	PAIRFUSE_CHOICE_SEVERAL,	/* exact: several functions */
	PAIRFUSE_CHOICE_FALLBACK,	/* task storage: no slot possible */
	PAIRFUSE_CHOICE_OUTER,		/* task storage: calls look for those that they are in */
	PAIRFUSE_CHOICE_SYSCALLS,	/* slot: several functions, which cannot nest */
	PAIRFUSE_CHOICE_KEY,		/* slot: several functions, but no other way */
};

/* What a helper returns, kept in the slot by the entry for the exit: see once.h. */
#define PAIRFUSE_NR_ONCE	2

struct pairfuse_once {
	__s32 helper;		/* 0: none */
	int node;		/* of the entry: the call that is kept */
	unsigned int at;	/* bytes from the start of the slot */
};

struct pairfuse_plan {
	/* given */
	const struct pairfuse_input *in;
	struct pairfuse_exprs *x;
	struct pairfuse_flat *entry;
	struct pairfuse_flat *exit;
	int carrier;
	struct pairfuse_why why; /* why.prog: 0 entry, 1 exit, or -1 */

	/* pairfuse_plan_study */
	enum pairfuse_carrier_kind kind;
	struct pairfuse_key_bytes key;
	struct pairfuse_run entry_run;
	struct pairfuse_run exit_run;
	__u64 needed;		/* bytes that the exit reads when there is state */
	struct pairfuse_facts facts; /* hold whenever there is state */
	__u64 times;		/* where 8 bytes begin that are a time then */
	bool removes;		/* what the proofs need, of this pair */
	bool stores_always;
	__u64 zeroes;		/* bytes that are 0 however the exit ends */
	bool creates;		/* the exit makes state, where there was none */
	bool forgets;		/* the exit's filter leaves what the entry's has not kept out */
	bool stays;		/* something is left in a hash, and it is not 0 */
	bool proving;		/* no run is to be rewritten by, as yet */
	bool leaves;		/* the map is for user space, too: leftover.h */
	bool others;		/* pairs.c: other maps that could be the carrier, not tried yet */
	int group;		/* group.c: first of the pairs that may meet in the map, or -1 */
	struct pairfuse_why leaves_why;

	/* storage.c */
	bool slot_ok;		/* nothing against the slot as yet; else slot_why */
	bool task_ok;		/* nothing against the storage of the task */
	bool exit_stores;	/* the exit puts state there, too */
	bool looks;		/* the entry sees whether there is state of an outer call */
	int second;		/* another map that carries state, too; -1: none */
	bool nest_ok;		/* nor against a slot with exact nesting */
	struct pairfuse_why slot_why;
	bool task;		/* chosen: the storage of the task */
	bool exact;		/* chosen: the slot, with exact nesting */
	enum pairfuse_choice choice;
	bool skip;		/* not armed means that the thread has no state */
	bool refused;		/* no code, why says why */

	/* pairfuse_plan_decide */
	enum pairfuse_proof proof;
	__u64 flag_bytes;	/* PROOF_ZEROED: the bytes that are 0 without state */
	__u64 clear;		/* bytes that the entry has to clear at its start */
	bool exit_always;
	bool kept;		/* the map stays, see PAIRFUSE_STORAGE_MAP */

	/* rewrite.c: bytes of stack that the entry, the exit wants for itself, if that is loose */
	int wants[2];

	/* once.c */
	struct pairfuse_once once[PAIRFUSE_NR_ONCE];

	/* filter.c */
	enum pairfuse_filter filter;
	__u32 filter_value;

	/* clock.c */
	bool no_entry;		/* rewritten: the entry has nothing to do */
	bool leaf;		/* and the exit calls nothing, and wants just the times */
	bool elapsed;		/* the exit is given the time that the call took */
	__u64 dropped;		/* bytes of state that this makes superfluous */
	struct pairfuse_flat timed_exit; /* exit then; it was: */
	struct pairfuse_flat *plain_exit;
};

/* Look at both programs: 0, -ENOMEM or PAIRFUSE_REFUSED. */
int pairfuse_plan_study(struct pairfuse_plan *plan);

/* The run to rewrite the exit by, anew. */
int pairfuse_plan_run_exit(struct pairfuse_plan *plan);

/* A run of the exit without state, or with some that is 0 where such may be left. */
int pairfuse_plan_run_without(struct pairfuse_plan *plan, struct pairfuse_run *run);

/* A run of the entry in which these conditions hold. */
int pairfuse_plan_run_entry(struct pairfuse_plan *plan, struct pairfuse_run *run,
			    const struct pairfuse_facts *facts);

/*
 * With the proof that its group has agreed on (flag_bytes too), is the pair
 * equivalent? Leaves the notes to rewrite by in entry_run and exit_run.
 */
int pairfuse_plan_decide(struct pairfuse_plan *plan);

void pairfuse_plan_free(struct pairfuse_plan *plan);

/* What the key is made of. */
enum pairfuse_key pairfuse_plan_key(const struct pairfuse_plan *plan);

/*
 * Ids of a call. A thread that is not the leader gets the leader's number when it calls
 * execve(), so within one call its number can change; its process and its task do not.
 * Where the key has the number in it, the map would not find the state any more then:
 * whoever finds it has the number of the entry. Else the exit's may be another one.
 */
bool pairfuse_plan_has_tid(const struct pairfuse_plan *plan);
/* Is v the same in the exit, if there is state? */
bool pairfuse_plan_lasts(const struct pairfuse_plan *plan, pairfuse_val v);
/* Leaves out the facts that do not last. */
void pairfuse_plan_lasting(const struct pairfuse_plan *plan, struct pairfuse_facts *facts);

/* Does a return of the entry program mean that there is state? */
bool pairfuse_plan_armed(const struct pairfuse_plan *plan, const struct pairfuse_return *ret);

#endif /* PAIRFUSE_PLAN_H */
