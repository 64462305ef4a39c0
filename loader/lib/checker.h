/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a self-check (selfcheck.h): threads, calls, and what is drawn for them.
 */
#ifndef PAIRFUSE_CHECKER_H
#define PAIRFUSE_CHECKER_H

#include "interp.h"
#include "origin.h"
#include "selfcheck.h"

#define PAIRFUSE_CHECK_THREADS	4
#define PAIRFUSE_CHECK_DEPTH	3
#define PAIRFUSE_CHECK_CONSTS	64
#define PAIRFUSE_CHECK_GOALS	48
#define PAIRFUSE_CHECK_WORDS	4	/* numbers that come again and again in a round */

enum { ORIG, FUSED, AGAIN, NR_WORLDS };

/* As memory that programs read: PAIRFUSE_VA_USER_REGS */
union pairfuse_regs {
	struct pairfuse_user_regs regs;
	unsigned char bytes[PAIRFUSE_USER_REGS_STRIDE];
};

/* What a call is given. Of two: for the entry, for the exit. */
struct pairfuse_drawn {
	int pair;
	unsigned int thread;
	__u64 args[PAIRFUSE_MAX_REGS];
	struct pairfuse_user_regs regs;
	__u64 ret;
	__u64 wait;		/* nanoseconds from entry to exit; 0: as it comes */
	__u64 start;		/* the time has to be that at least */
	__u64 run[2], uid_gid[2];
	__u32 random[2];
	char comm[16];		/* "": the thread's */
	__s32 answer_of;
	__u64 answer;
};

/* A call to be made for a branch's sake, and something to be elsewhere first. */
struct pairfuse_goal {
	struct pairfuse_drawn in;
	struct pairfuse_wish wish;
	bool is_exit;		/* where the branch is */
	__u32 cpu, off;		/* of an element, offset in its value */
	unsigned char key[PAIRFUSE_ASKED_KEY];
};

struct pairfuse_call {
	int pair;
	struct pairfuse_drawn in;
	bool again;		/* the exit's are drawn already */
	__u64 armed;
	bool passes;		/* the stub's filter lets it by */
	__u64 at;		/* time of the entry */
	unsigned long number;
	unsigned long begun;	/* calls of the group by the thread so far, with this one */
};

struct pairfuse_thread {
	__u64 pid_tgid;
	__u64 task;
	char comm[16];
	__u32 cpu;
	unsigned int depth;	/* calls that it is in */
	struct pairfuse_call calls[PAIRFUSE_CHECK_DEPTH];
	unsigned long *begun;	/* by group */
	__u64 slots[PAIRFUSE_CHECK_DEPTH]; /* addresses, FUSED */
};

struct pairfuse_half {		/* of a pair: entry, exit */
	unsigned char *orig;	/* by instruction of the original program: PAIRFUSE_SEEN_... */
	unsigned char *fused;	/* of the rewritten one */
	unsigned char *tries;	/* for a branch of the original one */
	bool moves;		/* the original reads the clock twice, at most */
};

struct pairfuse_checker {
	struct pairfuse_check *c;
	struct pairfuse_world *worlds[NR_WORLDS];
	__u64 ctx[NR_WORLDS];	/* address of the context */
	struct pairfuse_outside out;
	union pairfuse_regs user[PAIRFUSE_CHECK_THREADS][PAIRFUSE_CHECK_DEPTH];
	__u32 consts[PAIRFUSE_CHECK_CONSTS];
	size_t nr_consts;	/* of rounds to come; those of this one stay what they are */
	struct pairfuse_thread threads[PAIRFUSE_CHECK_THREADS];
	__u64 favourites[PAIRFUSE_CHECK_WORDS];
	int *pairs;		/* that are checked */
	unsigned int nr_pairs;
	bool *carrier;		/* by map: not compared */
	unsigned int *group;	/* by pair: the first one of its group */
	struct pairfuse_half *halves;	/* by pair: entry, exit */
	bool overlap;
	bool nest;
	bool by_process;	/* threads of one process have one key */
	bool percpu;		/* a carrier has a value for each CPU */
	bool exec;		/* no carrier is keyed by the number of a thread */
	__u64 late;		/* of the stub's clock at the exit, nanoseconds */
	__u64 rnd;
	unsigned int salt;	/* of the junk of ORIG and AGAIN */
	int pattern;		/* or a byte that all of it is; -1 */
	unsigned long events, calls;
	unsigned long until;	/* calls, in this round */
	unsigned long most;	/* events; 0: no limit */
	__u64 insns;		/* run so far, in all worlds; and what takes as long */
	enum pairfuse_check_verdict verdict;

	/* selfcheck_steer.c; origins NULL: random calls only */
	struct pairfuse_origins *origins;
	struct pairfuse_patches patches;
	struct pairfuse_goal goals[PAIRFUSE_CHECK_GOALS];
	unsigned int first_goal, nr_goals;
};

static inline unsigned int pairfuse_checker_rnd(struct pairfuse_checker *q, unsigned int n)
{
	q->rnd = q->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (q->rnd >> 33) % n;
}

static inline const struct pairfuse_pair *pairfuse_checker_pair(const struct pairfuse_checker *q,
								const struct pairfuse_call *c)
{
	return &q->c->res->pairs[c->pair];
}

/* A number that programs compare things with, in rounds to come. */
void pairfuse_checker_add_const(struct pairfuse_checker *q, __u32 v);

/* Copying and comparing so many bytes takes as long as an instruction. */
#define PAIRFUSE_CHECK_MOVES	256

/* --- selfcheck_compare.c --- */

/* The first verdict stays. */
void pairfuse_checker_fail(struct pairfuse_checker *q, enum pairfuse_check_verdict verdict,
			   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* After prog has run: fail if the worlds differ. */
void pairfuse_checker_compare(struct pairfuse_checker *q, const struct pairfuse_prog *prog);

/* The same, without a word. */
bool pairfuse_checker_same(struct pairfuse_checker *q);

/* --- selfcheck_run.c --- */

/* May calls of this group that are over have left something in the map? Times, addresses. */
bool pairfuse_checker_leaves(const struct pairfuse_checker *q, int carrier);

/* What helpers answer during this program of the thread's call. */
void pairfuse_checker_set(struct pairfuse_checker *q, const struct pairfuse_thread *t,
			  const struct pairfuse_call *c, const struct pairfuse_prog *prog,
			  bool is_exit);

/* ORIG and AGAIN. */
void pairfuse_checker_originals(struct pairfuse_checker *q, const struct pairfuse_thread *t,
				const struct pairfuse_call *c, const struct pairfuse_prog *prog,
				__u64 ret);

/* FUSED, if the stub runs it. */
void pairfuse_checker_fused(struct pairfuse_checker *q, const struct pairfuse_thread *t,
			    struct pairfuse_call *c, bool is_exit, __u64 ret);

/* All, compared, of the innermost call of the thread. */
void pairfuse_checker_run(struct pairfuse_checker *q, struct pairfuse_thread *t, bool is_exit,
			  __u64 ret);

/* What a program has done is no news any more. */
void pairfuse_checker_settle(struct pairfuse_checker *q);

/* --- selfcheck_calls.c --- */

bool pairfuse_checker_spent(const struct pairfuse_checker *q);

/* New worlds, threads and memory, and so many calls. */
void pairfuse_checker_round(struct pairfuse_checker *q, unsigned int calls);

/* --- selfcheck_steer.c --- */

/* An original program has run: calls that may take the branches that it has not taken. */
void pairfuse_steer_note(struct pairfuse_checker *q, const struct pairfuse_call *call,
			 bool is_exit);

/* The thread of the next such call; -1: there is none. */
int pairfuse_steer_thread(struct pairfuse_checker *q);

/* Make what it needs, and tell what it is given. */
void pairfuse_steer_take(struct pairfuse_checker *q, struct pairfuse_drawn *in);

#endif /* PAIRFUSE_CHECKER_H */
