/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random pairs: a seed makes an object (maps, functions, entry and exit
 * programs) such as a tool's author could have written: state is stored, looked
 * up, used and removed, between arbitrary other work.
 *
 * The programs are valid: they read nothing that they have not written, follow
 * no pointer that may be NULL, end, and put no address into their output. So
 * what differs between original and rewritten is the rewriter's fault.
 *
 * Programs are built of statements, which are numbered over the whole case.
 * Each can be left out without a change to the others: the random numbers are
 * drawn all the same. That is how minimise.c makes a case small.
 */
#ifndef FUZZ_GEN_H
#define FUZZ_GEN_H

#include "insn.h"
#include "reader.h"

#define FUZZ_MAX_INSNS	4096
#define FUZZ_MAX_PAIRS	6
#define FUZZ_MAX_GROUPS	2
#define FUZZ_MAX_MAPS	20
#define FUZZ_MAX_FIELDS	8
#define FUZZ_MAX_STMTS	2048

#define FUZZ_GLOBALS	16	/* words of .bss */
#define FUZZ_RODATA	8	/* words of .rodata */
#define FUZZ_SCRATCH	128	/* bytes of a per-CPU buffer */

struct fuzz_field {
	unsigned int off, size;
};

enum fuzz_cond_kind {
	/* the same in entry and exit */
	FUZZ_IF_TGID, FUZZ_IF_TID, FUZZ_IF_OPTION, FUZZ_IF_ARG,
	/* not, but tools think so */
	FUZZ_IF_COMM, FUZZ_IF_UID,
	/* not */
 FUZZ_IF_TIME, FUZZ_IF_RANDOM, FUZZ_IF_GLOBAL, FUZZ_IF_VALUE,
};

/* A comparison that can be put into several programs. */
struct fuzz_cond {
	enum fuzz_cond_kind kind;
	__u8 op;		/* BPF_JEQ ...: true when it holds */
	bool is32;
	__s32 imm;
	unsigned int n;		/* argument, option, global */
};

enum fuzz_consume {
	FUZZ_REMOVE,	/* the exit deletes the state */
	FUZZ_STORE,	/* the entry always stores it */
	FUZZ_ZERO,	/* the exit zeroes the first field */
	FUZZ_KEEP,	/* nobody: it is the result, or is removed when the call was a success */
};

enum fuzz_key {
	FUZZ_KEY_TID, FUZZ_KEY_TID64, FUZZ_KEY_TID_CONST, FUZZ_KEY_TGID, FUZZ_KEY_PID_TGID,
	FUZZ_KEY_TASK, FUZZ_KEY_ARG, FUZZ_KEY_TID_ARG, FUZZ_KEY_CONST,
};

/* The pairs that share a carrier map. */
struct fuzz_group {
	int map;
	enum bpf_map_type type;
	enum fuzz_key key;
	__u32 index;		/* FUZZ_KEY_CONST, FUZZ_KEY_TID_CONST */
	bool apart;		/* each pair has another index */
	struct fuzz_field fields[FUZZ_MAX_FIELDS];
	unsigned int nr_fields, value_size;
	enum fuzz_consume consume;
	bool filtered;
	struct fuzz_cond filter;
	bool full;		/* all bytes of the state are written, not just the fields */
	bool sloppy;		/* perhaps state is left over, flags are used, ... */
	bool declines;		/* the entry looks whether it is in a call of the thread already */
	bool noexist;		/* it stores where there is nothing */
	bool scratch;		/* both ends fill a per-CPU buffer before they look for the state */
	bool talks;		/* entries see, in global data, which of them was the first */
	bool counts_missing;	/* the exit counts calls without state */
	int second, tally;	/* more maps with the same key, or -1: state, too; a result */
};

/* A call to be connected. */
struct fuzz_sub {
	unsigned int call;	/* instruction */
	unsigned int kind;
	__u64 rnd;		/* the body's random numbers */
};

/* What is so at this point of a program, however it has been reached. */
struct fuzz_known {
	bool state;		/* r7 points to the state */
	bool copy;		/* r9 points copy_off bytes into it */
	bool stored;		/* entry: the state is there */
	bool removed;		/* exit: it has been consumed */
};

struct gen {
	__u64 rnd;
	const bool *drop;	/* statements to leave out; NULL: none */
	unsigned int nr_stmts;

	struct pairfuse_map maps[FUZZ_MAX_MAPS];
	unsigned int nr_maps;
	int bss, rodata, hist, counts, events, ring, stacks, more, config, scratch;
	__u64 options[FUZZ_RODATA];

	/* the program that is being built */
	struct bpf_insn insns[FUZZ_MAX_INSNS];
	unsigned int nr;
	unsigned int outs[64], nr_outs;
	struct fuzz_sub subs[8];
	unsigned int nr_subs;
	const struct fuzz_group *group;
	__u32 index;		/* group->index, or that of the pair */
	const struct pairfuse_proto *proto;
	enum pairfuse_hook_type at;
	bool is_exit;
	struct fuzz_known known;
	bool key_built;		/* the key is on the stack from the beginning */
	bool accumulates;	/* r8 holds a number */
	unsigned int copy_off;
	unsigned int loops;	/* around here */
	bool calls_back;	/* some program of the case does */
	bool indexed;		/* FUZZ_INDEX is in use */
};

/* Registers: r6 the context, r7 the state, r8 a number, r9 sometimes the state as well. */

/* The stack, from its top. */
#define FUZZ_LOCAL(i)	(-8 * ((int)(i) + 1))	/* 4 numbers, always set */
#define FUZZ_TEMP(d)	(-40 - 8 * (int)(d))	/* 4 */
#define FUZZ_KEY	(-80)			/* 16 bytes */
#define FUZZ_SPILL	(-88)
#define FUZZ_LOOP(d)	(-96 - 8 * (int)(d))	/* 2 */
#define FUZZ_EVENT	(-168)			/* 64 bytes */
#define FUZZ_COMM	(-184)			/* 16 bytes */
#define FUZZ_KEY2	(-192)
#define FUZZ_VALUE2	(-200)
#define FUZZ_INDEX	(-208)
#define FUZZ_VALUE(g)	(FUZZ_INDEX - (int)(((g)->group->value_size + 7) & ~7U))
/* the lowest: 32 bytes that are only used at offsets that are not known */
#define FUZZ_ARRAY(g)	(FUZZ_VALUE(g) - 32)
/* and 8 that only subprograms use, which are given the array's address */
#define FUZZ_BELOW(g)	(FUZZ_ARRAY(g) - 8)

/* --- code.c: random numbers and instructions --- */

__u64 fuzz_next(__u64 *state);
unsigned int fuzz_rnd(struct gen *g, unsigned int n);	/* 0 .. n - 1 */
bool fuzz_chance(struct gen *g, unsigned int percent);
__s32 fuzz_number(struct gen *g);			/* small, mostly */

void fuzz_emit(struct gen *g, struct bpf_insn insn);
void fuzz_emit_map(struct gen *g, int reg, int map);
void fuzz_emit_global(struct gen *g, int reg, int map, unsigned int off);
void fuzz_emit_imm64(struct gen *g, int reg, __u64 v);
void fuzz_emit_addr(struct gen *g, int reg, int off);	/* reg = r10 + off */

/* A jump to be connected: its instruction. */
unsigned int fuzz_jump(struct gen *g, struct bpf_insn insn);
void fuzz_here(struct gen *g, unsigned int jump);	/* it goes to the next instruction */
void fuzz_return(struct gen *g);

/* A statement begins; what it is made of goes away in fuzz_stmt_end() if it is dropped. */
struct fuzz_mark {
	unsigned int nr, nr_outs, nr_subs;
	bool dropped;
};

struct fuzz_mark fuzz_stmt(struct gen *g);
void fuzz_stmt_end(struct gen *g, struct fuzz_mark m);

/* --- value.c: numbers and conditions --- */

/* r7 = r0: the state has been found. */
void fuzz_found(struct gen *g);

/* A number into r0; r1-r5 are lost. depth: of temporaries in use. */
void fuzz_value(struct gen *g, unsigned int depth);

/* Has the program the arguments of its function? */
unsigned int fuzz_nr_args(const struct gen *g);
/* r0 = a register behind the last argument; false: there is none. For saving it, no more. */
bool fuzz_surplus(struct gen *g);
void fuzz_load_arg(struct gen *g, int reg, unsigned int arg);
bool fuzz_arg_is_pointer(const struct gen *g, unsigned int arg);
bool fuzz_has_ret(const struct gen *g);

struct fuzz_cond fuzz_cond_fixed(struct gen *g, unsigned int nr_args);
struct fuzz_cond fuzz_cond_any(struct gen *g);

/* Jumps that are taken when the condition does not hold. */
struct fuzz_unless {
	unsigned int jump[2];
	unsigned int nr;
};

struct fuzz_unless fuzz_if(struct gen *g, const struct fuzz_cond *c);
void fuzz_endif(struct gen *g, const struct fuzz_unless *u);

/* --- stmt.c --- */

void fuzz_block(struct gen *g, unsigned int most, unsigned int depth);

/* --- place.c --- */

void fuzz_place_stmt(struct gen *g, unsigned int depth);

/* --- shape.c: what a group does beside its carrier --- */

/* r1, r2 for a helper of another map with the carrier's key */
void fuzz_map_and_key(struct gen *g, int map);
void fuzz_shape_begin(struct gen *g);	/* of both programs */
void fuzz_shape_stored(struct gen *g);	/* the entry has stored the state */
void fuzz_shape_found(struct gen *g);	/* the exit has found it */
void fuzz_shape_missing(struct gen *g);	/* or not */
void fuzz_shape_stmt(struct gen *g);	/* anywhere */

/* --- sub.c: subprograms --- */

void fuzz_call_back(struct gen *g);	/* bpf_loop() */
void fuzz_call_sub(struct gen *g);	/* r0: a number */
void fuzz_subs(struct gen *g);		/* their bodies, behind the program */
/* r0 = lookup(ctx) or delete(ctx), a subprogram; false: no more of them */
bool fuzz_call_carrier(struct gen *g, bool is_delete);

/* --- side.c: the carrier, entry and exit programs --- */

void fuzz_carrier_stmt(struct gen *g);
void fuzz_carrier_sub(struct gen *g, bool is_delete);	/* body of such a subprogram */
void fuzz_leave(struct gen *g);		/* end the program, without a trace in the carrier */
void fuzz_entry(struct gen *g);
void fuzz_exit(struct gen *g);

/* --- case.c --- */

struct fuzz_case {
	struct test_object obj;
	struct gen *gen;
	struct fuzz_group groups[FUZZ_MAX_GROUPS];
	const struct fuzz_group *group_of[FUZZ_MAX_PAIRS];	/* by pair */
	unsigned int func_of[FUZZ_MAX_PAIRS];
	bool together;		/* the groups are on one function */
	bool answered;		/* another program can answer the calls of the first pair */
	unsigned int nr_groups;
	unsigned int nr_stmts;
};

struct fuzz_case *fuzz_case_new(__u64 seed, const bool *drop);
void fuzz_case_free(struct fuzz_case *c);

#endif /* FUZZ_GEN_H */
