// SPDX-License-Identifier: GPL-2.0
/*
 * Removal of dead code: with the carrier map gone, nobody needs its key.
 *
 * Backwards liveness of registers and of the bytes of the stack. What computes
 * only dead values goes: arithmetic, loads, stores to dead stack bytes, and
 * calls of helpers without effects. Stack addresses given to calls come from
 * the abstract interpretation; whatever it does not know exactly counts as
 * reading everything. A program that saves stack addresses in memory keeps all
 * its stores.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "absint.h"
#include "dead.h"
#include "helper.h"
#include "live.h"

#define MAX_ROUNDS	20
#define WORDS		(PAIRFUSE_STACK_SIZE / 64)

struct bytes {			/* bit i: byte r10 - 512 + i */
	__u64 w[WORDS];
};

struct dce {
	struct pairfuse_run run;
	struct pairfuse_ir *ir;
	__u16 *regs;		/* live after each node */
	struct bytes *stack;	/* the same */
	bool *dead;
	bool escapes;		/* stack addresses are in memory */
};

static bool bytes_or(struct bytes *a, const struct bytes *b)
{
	bool changed = false;
	int i;

	for (i = 0; i < WORDS; i++) {
		changed |= b->w[i] & ~a->w[i];
		a->w[i] |= b->w[i];
	}
	return changed;
}

static void bytes_set(struct bytes *b, __s64 off, __s64 len, bool on)
{
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++) {
		if (i < 0 || i >= PAIRFUSE_STACK_SIZE)
			continue;
		if (on)
			b->w[i / 64] |= 1ULL << i % 64;
		else
			b->w[i / 64] &= ~(1ULL << i % 64);
	}
}

static bool bytes_any(const struct bytes *b, __s64 off, __s64 len)
{
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++)
		if (i < 0 || i >= PAIRFUSE_STACK_SIZE || b->w[i / 64] & 1ULL << i % 64)
			return true;
	return false;
}

/* The stack offset that register r of node i holds. */
static bool stack_off(const struct dce *d, size_t i, unsigned int r, __s64 *off)
{
	const struct pairfuse_expr *e = pairfuse_expr(d->run.x, d->run.notes[i].in[r]);

	*off = (__s64)e->imm;
	return d->run.notes[i].reached && e->kind == PAIRFUSE_E_STACK;
}

static bool maybe_stack(const struct dce *d, size_t i, unsigned int r)
{
	return !d->run.notes[i].reached ||
	       (pairfuse_expr(d->run.x, d->run.notes[i].in[r])->taint & PAIRFUSE_T_STACK);
}

static __s64 mem_len(const struct dce *d, size_t i, const struct pairfuse_mem *m)
{
	return pairfuse_mem_len(&d->run, d->run.notes[i].in, m);
}

static const struct pairfuse_helper *helper_of(const struct bpf_insn *insn)
{
	return pairfuse_insn_is_helper(insn) ? pairfuse_helper(insn->imm) : NULL;
}

/* Stack bytes that a call reads. */
static void call_reads(const struct dce *d, size_t i, struct bytes *live)
{
	const struct pairfuse_helper *h = helper_of(&d->ir->nodes[i].insn);
	unsigned int arg, nargs = h ? h->nargs : 5;
	const struct pairfuse_mem *m;
	__s64 off, len;

	for (arg = 1; arg <= nargs; arg++) {
		m = pairfuse_helper_mem(h, arg);
		if (!maybe_stack(d, i, arg))
			continue;
		if (!stack_off(d, i, arg, &off)) {
			bytes_set(live, -PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE, true);
			continue;
		}
		len = m ? mem_len(d, i, m) : -1;
		if (m && m->write && !m->both && len >= 0 && !(h->flags & PAIRFUSE_H_PARTIAL))
			continue;
		bytes_set(live, off, len < 0 ? -off : len, true);
	}
}

static void stack_before(const struct dce *d, size_t i, struct bytes *live)
{
	const struct bpf_insn *insn = &d->ir->nodes[i].insn;
	unsigned int size = pairfuse_insn_size(insn);
	bool load = pairfuse_insn_is_load(insn), store = pairfuse_insn_is_store(insn);
	unsigned int base = load ? insn->src_reg : insn->dst_reg;
	__s64 off;

	if (pairfuse_insn_is_call(insn)) {
		call_reads(d, i, live);
		return;
	}
	if (!load && !store && !pairfuse_insn_is_atomic(insn))
		return;
	if (stack_off(d, i, base, &off))
		bytes_set(live, off + insn->off, size, !store);
	else if (!store && maybe_stack(d, i, base))
		bytes_set(live, -PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE, true);
}

static void live_stack(struct dce *d)
{
	struct bytes live;
	bool changed;
	size_t i;

	memset(d->stack, 0, d->ir->nr * sizeof(*d->stack));
	do {
		changed = false;
		for (i = d->ir->nr; i-- > 0;) {
			const struct pairfuse_node *n = &d->ir->nodes[i];

			if (pairfuse_insn_is_jump(&n->insn)) {
				live = d->stack[n->target];
				stack_before(d, n->target, &live);
				changed |= bytes_or(&d->stack[i], &live);
			}
			if (!pairfuse_insn_is_exit(&n->insn) && !pairfuse_insn_is_ja(&n->insn)) {
				live = d->stack[i + 1];
				stack_before(d, i + 1, &live);
				changed |= bytes_or(&d->stack[i], &live);
			}
		}
	} while (changed);
}

/* A call without effects, and nobody wants its results. */
static bool call_dead(const struct dce *d, size_t i)
{
	const struct bpf_insn *insn = &d->ir->nodes[i].insn;
	const struct pairfuse_helper *h = helper_of(insn);
	unsigned int k;
	__s64 off, len;

	if (d->regs[i] & 1)
		return false;
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return insn->imm == d->run.in->rdonly_cast_id && insn->off == 0;
	if (!h || !(h->flags & PAIRFUSE_H_PURE))
		return false;
	for (k = 0; k < 2; k++) {
		if (h->mem[k].size == PAIRFUSE_MEM_NONE || !h->mem[k].write)
			continue;
		len = mem_len(d, i, &h->mem[k]);
		if (len < 0 || d->escapes || !stack_off(d, i, h->mem[k].arg, &off) ||
		    bytes_any(&d->stack[i], off, len))
			return false;
	}
	return true;
}

static bool is_dead(const struct dce *d, size_t i)
{
	const struct bpf_insn *insn = &d->ir->nodes[i].insn;
	__s64 off;

	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
	case BPF_LDX:
	case BPF_ALU:
	case BPF_ALU64:
		return !(d->regs[i] & pairfuse_insn_defs(insn));
	case BPF_ST:
	case BPF_STX:
		return pairfuse_insn_is_store(insn) && !d->escapes &&
		       stack_off(d, i, insn->dst_reg, &off) &&
		       !bytes_any(&d->stack[i], off + insn->off, pairfuse_insn_size(insn));
	}
	return pairfuse_insn_is_call(insn) && call_dead(d, i);
}

static bool saves_stack_address(const struct dce *d, size_t i)
{
	const struct bpf_insn *insn = &d->ir->nodes[i].insn;

	return pairfuse_insn_class(insn) == BPF_STX && maybe_stack(d, i, insn->src_reg);
}

/*
 * Pointers to objects of the kernel, and to arenas: a load by one may fault, and the module
 * wants a guard around that.
 */
static bool is_typed(const struct bpf_insn *insn)
{
	if (pairfuse_insn_is_imm64(insn))
		return insn->src_reg == BPF_PSEUDO_BTF_ID;
	return insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == 1; /* address space */
}

/* What the program that the notes are about looks at. */
static void describe(const struct dce *d, struct pairfuse_dead_result *res)
{
	size_t i;

	res->calls = res->typed = false;
	res->words = 0;
	for (i = 0; i < d->ir->nr; i++) {
		const struct bpf_insn *insn = &d->ir->nodes[i].insn;
		const struct pairfuse_expr *base;
		__s64 word;

		res->calls |= pairfuse_insn_is_call(insn);
		res->typed |= is_typed(insn);
		if (!pairfuse_insn_is_load(insn))
			continue;
		base = pairfuse_expr(d->run.x, d->run.notes[i].in[insn->src_reg]);
		if (!(base->taint & PAIRFUSE_T_CTX))
			continue;
		word = ((__s64)base->imm + insn->off) / 8;
		if (base->kind != PAIRFUSE_E_CTX || word < 0 || word > 31)
			res->words = ~0U;
		else
			res->words |= 1U << word;
	}
}

static int round_of(struct dce *d, size_t *found, struct pairfuse_dead_result *res)
{
	size_t i;
	int err;

	*found = 0;
	d->run.ir = d->ir;
	err = pairfuse_run(&d->run);
	if (err)
		return err;
	describe(d, res);
	d->escapes = false;
	for (i = 0; i < d->ir->nr; i++)
		d->escapes |= saves_stack_address(d, i);
	pairfuse_live_regs(d->ir, d->regs);
	live_stack(d);
	if (d->run.in->without & PAIRFUSE_OPT_DEAD)
		return 0;
	for (i = 0; i < d->ir->nr; i++) {
		d->dead[i] = is_dead(d, i);
		*found += d->dead[i];
	}
	err = pairfuse_ir_compact(d->ir, d->dead);
	if (!err)
		err = pairfuse_ir_drop_nops(d->ir);
	return err;
}

int pairfuse_dead_code(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		       struct pairfuse_exprs *x, struct pairfuse_ir *ir,
		       struct pairfuse_dead_result *res, struct pairfuse_why *why)
{
	struct dce d = {
		.run = pairfuse_raw_run(in, prog, x, why),
		.ir = ir,
	};
	size_t found = 1;
	int err, n;

	*res = (struct pairfuse_dead_result){ 0 };
	err = pairfuse_ir_prune(ir);
	if (err)
		return err;
	d.regs = calloc(ir->nr, sizeof(*d.regs));
	d.stack = calloc(ir->nr, sizeof(*d.stack));
	d.dead = calloc(ir->nr, sizeof(*d.dead));
	if (!d.regs || !d.stack || !d.dead)
		err = -ENOMEM;
	for (n = 0; !err && found && n < MAX_ROUNDS; n++) {
		err = round_of(&d, &found, res);
		res->removed |= found > 0;
	}
	pairfuse_run_free(&d.run);
	free(d.regs);
	free(d.stack);
	free(d.dead);
	return err;
}
