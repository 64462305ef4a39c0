/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The abstract state between two instructions, and the functions that take
 * one instruction's effect (internal to the abstract interpretation).
 */
#ifndef PAIRFUSE_STATE_H
#define PAIRFUSE_STATE_H

#include "absint.h"

/* Bytes in memory: byte idx[i] of the value val[i]. */
struct pairfuse_state {
	pairfuse_val reg[PAIRFUSE_NR_REGS];
	pairfuse_val stack[PAIRFUSE_STACK_SIZE]; /* [0] is r10 - 512 */
	pairfuse_val slot[PAIRFUSE_SLOT_BYTES];
	__u8 stack_idx[PAIRFUSE_STACK_SIZE];
	__u8 slot_idx[PAIRFUSE_SLOT_BYTES];
	struct pairfuse_facts facts;
	bool deleted;		/* perhaps state was there and the program has deleted it */
	__u8 left;		/* perhaps state is there: PAIRFUSE_LEFT_... */
	pairfuse_val found;	/* what a lookup has found, with nothing stored since; or TOP */
	/* States that differ in these are never merged. */
	bool armed;
	bool present;
	__u64 written;
};

/* One step: what the transfer functions work on. */
struct pairfuse_step {
	struct pairfuse_run *run;
	struct pairfuse_state *st;
	const struct pairfuse_node *node;
	struct pairfuse_note *note;	/* NULL until the fixpoint is found */
};

/* state.c */
void pairfuse_state_init(struct pairfuse_run *run, const struct pairfuse_start *start,
			 struct pairfuse_state *st);
bool pairfuse_state_same_part(const struct pairfuse_state *a, const struct pairfuse_state *b);
/* a := join of a and b; true when a has changed */
bool pairfuse_state_join(struct pairfuse_exprs *x, struct pairfuse_state *a,
			 const struct pairfuse_state *b);
pairfuse_val pairfuse_bytes_get(struct pairfuse_exprs *x, const pairfuse_val *val,
				const __u8 *idx, unsigned int n);
void pairfuse_bytes_set(struct pairfuse_exprs *x, pairfuse_val *val, __u8 *idx,
			unsigned int n, pairfuse_val v);
__u64 pairfuse_state_zero(struct pairfuse_exprs *x, const struct pairfuse_state *st);
__u64 pairfuse_state_changed(struct pairfuse_exprs *x, const struct pairfuse_state *st);
__u64 pairfuse_state_times(struct pairfuse_exprs *x, const struct pairfuse_state *st);

/* step_mem.c: memory; off and len are bytes, from r10 or from the slot's start */
int pairfuse_step_load(struct pairfuse_step *s);
int pairfuse_step_store(struct pairfuse_step *s);
int pairfuse_step_atomic(struct pairfuse_step *s);
int pairfuse_stack_check(struct pairfuse_step *s, __s64 off, __s64 len);
/* Whose frame, and how much of it, does a pointer that is used reach? off: added to it */
void pairfuse_stack_reach(struct pairfuse_step *s, pairfuse_val v, __s64 off);
/* Somebody who is given the frame finds pointers there, and uses them as it likes. */
void pairfuse_stack_found(struct pairfuse_step *s);
void pairfuse_stack_clobber(struct pairfuse_step *s, __s64 off, __s64 len);
/*
 * The bytes that len (-1: any number) bytes behind v + off can be among, where v may be a
 * pointer into the stack: off and len in the frame.
 */
void pairfuse_stack_span(struct pairfuse_step *s, pairfuse_val v, __s64 *off, __s64 *len);
/*
 * Refused when pointers into the state are among the bytes, or registers without an
 * argument: somebody reads them. The others: just the pointers; just the registers.
 */
int pairfuse_stack_leak(struct pairfuse_step *s, __s64 off, __s64 len);
int pairfuse_stack_escape(struct pairfuse_step *s, __s64 off, __s64 len);
int pairfuse_stack_surplus(struct pairfuse_step *s, __s64 off, __s64 len);
/* refused when v is a register without an argument, and used: see ctxread.h */
int pairfuse_step_surplus(struct pairfuse_step *s, pairfuse_val v);
int pairfuse_slot_read(struct pairfuse_step *s, __s64 off, __s64 len, pairfuse_val *out);
int pairfuse_slot_write(struct pairfuse_step *s, __s64 off, __s64 len, pairfuse_val v);
void pairfuse_step_effect(struct pairfuse_step *s);

/* step_call.c */
int pairfuse_step_call(struct pairfuse_step *s);

/* step_carrier.c: the calls that access the carrier map; *op: what it is, *out: its result */
int pairfuse_step_carrier(struct pairfuse_step *s, __u8 *op, pairfuse_val *out);
/* A call that accesses the map, by a program of no pair: with whose key, perhaps? */
int pairfuse_step_watch(struct pairfuse_step *s);
/* What a lookup in a map that is not the carrier finds. */
pairfuse_val pairfuse_step_element(struct pairfuse_step *s);
/* len bytes stored as state, or an update by what r3 points to: leftover.h */
bool pairfuse_step_tells(const struct pairfuse_step *s, pairfuse_val v, unsigned int len);
void pairfuse_update_tells(struct pairfuse_step *s, unsigned int size);
/* What is left from here on, is left by a program that knows it. */
static inline void pairfuse_step_known(struct pairfuse_state *st)
{
	if (st->left)
		st->left = PAIRFUSE_LEFT_KNOWN;
}

/* refused when a value of that taint, which points to old bytes, is kept over an update */
int pairfuse_step_outlived(struct pairfuse_step *s, unsigned int taint);

/* step_task.c: the same, when the state is to be kept in task storage */
int pairfuse_step_task(struct pairfuse_step *s, __u8 *op, pairfuse_val *out);

/* step_jump.c: may the jump be taken (2), not taken (1)? Refines both states. */
int pairfuse_step_cond(struct pairfuse_step *s, struct pairfuse_state *taken, __u8 *edges);

/* "insn 12" for messages: the index in the given bytecode */
static inline int pairfuse_step_insn(const struct pairfuse_step *s)
{
	return s->node->orig;
}

static inline const char *pairfuse_step_map(const struct pairfuse_step *s)
{
	return s->run->carrier < 0 ? "?" : s->run->in->maps[s->run->carrier].name;
}

#endif /* PAIRFUSE_STATE_H */
