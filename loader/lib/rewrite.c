// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting a program for the stub.
 *
 * The new program is the old one, node by node, with a prologue. What changes:
 *
 *   context     argument i is word i + 1, the return value PAIRFUSE_CTX_RET
 *   carrier     accesses become moves to, from and within the slot, whose
 *               address is word 0 (see rewrite_call.c)
 *   entry's R0  1 when the slot holds state
 *   pointers    (arguments, the return value) that are dereferenced: the verifier
 *               knows them as numbers in this type of program, so the prologue makes typed
 *               pointers of them (bpf_rdonly_cast) and keeps them on the stack
 *   decided     conditional jumps and loads of constants disappear
 *
 * Pointers into the state stay what they are in all registers, as the slot's
 * address takes the place of the map value's. Only on the stack they cannot be
 * kept (the verifier does not spill that type): saving one is left out, and
 * reading it back becomes a new computation from the context.
 *
 * The stack, below what the program itself uses: context pointer, a word that
 * is 1 while there is state (where that is not known at compile time), casted
 * arguments, scratch for helpers that want the state in memory they accept. Where
 * nobody knows how deep the program goes, there is place for them above it (inline.c);
 * in any case they are where no access of the program can reach.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "copies.h"
#include "ctxread.h"
#include "dead.h"
#include "division.h"
#include "hook.h"
#include "paths.h"
#include "rewriter.h"

/* --- emitting --- */

static void add_to(struct pairfuse_rewriter *rw, struct bpf_insn insn, int target)
{
	int n = pairfuse_ir_add(&rw->body, insn, target, rw->orig);

	if (n < 0 && !rw->err)
		rw->err = n;
}

void pairfuse_rw_add(struct pairfuse_rewriter *rw, struct bpf_insn insn)
{
	add_to(rw, insn, -1);
}

/* Targets are old nodes (or labels) until all nodes have been rewritten. */
void pairfuse_rw_jump(struct pairfuse_rewriter *rw, struct bpf_insn insn, int old_target)
{
	add_to(rw, insn, old_target);
}

void pairfuse_rw_imm(struct pairfuse_rewriter *rw, __u8 dst, __u64 value)
{
	int n;

	if ((__s64)value == (__s32)value) {
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(dst, (__s32)value));
		return;
	}
	n = pairfuse_ir_add_imm64(&rw->body, dst, value, rw->orig);
	if (n < 0 && !rw->err)
		rw->err = n;
}

static int no_stack(struct pairfuse_rewriter *rw)
{
	return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_STACK, rw->orig,
			       "'%s' rewritten needs more than %d bytes of stack",
			       rw->prog->name, PAIRFUSE_STACK_SIZE);
}

/* Reserve stack below everything else, once: *at is 0 before. */
int pairfuse_rw_stack(struct pairfuse_rewriter *rw, int *at, int bytes)
{
	if (*at)
		return 0;
	rw->depth += (bytes + 7) & ~7;
	*at = -rw->depth;
	/* how much more a loose program wants is told at the end */
	if (rw->depth <= PAIRFUSE_STACK_SIZE)
		return 0;
	return no_stack(rw);
}

int pairfuse_rw_ctx_reg(const struct pairfuse_rewriter *rw, int i, unsigned int regs)
{
	unsigned int r;

	for (r = 0; r < 10; r++) {
		const struct pairfuse_expr *e = pairfuse_rw_in(rw, i, r);

		if ((regs & (1U << r)) && e->kind == PAIRFUSE_E_CTX && e->imm == 0)
			return r;
	}
	return -1;
}

/* The context pointer where no register of the program has it: into dst, or where it is. */
static int get_ctx(struct pairfuse_rewriter *rw, __u8 dst)
{
	int err;

	if (rw->ctx_reg >= 0) {
		rw->ctx_reg_used = true;
		return rw->ctx_reg;
	}
	err = pairfuse_rw_stack(rw, &rw->ctx_at, 8);
	if (err && !rw->err)
		rw->err = err;
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, dst, 10, rw->ctx_at));
	return dst;
}

void pairfuse_rw_word(struct pairfuse_rewriter *rw, __u8 dst, int ctx, int word)
{
	if (ctx < 0)
		ctx = get_ctx(rw, dst);
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, dst, ctx, 8 * word));
}

int pairfuse_rw_flag(struct pairfuse_rewriter *rw)
{
	return pairfuse_rw_stack(rw, &rw->flag_at, 8);
}

void pairfuse_rw_set_flag(struct pairfuse_rewriter *rw, int value)
{
	if (rw->flag_wanted)
		pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 10, rw->flag_at, value));
}

int pairfuse_rw_one_place(struct pairfuse_rewriter *rw, int i, unsigned int reg)
{
	if (pairfuse_rw_in(rw, i, reg)->kind == PAIRFUSE_E_STATE)
		return 0;
	return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_STATE_OFFSET, rw->orig,
			       "insn %d accesses the state in '%s', or another place, by path",
			       rw->orig, rw->plan->in->maps[rw->plan->carrier].name);
}

/* --- context and memory --- */

/* The word of the stub's context that has a field of the original one. */
static int ctx_word(const struct pairfuse_rewriter *rw, const struct pairfuse_field *field)
{
	if (field->kind == PAIRFUSE_FIELD_RET)
		return PAIRFUSE_CTX_RET;
	/* for display only: without a proto the last word that is read is the return value */
	if (!rw->prog->proto && rw->prog->at == PAIRFUSE_AT_FEXIT &&
	    !(rw->run->words >> (field->n + 1)))
		return PAIRFUSE_CTX_RET;
	return PAIRFUSE_CTX_ARG0 + (int)field->n;
}

void pairfuse_rw_load_ctx(struct pairfuse_rewriter *rw, const struct bpf_insn *insn, __s64 base)
{
	unsigned int size = pairfuse_insn_size(insn);
	struct pairfuse_field field;
	struct bpf_insn ldx = *insn;
	unsigned int value;
	__u64 ip;

	if (pairfuse_ctx_ip(rw->prog, base + insn->off, size, &ip)) {
		pairfuse_rw_imm(rw, insn->dst_reg, ip);
		rw->opts |= PAIRFUSE_OPT_ADDRESS;
		return;
	}
	/* a register without an argument: nobody looks at it */
	if (pairfuse_ctx_surplus(rw->prog, base + insn->off, size)) {
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(insn->dst_reg, 0));
		return;
	}
	/* the analysis has refused what is no field */
	pairfuse_hook_field(rw->prog, base + insn->off, size, &field);
	if (field.kind == PAIRFUSE_FIELD_REGS) {
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, insn->dst_reg, 10, rw->cast_at[0]));
		ldx.src_reg = insn->dst_reg;
		ldx.off = field.n + field.byte;
		pairfuse_rw_add(rw, ldx);
		return;
	}
	value = field.kind == PAIRFUSE_FIELD_RET ? PAIRFUSE_VALUE_RET : field.n;
	if (value < PAIRFUSE_NR_VALUES && rw->cast_at[value] && size == 8) {
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, insn->dst_reg, 10, rw->cast_at[value]));
		return;
	}
	/* the verifier wants the context pointer unchanged */
	if (base != 0)
		ldx.src_reg = get_ctx(rw, insn->dst_reg);
	ldx.off = 8 * ctx_word(rw, &field) + field.byte;
	pairfuse_rw_add(rw, ldx);
}

static int rewrite_load(struct pairfuse_rewriter *rw, int i)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;
	const struct pairfuse_expr *base = pairfuse_rw_in(rw, i, insn->src_reg);
	const struct pairfuse_expr *out = pairfuse_expr(rw->plan->x, rw->run->notes[i].out);

	if (base->kind == PAIRFUSE_E_CTX) {
		pairfuse_rw_load_ctx(rw, insn, (__s64)base->imm);
	} else if (base->kind == PAIRFUSE_E_GLOBAL && out->kind == PAIRFUSE_E_CONST) {
		pairfuse_rw_imm(rw, insn->dst_reg, out->imm);
		rw->opts |= PAIRFUSE_OPT_RODATA;
	} else if (base->kind == PAIRFUSE_E_STACK && out->kind == PAIRFUSE_E_STATE) {
		/* was not kept, see rewrite_store */
		pairfuse_rw_word(rw, insn->dst_reg,
				 pairfuse_rw_ctx_reg(rw, i, 0x3ff & ~(1U << insn->dst_reg)),
				 PAIRFUSE_CTX_SLOT);
		if (out->imm)
			pairfuse_rw_add(rw, PAIRFUSE_ADD_IMM(insn->dst_reg, (__s32)out->imm));
	} else if (base->taint & PAIRFUSE_T_CTX) {
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, rw->orig,
				       "insn %d accesses the context, or another place, by path",
				       rw->orig);
	} else if (out->taint & PAIRFUSE_T_STATE) {
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_STATE_ESCAPES, rw->orig,
				       "insn %d reads back a pointer into '%s' that may be NULL",
				       rw->orig, rw->plan->in->maps[rw->plan->carrier].name);
	} else {
		pairfuse_rw_add(rw, *insn);
	}
	return 0;
}

static int rewrite_store(struct pairfuse_rewriter *rw, int i)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;
	const struct pairfuse_note *note = &rw->run->notes[i];
	bool atomic = pairfuse_insn_is_atomic(insn);
	int err;

	if (!atomic && pairfuse_insn_class(insn) == BPF_STX &&
	    pairfuse_rw_in(rw, i, insn->src_reg)->kind == PAIRFUSE_E_STATE)
		return 0;
	/* what is known of the bytes is not about a store to elsewhere */
	err = note->state_write ? pairfuse_rw_one_place(rw, i, insn->dst_reg) : 0;
	if (err)
		return err;
	/* the exit may go on using bytes that it need not be given */
	if (rw->is_exit || !note->state_write || (note->state_bytes & ~rw->plan->dropped))
		pairfuse_rw_add(rw, *insn);
	if (!rw->is_exit && note->state_write && (note->state_bytes & rw->run->flag_bytes))
		pairfuse_rw_set_flag(rw, 1);
	return 0;
}

/* --- jumps and exits --- */

/* What the paths ending at exit node i are: 1 without state, 2 with it, 3 both. */
static unsigned int armed_at(const struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_run *run = rw->run;
	unsigned int mask = 0;
	size_t r;

	for (r = 0; r < run->nr_returns; r++)
		if (run->returns[r].node == i)
			mask |= pairfuse_plan_armed(rw->plan, &run->returns[r]) ? 2 : 1;
	return mask;
}

/*
 * Old node t begins nothing but "return something": the node of its exit, else
 * -1. Where both kinds of paths meet in an entry program's return, a jump from
 * a place that knows whether there is state goes to a return of that kind.
 */
static int is_return(const struct pairfuse_rewriter *rw, int t)
{
	const struct pairfuse_node *n = &rw->old->nodes[t];

	while (pairfuse_insn_class(&n->insn) == BPF_ALU64 ||
	       pairfuse_insn_class(&n->insn) == BPF_ALU)
		n++;
	return pairfuse_insn_is_exit(&n->insn) ? n - rw->old->nodes : -1;
}

static int redirect(struct pairfuse_rewriter *rw, int i, int target)
{
	__u8 here = rw->run->notes[i].before;
	int ret = rw->is_exit ? -1 : is_return(rw, target);

	if (ret < 0 || armed_at(rw, ret) != 3 || rw->plan->proof == PAIRFUSE_PROOF_STORED)
		return target;
	if (here != PAIRFUSE_ABSENT && here != PAIRFUSE_PRESENT)
		return target;
	ret = here == PAIRFUSE_PRESENT ? LABEL_RET1 : LABEL_RET0;
	rw->label_used[ret] = true;
	return rw->old->nr + ret;
}

static void rewrite_jump(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_node *n = &rw->old->nodes[i];
	__u8 edges = rw->run->notes[i].edges;

	if (pairfuse_insn_is_ja(&n->insn) || edges == 2)
		pairfuse_rw_jump(rw, PAIRFUSE_JA(), redirect(rw, i, n->target));
	else if (edges == 3)
		pairfuse_rw_jump(rw, n->insn, redirect(rw, i, n->target));
	/* not taken: falls through */
}

/*
 * Which kind of paths still arrive at the exit of a return block after
 * redirection: those that fall into it, and jumps that do not know.
 */
static unsigned int arrivals(const struct pairfuse_rewriter *rw, int exit_node)
{
	int start = exit_node, i;
	unsigned int mask = 0;

	while (start > 0 && is_return(rw, start - 1) == exit_node)
		start--;
	for (i = 0; i < (int)rw->old->nr; i++) {
		const struct pairfuse_note *note = &rw->run->notes[i];
		const struct pairfuse_node *n = &rw->old->nodes[i];
		bool cond = pairfuse_insn_is_cond(&n->insn);

		if (!note->reached)
			continue;
		if (i == start - 1 && !pairfuse_insn_is_ja(&n->insn) &&
		    !pairfuse_insn_is_exit(&n->insn) && (!cond || (note->edges & 1)))
			mask |= cond ? note->before : note->after;
		if (pairfuse_insn_is_jump(&n->insn) && n->target >= start &&
		    n->target <= exit_node && (!cond || (note->edges & 2)) &&
		    note->before == (PAIRFUSE_ABSENT | PAIRFUSE_PRESENT))
			mask |= note->before;
	}
	/* the program begins with it */
	return start == 0 ? 3 : mask;
}

static void rewrite_exit(struct pairfuse_rewriter *rw, int i)
{
	unsigned int mask;

	if (rw->is_exit) {
		pairfuse_rw_add(rw, PAIRFUSE_EXIT());
		return;
	}
	mask = armed_at(rw, i);
	if (mask == 3)
		mask &= arrivals(rw, i);
	if (mask == 3)
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 0, 10, rw->flag_at));
	else
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, mask == 2));
	pairfuse_rw_add(rw, PAIRFUSE_EXIT());
}

/* --- the whole program --- */

static int rewrite_node(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_node *n = &rw->old->nodes[i];

	rw->orig = n->orig;
	if (pairfuse_insn_is_load(&n->insn)) {
		return rewrite_load(rw, i);
	} else if (pairfuse_insn_is_store(&n->insn) || pairfuse_insn_is_atomic(&n->insn)) {
		return rewrite_store(rw, i);
	} else if (pairfuse_insn_is_jump(&n->insn)) {
		rewrite_jump(rw, i);
	} else if (pairfuse_insn_is_exit(&n->insn)) {
		rewrite_exit(rw, i);
	} else if (pairfuse_insn_is_call(&n->insn)) {
		return pairfuse_rw_call(rw, i);
	} else if (pairfuse_clock_is_elapsed(&n->insn)) {
		pairfuse_rw_word(rw, n->insn.dst_reg, pairfuse_rw_ctx_reg(rw, i, 0x3ff),
				 PAIRFUSE_CTX_ELAPSED);
		rw->opts |= PAIRFUSE_OPT_CLOCK;
	} else {
		pairfuse_rw_add(rw, n->insn);
		if (rw->body.nr)
			rw->body.nodes[rw->body.nr - 1].hi = n->hi;
	}
	return 0;
}

static int rewrite_body(struct pairfuse_rewriter *rw)
{
	size_t i, l, old_nr = rw->old->nr;
	int err;

	for (i = 0; i < old_nr; i++) {
		rw->to[i] = rw->body.nr;
		if (!rw->run->notes[i].reached)
			continue;
		err = rewrite_node(rw, i);
		if (err || rw->err)
			return err ? err : rw->err;
	}
	for (l = 0; l < NR_LABELS; l++) {
		rw->to[old_nr + l] = rw->body.nr;
		if (!rw->label_used[l])
			continue;
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, l == LABEL_RET1));
		pairfuse_rw_add(rw, PAIRFUSE_EXIT());
	}
	return rw->err;
}

/* Is the flag needed? Where what it says is not known: entry's exits, exit's lookups. */
static bool want_flag(const struct pairfuse_rewriter *rw)
{
	size_t i;

	for (i = 0; i < rw->old->nr; i++) {
		const struct pairfuse_note *note = &rw->run->notes[i];

		if (!note->reached)
			continue;
		if (!rw->is_exit && pairfuse_insn_is_exit(&rw->old->nodes[i].insn) &&
		    armed_at(rw, i) == 3 && arrivals(rw, i) == 3)
			return true;
		if (!rw->plan->task &&
		    (note->op == PAIRFUSE_OP_LOOKUP || note->op == PAIRFUSE_OP_DELETE) &&
		    pairfuse_expr(rw->plan->x, note->out)->kind == PAIRFUSE_E_TOP &&
		    (!rw->is_exit || note->turned))
			return true;
	}
	return false;
}

/* Make a typed pointer of a value in the prologue. */
static int want_cast(struct pairfuse_rewriter *rw, unsigned int w)
{
	const struct pairfuse_proto *proto = rw->prog->proto;
	char what[32] = "the return value";
	int err;

	if (w != PAIRFUSE_VALUE_RET)
		snprintf(what, sizeof(what), "argument %u", w);
	if (proto->in_module[w])
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, -1,
				       "'%s' dereferences %s, whose type is a module's",
				       rw->prog->name, what);
	if (rw->plan->in->rdonly_cast_id <= 0)
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, -1,
				       "'%s' dereferences %s; this kernel has no bpf_rdonly_cast",
				       rw->prog->name, what);
	err = pairfuse_rw_stack(rw, &rw->cast_at[w], 8);
	if (!err && rw->ctx_reg < 0)
		err = pairfuse_rw_stack(rw, &rw->ctx_at, 8);
	rw->opts |= PAIRFUSE_OPT_CAST;
	return err;
}

/*
 * Values that have to be casted: loaded and dereferenced, and pointers to a known
 * type. What is not is a number to the verifier, an index at most; those of kprobes are
 * numbers there too.
 */
static int want_casts(struct pairfuse_rewriter *rw)
{
	const struct pairfuse_proto *proto = rw->prog->proto;
	__u32 words = rw->run->deref & rw->run->words;
	unsigned int w;
	int err = 0;

	if (rw->run->regs && proto) {
		if (proto->nr_regs != 1 || !proto->btf_id[0])
			return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, -1,
					       "%s does not take a struct pt_regs", rw->prog->target);
		return want_cast(rw, 0);
	}
	/* for display only */
	if (rw->run->regs)
		return pairfuse_rw_stack(rw, &rw->cast_at[0], 8);
	if (!proto || !pairfuse_hook_is_typed(rw->prog->at))
		return 0;
	for (w = 0; !err && w < PAIRFUSE_NR_VALUES; w++)
		if ((words & (1U << w)) && proto->btf_id[w])
			err = want_cast(rw, w);
	return err;
}

/* Bytes of the slot that the entry must not leave as it finds them. */
static void clear_slot(struct pairfuse_rewriter *rw)
{
	__u64 clear = rw->is_exit ? 0 : rw->plan->clear;
	unsigned int off, len;

	if (!clear)
		return;
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 2, 1, 8 * PAIRFUSE_CTX_SLOT));
	for (off = 0; off < PAIRFUSE_SLOT_SIZE; off += len) {
		len = 8;
		while (len > 1 && (off % len || (clear & pairfuse_bytes(off, len)) !=
						 pairfuse_bytes(off, len)))
			len /= 2;
		if (clear & pairfuse_bytes(off, len))
			pairfuse_rw_add(rw, PAIRFUSE_ST(pairfuse_size_code(len), 2, off, 0));
	}
}

static void reload_ctx(struct pairfuse_rewriter *rw)
{
	if (rw->ctx_reg >= 0)
		pairfuse_rw_add(rw, PAIRFUSE_MOV_REG(1, rw->ctx_reg));
	else
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 1, 10, rw->ctx_at));
}

/* Runs with r1 = context; leaves it there. Uses r0, r2-r5, which are free. */
static void prologue(struct pairfuse_rewriter *rw)
{
	bool casts = false;
	unsigned int w, word;

	rw->orig = -1;
	if (rw->ctx_reg_used || (rw->ctx_reg >= 0 && (rw->opts & PAIRFUSE_OPT_CAST)))
		pairfuse_rw_add(rw, PAIRFUSE_MOV_REG(rw->ctx_reg, 1));
	if (rw->ctx_at)
		pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 1, rw->ctx_at));
	if (rw->flag_wanted && rw->is_exit && rw->plan->exit_always) {
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 2, 1, 8 * PAIRFUSE_CTX_ARMED));
		pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 2, rw->flag_at));
	} else if (rw->flag_wanted) {
		pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 10, rw->flag_at, rw->is_exit));
	}
	clear_slot(rw);
	if (rw->value_clear)
		pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 10, rw->value_at, 0));
	for (w = 0; w < PAIRFUSE_NR_VALUES; w++) {
		if (!rw->cast_at[w] || !rw->prog->proto)
			continue;
		word = w == PAIRFUSE_VALUE_RET ? PAIRFUSE_CTX_RET : PAIRFUSE_CTX_ARG0 + w;
		if (casts)
			reload_ctx(rw);
		casts = true;
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 1, 1, 8 * word));
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(2, rw->prog->proto->btf_id[w]));
		pairfuse_rw_add(rw, PAIRFUSE_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0,
						  rw->plan->in->rdonly_cast_id));
		pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 0, rw->cast_at[w]));
	}
	if (casts)
		reload_ctx(rw);
}

/* Old targets to new ones, and the prologue in front of the body. */
static int join_up(struct pairfuse_rewriter *rw)
{
	struct pairfuse_ir body = rw->body;
	size_t i, pro;
	int n;

	for (i = 0; i < body.nr; i++)
		if (body.nodes[i].target >= 0)
			body.nodes[i].target = rw->to[body.nodes[i].target];
	memset(&rw->body, 0, sizeof(rw->body));
	prologue(rw);
	pro = rw->body.nr;
	for (i = 0; i < body.nr && !rw->err; i++) {
		n = pairfuse_ir_add(&rw->body, body.nodes[i].insn,
				    body.nodes[i].target < 0 ? -1 :
				    body.nodes[i].target + (int)pro, body.nodes[i].orig);
		if (n < 0)
			rw->err = n;
		else
			rw->body.nodes[n].hi = body.nodes[i].hi;
	}
	pairfuse_ir_free(&body);
	return rw->err;
}

static __u64 used_bytes(const struct pairfuse_plan *plan)
{
	return plan->entry_run.touched | plan->exit_run.touched | plan->clear;
}

__u32 pairfuse_plan_state_size(const struct pairfuse_plan *plan)
{
	__u64 used = used_bytes(plan) | plan->dropped;

	if (plan->task)
		return plan->in->maps[plan->carrier].value_size;
	return used ? 64 - __builtin_clzll(used) : 0;
}

/*
 * Is there nothing to do for this program (an entry that stores nothing, and always
 * arms)? Can it run on a stub without an entry, slot and arguments (an exit)?
 */
static bool is_superfluous(const struct pairfuse_code *code)
{
	const struct bpf_insn *r0 = &code->insns[0];

	return code->nr_insns == 2 && pairfuse_insn_is_exit(&code->insns[1]) &&
	       r0->code == (BPF_ALU64 | BPF_MOV | BPF_K) && r0->dst_reg == 0 && r0->imm == 1;
}

static bool is_leaf(const struct pairfuse_dead_result *dead)
{
	return !dead->calls && !dead->typed &&
	       !(dead->words & ~(1U << PAIRFUSE_CTX_RET | 1U << PAIRFUSE_CTX_ELAPSED));
}

/*
 * In this order: divisions get a slow way, of which paths know more; with fewer
 * values around, more of them stay in registers; and then there are fewer of those.
 */
static int optimise(struct pairfuse_rewriter *rw, struct pairfuse_dead_result *dead)
{
	const struct pairfuse_input *in = rw->plan->in;
	struct pairfuse_exprs *x = rw->plan->x;
	struct pairfuse_why *why = &rw->plan->why;
	bool removed;
	int err;

	err = pairfuse_dead_code(in, rw->prog, x, &rw->body, dead, why);
	removed = dead->removed;
	if (!err && !(in->without & PAIRFUSE_OPT_DIVISION))
		err = pairfuse_divisions(in, rw->prog, x, &rw->body, &rw->opts, why);
	if (!err && !(in->without & PAIRFUSE_OPT_PATHS))
		err = pairfuse_paths(in, &rw->body, &rw->opts);
	if (!err)
		err = pairfuse_dead_code(in, rw->prog, x, &rw->body, dead, why);
	removed |= dead->removed;
	if (!err && !(in->without & PAIRFUSE_OPT_COPIES))
		err = pairfuse_copies(in, rw->prog, x, &rw->body, &rw->opts, why);
	if (!err)
		err = pairfuse_dead_code(in, rw->prog, x, &rw->body, dead, why);
	removed |= dead->removed;
	if (!err && !(in->without & PAIRFUSE_OPT_REGISTERS))
		err = pairfuse_registers(&rw->body, &rw->opts);
	if (removed)
		rw->opts |= PAIRFUSE_OPT_DEAD;
	return err;
}

/*
 * Above a loose program there is what was reserved, which moves it down; where limits are
 * known, not too far. (Where none are, the verifier tells.)
 */
static int check_stack(struct pairfuse_rewriter *rw)
{
	const struct pairfuse_flat *flat = rw->is_exit ? rw->plan->exit : rw->plan->entry;

	if (flat->loose && flat->reserved && rw->run->lowest < -PAIRFUSE_STACK_SIZE)
		return no_stack(rw);
	if (!rw->loose || rw->depth <= (flat->loose ? flat->reserved : 0))
		return 0;
	if (flat->loose)
		rw->plan->wants[rw->is_exit] = rw->depth;
	return no_stack(rw);
}

static int rewrite(struct pairfuse_rewriter *rw, struct pairfuse_code *code)
{
	struct pairfuse_dead_result dead = { 0 };
	int err;

	rw->flag_wanted = want_flag(rw);
	err = rw->flag_wanted ? pairfuse_rw_flag(rw) : 0;
	if (!err)
		err = want_casts(rw);
	if (!err)
		err = rewrite_body(rw);
	if (!err)
		err = join_up(rw);
	if (!err)
		err = check_stack(rw);
	if (!err)
		err = optimise(rw, &dead);
	if (!err)
		err = pairfuse_ir_encode(&rw->body, &code->insns, &code->nr_insns, &rw->plan->why);
	if (!err && rw->is_exit)
		rw->plan->leaf = is_leaf(&dead);
	else if (!err)
		rw->plan->no_entry = is_superfluous(code);
	return err;
}

/* One of r6-r9 that the program does not touch. */
static int free_reg(const struct pairfuse_ir *ir)
{
	unsigned int used = 0, r;
	size_t i;

	for (i = 0; i < ir->nr; i++)
		used |= pairfuse_insn_defs(&ir->nodes[i].insn) |
			pairfuse_insn_uses(&ir->nodes[i].insn, -1);
	for (r = 9; r >= 6; r--)
		if (!(used & (1U << r)))
			return r;
	return -1;
}

/* Below all that the program reaches, or above. */
static void place_stack(struct pairfuse_rewriter *rw, const struct pairfuse_flat *flat)
{
	rw->loose = flat->loose || rw->run->loose;
	rw->depth = rw->loose ? 0 : (-rw->run->stack + 7) & ~7;
}

int pairfuse_rewrite(struct pairfuse_plan *plan, bool is_exit, struct pairfuse_code *code,
		     unsigned int *opts)
{
	const struct pairfuse_flat *flat = is_exit ? plan->exit : plan->entry;
	struct pairfuse_rewriter rw = {
		.plan = plan, .run = is_exit ? &plan->exit_run : &plan->entry_run,
		.old = &flat->ir, .prog = flat->prog, .is_exit = is_exit,
		.copy = used_bytes(plan) & ~(is_exit ? 0 : plan->dropped),
		.opts = plan->kept ? 0 : plan->task ? PAIRFUSE_OPT_TASK : PAIRFUSE_OPT_SLOT,
	};
	int err;

	plan->why.prog = is_exit;
	place_stack(&rw, flat);
	rw.ctx_reg = free_reg(&flat->ir);
	/* a label inside of each node's replacement too, see pairfuse_rw_label() */
	rw.to = calloc(2 * flat->ir.nr + NR_LABELS, sizeof(*rw.to));
	if (!rw.to)
		return -ENOMEM;
	if (flat->inlined)
		rw.opts |= PAIRFUSE_OPT_INLINE;
	if (is_exit && !plan->exit_always && !plan->kept)
		rw.opts |= PAIRFUSE_OPT_SKIP_EXIT;
	err = plan->task ? pairfuse_rw_task_init(&rw) : 0;
	if (!err)
		err = rewrite(&rw, code);
	pairfuse_rw_task_free(&rw);
	free(rw.to);
	pairfuse_ir_free(&rw.body);
	*opts |= rw.opts;
	return err;
}
