/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Abstract interpretation of one program (flat: subprograms inlined).
 *
 * What the result says about an instruction is a *note*: it holds for every
 * execution that reaches it. With a carrier map chosen, the interpretation
 * also follows that map's one entry ("is it there, which of its bytes has this
 * program written?"). Paths that disagree about it are kept apart instead of
 * being merged, so that "is there state?" is known at almost every instruction.
 *
 * Where the carrier is used in a way that a slot cannot imitate, the run ends
 * with a refusal.
 */
#ifndef PAIRFUSE_ABSINT_H
#define PAIRFUSE_ABSINT_H

#include "analysis.h"
#include "expr.h"
#include "helper.h"
#include "ir.h"
#include "why.h"

#define PAIRFUSE_SLOT_BYTES	64	/* PAIRFUSE_SLOT_SIZE of the ABI */
#define PAIRFUSE_MAX_FACTS	8
#define PAIRFUSE_COMM_SIZE	16	/* TASK_COMM_LEN */

enum pairfuse_carrier_kind {
	PAIRFUSE_CARRIER_HASH,	/* entries come and go */
	PAIRFUSE_CARRIER_ARRAY,	/* always there, written in place */
	PAIRFUSE_CARRIER_TASK,	/* task storage: created on demand, can be deleted */
};

/* Condition v (PAIRFUSE_E_OP of fixed operands) is true or false on this path. */
struct pairfuse_fact {
	pairfuse_val v;
	bool truth;
};

struct pairfuse_facts {
	struct pairfuse_fact f[PAIRFUSE_MAX_FACTS];
	unsigned int nr;
};

/* The bytes of a key: byte idx[i] of expression root[i]. */
struct pairfuse_key_bytes {
	bool set;
	unsigned int size;
	pairfuse_val root[PAIRFUSE_MAX_KEY];
	__u8 idx[PAIRFUSE_MAX_KEY];
};

/* Could an access be to the element with this key? */
struct pairfuse_watch {
	const struct pairfuse_key_bytes *key;
	bool met;
};

/* What the carrier's entry is like when the program starts. */
struct pairfuse_start {
	bool armed;		/* exit: the entry program has left state */
	bool present;		/* a lookup would find it */
	__u64 zero;		/* state bytes known to be zero */
	struct pairfuse_facts facts;
};

/* Which case of "is it there" executions reaching an instruction are in. */
enum {
	PAIRFUSE_ABSENT	= 1 << 0,
	PAIRFUSE_PRESENT = 1 << 1,
};

enum pairfuse_carrier_op {
	PAIRFUSE_OP_NONE = 0,
	PAIRFUSE_OP_LOOKUP,	/* bpf_map_lookup_elem, bpf_task_storage_get */
	PAIRFUSE_OP_CREATE,	/* bpf_task_storage_get with CREATE */
	PAIRFUSE_OP_UPDATE,
	PAIRFUSE_OP_DELETE,
};

struct pairfuse_note {
	bool reached;
	__u8 edges;		/* conditional jumps: 1 not taken, 2 taken */
	__u8 op;		/* enum pairfuse_carrier_op, of a call */
	__u8 before;		/* mask of PAIRFUSE_ABSENT, _PRESENT (with flag_bytes:
				 * of their having been written); before ... */
	__u8 after;		/* ... and after the instruction */
	bool turned;		/* present, or written, differs from the start's here */
	bool state_write;	/* writes state bytes in place */
	__u64 state_bytes;	/* state bytes read or written by it */
	pairfuse_val in[PAIRFUSE_NR_REGS]; /* registers before it */
	pairfuse_val out;	/* loads and calls: the result */
};

/* The element may be there at an exit's end. How? */
enum {
	PAIRFUSE_LEFT_FILTERED = 1 << 0, /* the program was not interested in the task */
	PAIRFUSE_LEFT_KNOWN = 1 << 1,	 /* it has looked at the state, or at what was returned */
};

/* One way the program ends. */
struct pairfuse_return {
	int node;
	bool armed;		/* start.armed of this path */
	bool present;
	__u64 written;		/* entry: state bytes written */
	__u8 left;		/* the element may be in the map now: PAIRFUSE_LEFT_... */
	__u64 zero;		/* state bytes known to be zero */
	__u64 changed;		/* neither that nor what they were: the program's */
	__u64 times;		/* where 8 bytes begin that are one PAIRFUSE_E_TIME */
	struct pairfuse_facts facts;
};

struct pairfuse_run {
	/* given */
	const struct pairfuse_input *in;
	const struct pairfuse_prog *prog;
	const struct pairfuse_ir *ir;
	struct pairfuse_exprs *x;
	struct pairfuse_why *why;
	bool is_exit;
	bool is_part;		/* before inlining */
	bool is_sub;		/* and a subprogram on its own: arguments are PAIRFUSE_E_PARAM */
	const __u8 *below_of;	/* then: what `below` is of each function */
	bool is_raw;		/* rewritten: the context is the stub's */
	bool proving;		/* not to rewrite by: knows what the verifier does not */
	bool task;		/* state in task storage: see step_task.c */
	bool follow;		/* then: a lookup before any update finds nothing */
	const __u16 *live;	/* registers live after each node, or NULL */
	__u64 times;		/* exit: where 8 bytes begin that the entry has from a clock */
	__u64 flag_bytes;	/* entry, state in place: writing them arms it; else 0 */
	int carrier;		/* -1: none */
	enum pairfuse_carrier_kind kind;
	struct pairfuse_start start[3];
	unsigned int nr_start;
	struct pairfuse_key_bytes *key;	/* set by the first access of the pair */
	bool watching;		/* a program of no pair: nothing but its keys matters */
	struct pairfuse_watch *watch;
	unsigned int nr_watch;

	/* found */
	struct pairfuse_note *notes;
	struct pairfuse_return *returns;
	size_t nr_returns;
	__u64 reads[2];		/* bytes read before being written; [armed] */
	int reads_insn[2];	/* where, for messages */
	__u64 touched;		/* bytes of the state used at all */
	bool stores;		/* writes state */
	bool loads;		/* looks the state up or reads it */
	bool tells;		/* stores what could tell people something: leftover.h */
	bool absent_seen;	/* entry: looks at whether older state is there */
	int absent_insn;
	bool looks;		/* entry: and goes by it, or by what that has left */
	bool effects_unarmed;	/* exit: does something without state ... */
	int effects_insn;	/* ... here */
	int stack;		/* lowest stack offset used, <= 0 */
	bool loose;		/* uses the stack at offsets that are not known, too */
	int lowest;		/* of those, as far as their limits are known; <= 0 */
	__u8 below;		/* is_sub: mask of registers 1-5: it was given a pointer
				 * there and perhaps uses what is below that */
	__u32 deref;		/* mask of values (arguments, return) dereferenced as pointers */
	unsigned int words;	/* mask of those loaded from the context */
	bool kernel_stack;	/* takes a stack trace that begins in the kernel */
	bool regs;		/* system call: loads members of its struct pt_regs */
	__u64 surplus;		/* state bytes that have got a register without an argument ... */
	int surplus_insn;	/* ... from here ... */
	int surplus_at;		/* ... at this byte of the context */
	bool surplus_stacked;	/* one was on the stack, which may be read by ... */
	bool stack_told;	/* ... an address of the stack that is in other memory */
};

/* 0, -ENOMEM or PAIRFUSE_REFUSED */
int pairfuse_run(struct pairfuse_run *run);
void pairfuse_run_free(struct pairfuse_run *run);

/* Bytes of memory m that a call reads or fills, given its registers; -1: not known. */
__s64 pairfuse_mem_len(const struct pairfuse_run *run, const pairfuse_val reg[],
		       const struct pairfuse_mem *m);
/* The same, or more: it reads or fills no more than that. */
__s64 pairfuse_mem_max(const struct pairfuse_run *run, const pairfuse_val reg[],
		       const struct pairfuse_mem *m);

/* For a rewritten program, by itself; its nodes (ir) are still to be given. */
static inline struct pairfuse_run pairfuse_raw_run(const struct pairfuse_input *in,
						   const struct pairfuse_prog *prog,
						   struct pairfuse_exprs *x,
						   struct pairfuse_why *why)
{
	return (struct pairfuse_run){
		.in = in, .prog = prog, .x = x, .why = why, .is_exit = true, .is_raw = true,
		.carrier = -1, .nr_start = 1, .start[0] = { .armed = true },
	};
}

/* The carrier kind of a map type; false: not one that a slot can imitate. */
bool pairfuse_carrier_kind(enum bpf_map_type type, enum pairfuse_carrier_kind *kind);

/* Mask of the bits [off, off + len) within the slot. */
static inline __u64 pairfuse_bytes(unsigned int off, unsigned int len)
{
	__u64 mask = len >= 64 ? ~0ULL : (1ULL << len) - 1;

	return off >= 64 ? 0 : mask << off;
}

#endif /* PAIRFUSE_ABSINT_H */
