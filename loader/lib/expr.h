/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a register or some bytes of the stack hold, as an expression.
 *
 * Expressions are hash-consed: two values are the same expression exactly when
 * they have the same index, and since all programs of an object share one
 * table, the key that an entry builds can be compared with the exit's by
 * comparing indices. Expressions built of constants, the thread's ids, the
 * task and the saved arguments only are *fixed*: they have the same value in
 * the entry and the exit of one invocation. (A name that was read is that name for
 * ever; which call has read it is part of the expression.)
 *
 * What is not known is "top". It carries *taints*, which say what may have
 * gone into it, so that a pointer that the analysis has lost sight of is
 * noticed where it is used.
 */
#ifndef PAIRFUSE_EXPR_H
#define PAIRFUSE_EXPR_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u32 pairfuse_val;	/* index into the table */

enum pairfuse_expr_kind {
	PAIRFUSE_E_TOP,		/* unknown; taint; perhaps with limits, see bounds.h */
	PAIRFUSE_E_CONST,	/* imm */
	PAIRFUSE_E_CTX,		/* context + imm */
	PAIRFUSE_E_WORD,	/* argument a of the target */
	PAIRFUSE_E_RET,		/* return value of the target */
	PAIRFUSE_E_PID_TGID,	/* bpf_get_current_pid_tgid() */
	PAIRFUSE_E_TASK,	/* the current task */
	PAIRFUSE_E_STACK,	/* r10 + imm */
	PAIRFUSE_E_PARAM,	/* what a subprogram was given in register a, + imm */
	PAIRFUSE_E_MAP,		/* map a */
	PAIRFUSE_E_GLOBAL,	/* value of map a + imm, directly (.bss, .rodata ...) */
	PAIRFUSE_E_STATE,	/* pointer to the carrier's value + imm */
	PAIRFUSE_E_FOUND,	/* the same in task storage, or NULL: what lookup a has found */
	PAIRFUSE_E_ELEMENT,	/* of array a: what lookup b has found, never NULL */
	PAIRFUSE_E_LEFT,	/* state byte that this program has not written */
	PAIRFUSE_E_LOAD,	/* b such bytes from a, loaded */
	PAIRFUSE_E_TIME,	/* bpf_ktime_get_ns() called by node a */
	PAIRFUSE_E_ELAPSED,	/* time from entry to exit, see clock.h */
	PAIRFUSE_E_COMM,	/* half b of what call a of bpf_get_current_comm() found */
	PAIRFUSE_E_PART,	/* bytes imm .. of a, b of them, zero extended */
	PAIRFUSE_E_OP,		/* a op b, 64 bits */
};

/* Taints; PAIRFUSE_T_ARG(i) for the arguments. */
#define PAIRFUSE_T_STATE	(1U << 0)
#define PAIRFUSE_T_CTX		(1U << 1)
#define PAIRFUSE_T_STACK	(1U << 2)
#define PAIRFUSE_T_LEFT		(1U << 3)
#define PAIRFUSE_T_ARG(i)	(1U << (4 + (i)))
#define PAIRFUSE_T_ARGS		(0xfffU << 4)
#define PAIRFUSE_T_MAP		(1U << 16)
#define PAIRFUSE_T_RET		(1U << 17)
#define PAIRFUSE_T_VALUE	(1U << 18) /* into the carrier's value, state in task storage */
#define PAIRFUSE_T_MAYBE_CTX	(1U << 19) /* from some place of a stack that holds the context */
#define PAIRFUSE_T_GLOBAL	(1U << 21) /* into global data of the object */
#define PAIRFUSE_T_SURPLUS	(1U << 22) /* from a register without an argument: ctxread.h */
#define PAIRFUSE_T_ELSEWHERE	(1U << 20) /* with T_STACK: perhaps no pointer into the stack */

#define PAIRFUSE_T_WHO		(1U << 20) /* of the task: user, group, control group */

struct pairfuse_expr {
	__u8 kind;
	__u8 op;
	__u8 depth;
	bool fixed;
	__u32 taint;
	__u32 a, b;
	__u64 imm;
};

struct pairfuse_exprs {
	struct pairfuse_expr *tab;
	size_t nr, cap;
	__u32 *hash;		/* index + 1 into tab; size is a power of two */
	size_t hash_size;
	bool failed;		/* out of memory: results are top, check at the end */
};

int pairfuse_exprs_init(struct pairfuse_exprs *x);
void pairfuse_exprs_free(struct pairfuse_exprs *x);

static inline const struct pairfuse_expr *pairfuse_expr(const struct pairfuse_exprs *x,
							 pairfuse_val v)
{
	return &x->tab[v];
}

#define PAIRFUSE_TOP 0		/* unknown, no taint: the first entry */

/* of something on the stack it may have been made, but point anywhere */
pairfuse_val pairfuse_expr_top(struct pairfuse_exprs *x, __u32 taint);
pairfuse_val pairfuse_expr_const(struct pairfuse_exprs *x, __u64 imm);
/* kinds without operands, with a, b or imm as above */
pairfuse_val pairfuse_expr_leaf(struct pairfuse_exprs *x, enum pairfuse_expr_kind kind,
				__u32 a, __u32 b, __u64 imm);
/* unknown within limits: for bounds.c, which knows what op, lo, hi and imm mean */
pairfuse_val pairfuse_expr_limited(struct pairfuse_exprs *x, __u8 op, __u32 taint, __u32 lo,
				   __u32 hi, __u64 imm);
/* len bytes of v from byte from on, zero extended */
pairfuse_val pairfuse_expr_part(struct pairfuse_exprs *x, pairfuse_val v,
				unsigned int from, unsigned int len);
/* a op b for the BPF_OP of an ALU instruction, 64 or 32 bits */
pairfuse_val pairfuse_expr_alu(struct pairfuse_exprs *x, __u8 op, pairfuse_val a,
			       pairfuse_val b, bool is32);
/* the value of a condition: BPF_JEQ, JGT, JGE, JSGT, JSGE, JSET of fixed operands */
pairfuse_val pairfuse_expr_cond(struct pairfuse_exprs *x, __u8 op, pairfuse_val a,
				pairfuse_val b);
/* the value where two paths meet */
pairfuse_val pairfuse_expr_join(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b);

/*
 * Surely a pointer into the stack, at an offset that is known or not? One is made of
 * r10 by adding numbers, and of two such by a join. (The verifier adds no pointer to
 * a pointer. It does subtract one from another: that is a number, which may then be
 * added to any pointer, so nothing else that a stack address has gone into counts.)
 */
bool pairfuse_expr_on_stack(const struct pairfuse_exprs *x, pairfuse_val v);

bool pairfuse_expr_is_const(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *imm);

/* The computation behind alu and cond, for constants. */
__u64 pairfuse_alu_eval(__u8 op, __u64 a, __u64 b, bool is32);
bool pairfuse_cond_eval(__u8 op, __u64 a, __u64 b, bool is32);

#endif /* PAIRFUSE_EXPR_H */
