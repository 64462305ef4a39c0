/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where numbers in an interpreted program came from, and what would have had to be
 * there for a branch to go the other way (interp.h). A guess that costs little: it is
 * lost where programs do more than a few operations with a number. Whoever follows it
 * runs the program again and sees whether it was right.
 */
#ifndef PAIRFUSE_ORIGIN_H
#define PAIRFUSE_ORIGIN_H

#include "interp.h"

#define PAIRFUSE_ORIGIN_OPS	4
#define PAIRFUSE_NR_SHADOWS	512	/* a power of two */
#define PAIRFUSE_NR_WISHES	32	/* of one run */
#define PAIRFUSE_NR_ASKED	16	/* keys that were looked up in a run */
#define PAIRFUSE_ASKED_KEY	64	/* bytes of them */

enum pairfuse_source {
	PAIRFUSE_FROM_NOWHERE = 0,
	PAIRFUSE_FROM_CTX,	/* at: offset in the context */
	PAIRFUSE_FROM_OUTSIDE,	/* at: address */
	PAIRFUSE_FROM_ELEM,	/* what: map; at: address in a value */
	PAIRFUSE_FROM_COMM,	/* at: offset in the name */
	PAIRFUSE_FROM_LOOKUP,	/* what: map; at: which of asked[] */
	PAIRFUSE_FROM_TIME,
	PAIRFUSE_FROM_IDS,	/* bpf_get_current_pid_tgid() */
	PAIRFUSE_FROM_USER,	/* bpf_get_current_uid_gid() */
	PAIRFUSE_FROM_RANDOM,
	PAIRFUSE_FROM_ANSWER,	/* what: helper */
};

struct pairfuse_origin {
	__u8 from;		/* enum pairfuse_source */
	__u8 size;		/* bytes there */
	__u8 nr_ops;
	bool is_exit;		/* of the program that has got it, */
	__u32 what;
	unsigned long call;	/* and the call */
	__u64 at;
	struct {
		__u8 op;	/* BPF_ADD, ...; BPF_NEG: k - x */
		bool is32;
		__u64 k;
	} ops[PAIRFUSE_ORIGIN_OPS];
};

struct pairfuse_wish {		/* value there, and the branch goes the other way */
	struct pairfuse_origin origin;
	__u64 value;
	size_t pc;
};

struct pairfuse_origins {
	unsigned long call;	/* number of the call that runs now */
	struct pairfuse_origin answer;	/* of the helper that was called last */
	struct {
		__u64 addr;
		struct pairfuse_origin origin;
	} shadows[PAIRFUSE_NR_SHADOWS];	/* of memory that programs have written */
	struct pairfuse_wish wishes[PAIRFUSE_NR_WISHES];
	unsigned int nr_wishes;
	struct {
		unsigned int map;
		unsigned char key[PAIRFUSE_ASKED_KEY];
	} asked[PAIRFUSE_NR_ASKED];
	unsigned int nr_asked;
};

/* A program begins. */
void pairfuse_origins_begin(struct pairfuse_world *w);

/* What an instruction that is no jump does to the origins of registers, before it is run. */
void pairfuse_origin_follow(struct pairfuse_world *w, const struct bpf_insn *insn, const __u64 *r,
			    struct pairfuse_origin *o);

/* The helper that runs now answers with, or writes to `to`, size bytes of that. */
void pairfuse_origin_answer(struct pairfuse_world *w, enum pairfuse_source from, __u32 what);
void pairfuse_origin_lookup(struct pairfuse_world *w, unsigned int map, const void *key);
void pairfuse_origin_fill(struct pairfuse_world *w, __u64 to, __u32 size,
			  enum pairfuse_source from, __u64 at);
/* size bytes have been copied, or (from 0) overwritten with something. */
void pairfuse_origin_copy(struct pairfuse_world *w, __u64 to, __u64 from, __u32 size);

/* Wish for a value of which `wanted` is made. */
void pairfuse_origin_wish(struct pairfuse_world *w, const struct pairfuse_origin *o, __u64 wanted,
			  size_t pc);

#endif /* PAIRFUSE_ORIGIN_H */
