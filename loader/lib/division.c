// SPDX-License-Identifier: GPL-2.0
/*
 * Division by a constant: the x86 JIT saves two registers around a division, and the
 * division itself takes tens of cycles on older CPUs. Dividends below 2^31 (two
 * seconds in nanoseconds) are multiplied and shifted instead:
 *
 *	if (n > 2^31 - 1) goto slow; n *= m; n >>= p
 *
 * with 2^p <= m * c <= 2^p + 2^(p - 31), by which (n * m) >> p == n / c for all n
 * below 2^31 (Granlund and Montgomery, "Division by Invariant Integers using
 * Multiplication", theorem 4.2). The product stays below 2^62.
 *
 * The remainder is n - (n / c) * c, where a register is free for the quotient. Of 32
 * bit instructions, which ignore the upper half of n, that is cleared first.
 */
#include <errno.h>
#include <stdlib.h>

#include "absint.h"
#include "division.h"
#include "live.h"

#define DIVIDEND_BITS	31

struct divisions {
	struct pairfuse_run run;
	const struct pairfuse_ir *old;
	struct pairfuse_ir body;
	int *to;		/* old node -> new node; then their slow ways, -1: none */
	__u16 *live;		/* registers after each old node */
	bool found;
	int err;
};

static void add(struct divisions *d, struct bpf_insn insn, int target,
		const struct pairfuse_node *of)
{
	int n = pairfuse_ir_add(&d->body, insn, target, of->orig);

	if (n < 0 && !d->err)
		d->err = n;
	else if (n >= 0)
		d->body.nodes[n].hi = of->hi;
}

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

static bool is_remainder(const struct bpf_insn *insn)
{
	return BPF_OP(insn->code) == BPF_MOD;
}

/* Unsigned, by a constant for which this is worth it. */
static bool is_division(const struct divisions *d, size_t i, __u64 *c)
{
	const struct bpf_insn *insn = &d->old->nodes[i].insn;
	__u8 class = pairfuse_insn_class(insn);

	if (!d->run.notes[i].reached || insn->off || (class != BPF_ALU && class != BPF_ALU64) ||
	    (BPF_OP(insn->code) != BPF_DIV && BPF_OP(insn->code) != BPF_MOD))
		return false;
	if (BPF_SRC(insn->code) == BPF_K)
		*c = (__s64)insn->imm;
	else if (!pairfuse_expr_is_const(d->run.x, d->run.notes[i].in[insn->src_reg], c))
		return false;
	if (class == BPF_ALU)
		*c = (__u32)*c;
	return *c > 1 && *c < 1ULL << 31;
}

/* A register that nobody reads after node i, besides dst; -1: none. */
static int scratch(const struct divisions *d, size_t i, unsigned int dst)
{
	int r;

	for (r = 0; r < 6; r++)
		if (r != (int)dst && !(d->live[i] & (1U << r)))
			return r;
	return -1;
}

static bool divide(struct divisions *d, size_t i)
{
	const struct pairfuse_node *node = &d->old->nodes[i];
	__u8 dst = node->insn.dst_reg, q = dst;
	bool is32 = pairfuse_insn_class(&node->insn) == BPF_ALU;
	int shift, free_reg;
	__s32 mul;
	__u64 c;

	if (!is_division(d, i, &c) || !reciprocal(c, &mul, &shift))
		return false;
	if (is_remainder(&node->insn)) {
		free_reg = scratch(d, i, dst);
		if (free_reg < 0)
			return false;
		q = free_reg;
	}
	if (is32)
		add(d, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, dst, dst, 0, 0), -1, node);
	/* the slow way is appended when all else is there, see slow_ways() */
	add(d, PAIRFUSE_JMP_IMM(BPF_JGT, dst, (1ULL << DIVIDEND_BITS) - 1), d->old->nr + i, node);
	if (q != dst)
		add(d, PAIRFUSE_MOV_REG(q, dst), -1, node);
	add(d, PAIRFUSE_INSN(BPF_ALU64 | BPF_MUL | BPF_K, q, 0, 0, mul), -1, node);
	add(d, PAIRFUSE_INSN(BPF_ALU64 | BPF_RSH | BPF_K, q, 0, 0, shift), -1, node);
	if (q != dst) {
		add(d, PAIRFUSE_INSN(BPF_ALU64 | BPF_MUL | BPF_K, q, 0, 0, c), -1, node);
		add(d, PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, dst, q, 0, 0), -1, node);
	}
	d->found = true;
	return true;
}

static void slow_ways(struct divisions *d)
{
	const struct pairfuse_node *node;
	size_t i, nr = d->old->nr;

	for (i = 0; i < nr; i++) {
		node = &d->old->nodes[i];
		if (d->to[nr + i] < 0)
			continue;
		d->to[nr + i] = d->body.nr;
		add(d, node->insn, -1, node);
		add(d, PAIRFUSE_JA(), i + 1, node);
	}
}

static int rebuild(struct divisions *d)
{
	size_t i, nr = d->old->nr;

	for (i = 0; i < nr && !d->err; i++) {
		d->to[i] = d->body.nr;
		d->to[nr + i] = -1;
		if (divide(d, i))
			d->to[nr + i] = 0;
		else
			add(d, d->old->nodes[i].insn, d->old->nodes[i].target, &d->old->nodes[i]);
	}
	slow_ways(d);
	for (i = 0; i < d->body.nr && !d->err; i++)
		if (d->body.nodes[i].target >= 0)
			d->body.nodes[i].target = d->to[d->body.nodes[i].target];
	return d->err;
}

int pairfuse_divisions(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		       struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		       struct pairfuse_why *why)
{
	struct divisions d = {
		.run = pairfuse_raw_run(in, prog, x, why),
		.old = ir,
	};
	int err = -ENOMEM;

	d.run.ir = ir;
	d.to = calloc(2 * ir->nr + 1, sizeof(*d.to));
	d.live = calloc(ir->nr + 1, sizeof(*d.live));
	if (d.to && d.live)
		err = pairfuse_run(&d.run);
	if (!err) {
		pairfuse_live_regs(ir, d.live);
		err = rebuild(&d);
	}
	pairfuse_run_free(&d.run);
	free(d.to);
	free(d.live);
	if (err || !d.found) {
		pairfuse_ir_free(&d.body);
		return err;
	}
	pairfuse_ir_free(ir);
	*ir = d.body;
	*opts |= PAIRFUSE_OPT_DIVISION;
	return 0;
}
