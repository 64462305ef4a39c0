// SPDX-License-Identifier: GPL-2.0
/*
 * Peephole optimisation of a rewritten program.
 *
 * Division by a constant: the x86 JIT saves two registers around a 64 bit
 * division, and the division itself takes tens of cycles on older CPUs. Dividends
 * below 2^31 (two seconds in nanoseconds) are multiplied and shifted instead:
 *
 *	t = n; t >>= 31; if (t) goto slow; n *= m; n >>= p
 *
 * with 2^p <= m * c <= 2^p + 2^(p - 31), by which (n * m) >> p == n / c for all n
 * below 2^31 (Granlund and Montgomery, "Division by Invariant Integers using
 * Multiplication", theorem 4.2). The product stays below 2^62.
 *
 * The context pointer: once the calls are gone that clobbered r1, it need not be
 * kept in another register. What is known to be in a register need not be loaded
 * from the stack, and then perhaps not be stored there.
 *
 * Registers: r6-r9 survive calls, so the JIT saves those that a program uses. A
 * program without calls can do with the others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "absint.h"
#include "live.h"
#include "peephole.h"

#define DIVIDEND_BITS	31

struct peephole {
	struct pairfuse_run run;
	const struct pairfuse_ir *old;
	struct pairfuse_ir body;
	int *to;		/* old node -> new node */
	__u16 *live;		/* registers after each old node */
	bool loops;
	unsigned int opts;
	int err;
};

static int add(struct peephole *p, struct bpf_insn insn, int target, const struct pairfuse_node *of)
{
	int n = pairfuse_ir_add(&p->body, insn, target, of->orig);

	if (n < 0 && !p->err)
		p->err = n;
	else if (n >= 0)
		p->body.nodes[n].hi = of->hi;
	return n;
}

/* --- division --- */

/* The smallest p and its m; false when m is no immediate. */
static bool reciprocal(__u64 c, __s32 *m, int *p)
{
	for (*p = DIVIDEND_BITS; *p < 62; (*p)++) {
		__u64 power = 1ULL << *p, mul = (power + c - 1) / c;

		if (mul * c - power > power >> DIVIDEND_BITS)
			continue;
		*m = mul;
		return mul < 1ULL << 31;
	}
	return false;
}

static bool is_division(const struct peephole *p, size_t i, __u64 *c)
{
	const struct bpf_insn *insn = &p->old->nodes[i].insn;

	if (!p->run.notes[i].reached || insn->off ||
	    (insn->code & ~BPF_SRC(0xff)) != (BPF_ALU64 | BPF_DIV))
		return false;
	if (BPF_SRC(insn->code) == BPF_K)
		*c = (__s64)insn->imm;
	else if (!pairfuse_expr_is_const(p->run.x, p->run.notes[i].in[insn->src_reg], c))
		return false;
	return *c > 1 && *c < 1ULL << 31;
}

/* A register that nobody reads after node i, besides dst; -1: none. */
static int scratch(const struct peephole *p, size_t i, unsigned int dst)
{
	int r;

	for (r = 0; r < 6; r++)
		if (r != (int)dst && !(p->live[i] & (1U << r)))
			return r;
	return -1;
}

static bool divide(struct peephole *p, size_t i)
{
	const struct pairfuse_node *node = &p->old->nodes[i];
	__u8 d = node->insn.dst_reg;
	int t, shift;
	__s32 mul;
	__u64 c;

	if (!is_division(p, i, &c) || !reciprocal(c, &mul, &shift))
		return false;
	t = scratch(p, i, d);
	if (t < 0)
		return false;
	add(p, PAIRFUSE_MOV_REG(t, d), -1, node);
	add(p, PAIRFUSE_INSN(BPF_ALU64 | BPF_RSH | BPF_K, t, 0, 0, DIVIDEND_BITS), -1, node);
	/* the slow way is appended when all else is there, see slow_ways() */
	add(p, PAIRFUSE_JMP_IMM(BPF_JNE, t, 0), p->old->nr + i, node);
	add(p, PAIRFUSE_INSN(BPF_ALU64 | BPF_MUL | BPF_K, d, 0, 0, mul), -1, node);
	add(p, PAIRFUSE_INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, shift), -1, node);
	p->opts |= PAIRFUSE_OPT_DIVISION;
	return true;
}

static void slow_ways(struct peephole *p)
{
	const struct pairfuse_node *node;
	__u64 c = 0;
	size_t i;

	for (i = 0; i < p->old->nr; i++) {
		node = &p->old->nodes[i];
		if (p->to[p->old->nr + i] < 0)
			continue;
		is_division(p, i, &c);
		p->to[p->old->nr + i] = p->body.nr;
		add(p, PAIRFUSE_INSN(BPF_ALU64 | BPF_DIV | BPF_K, node->insn.dst_reg, 0, 0, c), -1,
		    node);
		add(p, PAIRFUSE_JA(), i + 1, node);
	}
}

/* --- all of it --- */

/* A register with what the load would bring from the stack, known exactly; -1: none. */
static int same_value(const struct peephole *p, size_t i)
{
	const struct pairfuse_note *note = &p->run.notes[i];
	const struct pairfuse_expr *out = pairfuse_expr(p->run.x, note->out);
	int r;

	/* a time of an earlier round of a loop looks the same as a new one */
	if (!out->fixed && (out->kind != PAIRFUSE_E_TIME || p->loops))
		return -1;
	for (r = 0; r < 10; r++)
		if (note->in[r] == note->out)
			return r;
	return -1;
}

static struct bpf_insn cheaper_load(const struct peephole *p, size_t i)
{
	const struct pairfuse_note *note = &p->run.notes[i];
	struct bpf_insn insn = p->old->nodes[i].insn;
	const struct pairfuse_expr *base = pairfuse_expr(p->run.x, note->in[insn.src_reg]);
	int r;

	if (base->kind == PAIRFUSE_E_CTX && base->imm == 0 &&
	    note->in[1] == note->in[insn.src_reg])
		insn.src_reg = 1;
	if (base->kind != PAIRFUSE_E_STACK)
		return insn;
	r = same_value(p, i);
	return r < 0 ? insn : PAIRFUSE_MOV_REG(insn.dst_reg, r);
}

/* In place, and first: what loads take from registers is read there from then on. */
static void cheaper_loads(struct peephole *p, struct pairfuse_ir *ir)
{
	size_t i;

	for (i = 0; i < ir->nr; i++)
		p->loops |= ir->nodes[i].target >= 0 && ir->nodes[i].target <= (int)i;
	for (i = 0; i < ir->nr; i++)
		if (p->run.notes[i].reached && pairfuse_insn_is_load(&ir->nodes[i].insn))
			ir->nodes[i].insn = cheaper_load(p, i);
}

static int rebuild(struct peephole *p)
{
	size_t i, nr = p->old->nr;

	for (i = 0; i < nr && !p->err; i++) {
		p->to[i] = p->body.nr;
		p->to[nr + i] = -1;
		if (divide(p, i))
			p->to[nr + i] = 0;
		else
			add(p, p->old->nodes[i].insn, p->old->nodes[i].target, &p->old->nodes[i]);
	}
	slow_ways(p);
	for (i = 0; i < p->body.nr && !p->err; i++)
		if (p->body.nodes[i].target >= 0)
			p->body.nodes[i].target = p->to[p->body.nodes[i].target];
	return p->err;
}

int pairfuse_peephole(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		      struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		      struct pairfuse_why *why)
{
	struct peephole p = {
		.run = pairfuse_raw_run(in, prog, x, why),
		.old = ir,
	};
	int err;

	p.run.ir = ir;
	p.to = calloc(2 * ir->nr + 1, sizeof(*p.to));
	p.live = calloc(ir->nr + 1, sizeof(*p.live));
	err = p.to && p.live ? pairfuse_run(&p.run) : -ENOMEM;
	if (!err) {
		cheaper_loads(&p, ir);
		pairfuse_live_regs(ir, p.live);
		err = rebuild(&p);
	}
	pairfuse_run_free(&p.run);
	free(p.to);
	free(p.live);
	if (err) {
		pairfuse_ir_free(&p.body);
		return err;
	}
	pairfuse_ir_free(ir);
	*ir = p.body;
	*opts |= p.opts;
	return 0;
}

void pairfuse_rename_regs(struct pairfuse_ir *ir, unsigned int *opts)
{
	unsigned int used = 1U << 0 | 1U << 1, r, to;
	__u8 name[PAIRFUSE_NR_REGS];
	bool renamed = false;
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		if (pairfuse_insn_is_call(&ir->nodes[i].insn))
			return;
		used |= pairfuse_insn_defs(&ir->nodes[i].insn) |
			pairfuse_insn_uses(&ir->nodes[i].insn, -1);
	}
	for (r = 0; r < PAIRFUSE_NR_REGS; r++) {
		name[r] = r;
		if (r < 6 || r > 9 || !(used & (1U << r)))
			continue;
		for (to = 2; to < 6 && (used & (1U << to)); to++)
			;
		if (to == 6)
			continue;
		name[r] = to;
		used |= 1U << to;
		renamed = true;
	}
	for (i = 0; renamed && i < ir->nr; i++) {
		struct bpf_insn *insn = &ir->nodes[i].insn;

		insn->dst_reg = name[insn->dst_reg];
		/* of a 64 bit constant, it says what kind */
		if (!pairfuse_insn_is_imm64(insn))
			insn->src_reg = name[insn->src_reg];
	}
	if (renamed)
		*opts |= PAIRFUSE_OPT_REGISTERS;
}
