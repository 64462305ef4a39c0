/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internals of the rewriting: what its files share.
 */
#ifndef PAIRFUSE_REWRITER_H
#define PAIRFUSE_REWRITER_H

#include <linux/pairfuse.h>

#include "rewrite.h"

/* Where control can go that is not a node of the original: after all nodes. */
enum { LABEL_RET0, LABEL_RET1, NR_LABELS };

struct pairfuse_rewriter {
	struct pairfuse_plan *plan;
	struct pairfuse_run *run;	/* of this side */
	const struct pairfuse_ir *old;
	const struct pairfuse_prog *prog;
	bool is_exit;
	struct pairfuse_ir body;
	int *to;			/* old node -> node of body; labels at the end */
	bool label_used[NR_LABELS];
	__u64 copy;			/* state bytes that somebody looks at */
	unsigned int opts;
	int err;			/* of the first add that failed */
	int orig;			/* instruction being rewritten */

	/* stack below the original program's, or on top of it; offsets from r10; 0: not used */
	int depth;
	bool loose;			/* on top */
	int ctx_at;			/* the context pointer */
	int ctx_reg;			/* or a register that the program leaves free; -1 */
	bool ctx_reg_used;
	int flag_at;			/* 1 while there is state */
	int cast_at[PAIRFUSE_NR_VALUES];	/* values after bpf_rdonly_cast */
	int scratch_at;			/* copies of state bytes for helpers */
	int scratch_len;
	bool flag_wanted;

	/* state in task storage, see rewrite_task.c */
	int value_at;			/* the storage's address, once it was asked for */
	bool value_clear;		/* and NULL before that */
	int from_at;			/* address of a value to be stored */
	__u8 *asked;			/* by node: was it asked for before? */
	__u16 *live;			/* registers after each node */
};

/* A label of node i, as a target of pairfuse_rw_jump(), and its place: here. */
static inline int pairfuse_rw_label(const struct pairfuse_rewriter *rw, int i)
{
	return rw->old->nr + NR_LABELS + i;
}

static inline void pairfuse_rw_set_label(struct pairfuse_rewriter *rw, int i)
{
	rw->to[pairfuse_rw_label(rw, i)] = rw->body.nr;
}

/* rewrite.c */
void pairfuse_rw_add(struct pairfuse_rewriter *rw, struct bpf_insn insn);
void pairfuse_rw_jump(struct pairfuse_rewriter *rw, struct bpf_insn insn, int old_target);
void pairfuse_rw_imm(struct pairfuse_rewriter *rw, __u8 dst, __u64 value);
int pairfuse_rw_stack(struct pairfuse_rewriter *rw, int *at, int bytes);
/* a register that holds the context at node i, or -1 */
int pairfuse_rw_ctx_reg(const struct pairfuse_rewriter *rw, int i, unsigned int regs);
/* dst := word of the context, from register ctx or (-1) from the stack */
void pairfuse_rw_word(struct pairfuse_rewriter *rw, __u8 dst, int ctx, int word);
/* a load of the original from its context, base bytes behind whose start its register is */
void pairfuse_rw_load_ctx(struct pairfuse_rewriter *rw, const struct bpf_insn *insn, __s64 base);
int pairfuse_rw_flag(struct pairfuse_rewriter *rw);
void pairfuse_rw_set_flag(struct pairfuse_rewriter *rw, int value);

/* refused when reg, which points to state, does so on some paths only, or to other bytes */
int pairfuse_rw_one_place(struct pairfuse_rewriter *rw, int i, unsigned int reg);

/* rewrite_call.c */
int pairfuse_rw_call(struct pairfuse_rewriter *rw, int i);

/* rewrite_task.c */
int pairfuse_rw_task_init(struct pairfuse_rewriter *rw);
void pairfuse_rw_task_free(struct pairfuse_rewriter *rw);
int pairfuse_rw_task_call(struct pairfuse_rewriter *rw, int i);

static inline const struct pairfuse_expr *pairfuse_rw_in(const struct pairfuse_rewriter *rw,
							 int i, unsigned int reg)
{
	return pairfuse_expr(rw->plan->x, rw->run->notes[i].in[reg]);
}

#endif /* PAIRFUSE_REWRITER_H */
