// SPDX-License-Identifier: GPL-2.0
/*
 * Specialising a program to its paths.
 *
 * Compilers make code small: paths that differ in a few numbers meet, and the
 * numbers are carried along in registers. The log2() of nearly every tool adds up
 * four bits that way, in four registers, when each of its ways knows the sum. Here
 * a node is repeated for each set of facts with which it is reached (a *variant*),
 * and each variant is made simpler by what is known there:
 *
 *   - what can only be one number becomes that number, conditions with one outcome
 *     go, constant operands become immediates (the JIT needs no register);
 *   - a byte of global data at a constant place is addressed at once;
 *   - zero extensions of what is small enough go.
 *
 * Only facts about registers that are still read keep variants apart. More than
 * MAX_VARIANTS of a node are joined: first those that agree on all numbers, then
 * all; and none are kept apart when the program has grown too much. Equal code
 * behind different variants becomes one again in the end.
 *
 * The paths through the program stay the same, or become shorter, so the verifier
 * has no more to do (it follows paths, too). Nothing is moved.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"
#include "live.h"
#include "paths.h"

#define MAX_VARIANTS	32	/* of a node */
#define MAX_GROWTH	3	/* times what there was ... */
#define MIN_GROWTH	600	/* ... but as many variants are always fine */
#define MAX_SIZE	4000	/* larger programs are left alone */

struct variant {
	struct pairfuse_knowledge known;
	struct pairfuse_node out;	/* target: a variant */
	bool silent;			/* nothing to do: goes on at next */
	int next;			/* variant behind it, -1: none */
	int sibling;			/* next variant of the same node, -1 */
	int is;				/* the one that stands for it */
	int at;				/* node of the new program, -1: not yet */
};

struct paths {
	const struct pairfuse_input *in;
	const struct pairfuse_ir *old;
	__u16 *live;			/* registers before each node */
	int *order;			/* nodes, each after all that lead to it */
	int *first;			/* variant of each node, -1 */
	struct variant *v;
	size_t nr, cap;
	struct pairfuse_ir new;
	int *stack;
	bool changed;
	int err;
};

/* --- order --- */

static int nr_next(const struct pairfuse_node *n)
{
	if (pairfuse_insn_is_exit(&n->insn))
		return 0;
	return pairfuse_insn_is_cond(&n->insn) ? 2 : 1;
}

static int next_of(const struct paths *p, int i, int k)
{
	const struct pairfuse_node *n = &p->old->nodes[i];

	return pairfuse_insn_is_ja(&n->insn) || k == 1 ? n->target : i + 1;
}

/* Depth first; false: there is a loop. */
static bool topological(struct paths *p)
{
	enum { NEW, OPEN_0, OPEN_1, OPEN_2, DONE };
	size_t nr = p->old->nr, at = nr, depth = 0;
	__u8 *state = calloc(nr, 1);
	bool loop = false;
	int i, k;

	if (!state) {
		p->err = -ENOMEM;
		return false;
	}
	p->stack[depth++] = 0;
	state[0] = OPEN_0;
	while (depth && !loop) {
		i = p->stack[depth - 1];
		k = state[i] - OPEN_0;
		if (k == nr_next(&p->old->nodes[i])) {
			p->order[--at] = i;
			state[i] = DONE;
			depth--;
			continue;
		}
		state[i]++;
		k = next_of(p, i, k);
		loop = state[k] != NEW && state[k] != DONE;
		if (state[k] == NEW) {
			state[k] = OPEN_0;
			p->stack[depth++] = k;
		}
	}
	free(state);
	/* all can be reached, see pairfuse_ir_prune() */
	return !loop && at == 0;
}

/* --- variants --- */

static bool same_knowledge(const struct pairfuse_knowledge *a, const struct pairfuse_knowledge *b)
{
	unsigned int r;

	for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
		if (!pairfuse_known_same(&a->reg[r], &b->reg[r]))
			return false;
	return true;
}

static bool same_numbers(const struct pairfuse_knowledge *a, const struct pairfuse_knowledge *b)
{
	unsigned int r;

	for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
		if ((a->reg[r].kind != PAIRFUSE_K_MOST || b->reg[r].kind != PAIRFUSE_K_MOST) &&
		    !pairfuse_known_same(&a->reg[r], &b->reg[r]))
			return false;
	return true;
}

/* Control reaches node i with this knowledge: the variant, or -1. */
static int arrive(struct paths *p, int i, const struct pairfuse_knowledge *k)
{
	struct pairfuse_knowledge seen = *k;
	struct variant *v;
	unsigned int r;
	int n;

	for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
		if (!(p->live[i] & (1U << r)))
			seen.reg[r] = pairfuse_known_most(~0ULL);
	for (n = p->first[i]; n >= 0; n = p->v[n].sibling)
		if (same_knowledge(&p->v[n].known, &seen))
			return n;
	if (p->nr == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 256;

		v = realloc(p->v, cap * sizeof(*v));
		if (!v) {
			p->err = -ENOMEM;
			return -1;
		}
		p->v = v;
		p->cap = cap;
	}
	n = p->nr++;
	p->v[n] = (struct variant){ .known = seen, .next = -1, .sibling = p->first[i], .is = n,
				    .at = -1 };
	p->first[i] = n;
	return n;
}

/* Of each set of variants that may be joined, the first stands for all. */
static void join(struct paths *p, int i, bool all)
{
	int a, b, last;
	unsigned int r;

	for (a = p->first[i]; a >= 0; a = p->v[a].sibling) {
		last = a;
		for (b = p->v[a].sibling; b >= 0; b = p->v[b].sibling) {
			if (!all && !same_numbers(&p->v[a].known, &p->v[b].known)) {
				last = b;
				continue;
			}
			for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
				p->v[a].known.reg[r] = pairfuse_known_join(&p->v[a].known.reg[r],
									   &p->v[b].known.reg[r]);
			p->v[b].is = a;
			p->v[last].sibling = p->v[b].sibling;
		}
	}
}

static unsigned int count(const struct paths *p, int i)
{
	unsigned int nr = 0;
	int n;

	for (n = p->first[i]; n >= 0; n = p->v[n].sibling)
		nr++;
	return nr;
}

static void limit(struct paths *p, int i)
{
	bool grown = p->nr > MAX_GROWTH * p->old->nr && p->nr > MIN_GROWTH;

	if (count(p, i) > (grown ? 1 : MAX_VARIANTS))
		join(p, i, false);
	if (count(p, i) > (grown ? 1 : MAX_VARIANTS))
		join(p, i, true);
}

/* --- simpler instructions --- */

static bool fits(__u64 n)
{
	return (__s64)n == (__s32)n;
}

/* May the number be this instruction's immediate? The verifier refuses some. */
static bool valid_imm(const struct bpf_insn *insn, __u64 n)
{
	__u8 class = pairfuse_insn_class(insn), op = BPF_OP(insn->code);
	unsigned int bits = class == BPF_ALU ? 32 : 64;

	if (class == BPF_ALU || class == BPF_ALU64) {
		if (insn->off)
			return false;
		if (op == BPF_DIV || op == BPF_MOD)
			return n && fits(n) && (__s64)n > 0;
		if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
			return n < bits;
	}
	return fits(n);
}

static __u8 mirrored(__u8 op)
{
	switch (op) {
	case BPF_JGT:
		return BPF_JLT;
	case BPF_JLT:
		return BPF_JGT;
	case BPF_JGE:
		return BPF_JLE;
	case BPF_JLE:
		return BPF_JGE;
	case BPF_JSGT:
		return BPF_JSLT;
	case BPF_JSLT:
		return BPF_JSGT;
	case BPF_JSGE:
		return BPF_JSLE;
	case BPF_JSLE:
		return BPF_JSGE;
	}
	return op;	/* JEQ, JNE, JSET */
}

/* Numbers as immediates, and on the right. */
static void simpler_operands(const struct pairfuse_knowledge *k, struct bpf_insn *insn)
{
	struct pairfuse_known dst = pairfuse_known_dst(k, insn), src = pairfuse_known_src(k, insn);

	if (BPF_SRC(insn->code) != BPF_X)
		return;
	if (pairfuse_insn_is_cond(insn) && dst.kind == PAIRFUSE_K_NUMBER &&
	    src.kind != PAIRFUSE_K_NUMBER) {
		*insn = PAIRFUSE_INSN(pairfuse_insn_class(insn) | mirrored(BPF_OP(insn->code)) |
				      BPF_X, insn->src_reg, insn->dst_reg, insn->off, 0);
		src = dst;
	}
	if (src.kind == PAIRFUSE_K_NUMBER && BPF_OP(insn->code) != BPF_END &&
	    valid_imm(insn, src.n))
		*insn = PAIRFUSE_INSN((insn->code & ~BPF_X) | BPF_K, insn->dst_reg, 0, insn->off,
				      (__s32)src.n);
}

/* Does an ALU instruction leave its register as it is? */
static bool is_idle(const struct bpf_insn *insn, const struct pairfuse_known *before)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU;
	__u64 all, imm = is32 ? (__u32)insn->imm : (__u64)(__s64)insn->imm;

	if (is32 && (before->kind == PAIRFUSE_K_ADDRESS || before->n > ~0U))
		return false;
	if (BPF_SRC(insn->code) == BPF_X)
		return BPF_OP(insn->code) == BPF_MOV && insn->src_reg == insn->dst_reg &&
		       !insn->off;
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_OR:
	case BPF_XOR:
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return imm == 0;
	case BPF_MUL:
		return imm == 1;
	case BPF_DIV:
		return imm == 1 && !insn->off;
	case BPF_AND:
		all = before->kind == PAIRFUSE_K_ADDRESS || !before->n ? ~0ULL :
		      ~0ULL >> __builtin_clzll(before->n);
		return (all & imm) == all;
	}
	return false;
}

/* r = 0; r += x, r |= x, r ^= x */
static bool is_move(const struct bpf_insn *insn, const struct pairfuse_known *before)
{
	__u8 op = BPF_OP(insn->code);

	return BPF_SRC(insn->code) == BPF_X && before->kind == PAIRFUSE_K_NUMBER &&
	       before->n == 0 && (op == BPF_ADD || op == BPF_OR || op == BPF_XOR);
}

/* Byte n of the map's value: does the verifier take it as an immediate? */
static bool is_in_value(const struct paths *p, const struct pairfuse_known *k)
{
	struct bpf_insn pair[2] = { k->map, { .imm = (__s32)k->n } };
	int map = p->in->map_ref(p->in->map_ref_arg, pair);

	return map >= 0 && (size_t)map < p->in->nr_maps && k->n < p->in->maps[map].value_size &&
	       k->n < 1U << 29;
}

static void simpler_alu(struct paths *p, struct variant *v, const struct pairfuse_known *before,
			const struct pairfuse_known *after)
{
	struct bpf_insn *insn = &v->out.insn;
	__u8 d = insn->dst_reg;

	if (is_idle(insn, before)) {
		v->silent = true;
	} else if (after->kind == PAIRFUSE_K_NUMBER && fits(after->n)) {
		*insn = PAIRFUSE_MOV_IMM(d, (__s32)after->n);
	} else if (after->kind == PAIRFUSE_K_ADDRESS && before->kind == PAIRFUSE_K_ADDRESS &&
		   is_in_value(p, after)) {
		*insn = after->map;
		insn->dst_reg = d;
		v->out.hi = (__s32)after->n;
	} else if (is_move(insn, before)) {
		insn->code = pairfuse_insn_class(insn) | BPF_MOV | BPF_X;
	}
}

/* r <<= n; r >>= n keeps the lower bits. The second one, for 32 <= n. */
static bool is_mask(const struct paths *p, int i)
{
	const struct bpf_insn *a = &p->old->nodes[i].insn, *b = a + 1;

	if ((size_t)i + 1 >= p->old->nr)
		return false;
	b = &p->old->nodes[i + 1].insn;
	return a->code == (BPF_ALU64 | BPF_LSH | BPF_K) &&
	       b->code == (BPF_ALU64 | BPF_RSH | BPF_K) && a->dst_reg == b->dst_reg &&
	       a->imm == b->imm && a->imm >= 32 && a->imm < 64;
}

static struct bpf_insn mask_of(const struct bpf_insn *insn)
{
	__u8 d = insn->dst_reg;

	if (insn->imm == 32)
		return PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, d, d, 0, 0);
	return PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0,
			     (__s32)(~0ULL >> insn->imm));
}

static void simpler_store(const struct pairfuse_knowledge *k, struct bpf_insn *insn)
{
	const struct pairfuse_known *src = &k->reg[insn->src_reg];

	if (pairfuse_insn_class(insn) == BPF_STX && insn->src_reg < 10 &&
	    src->kind == PAIRFUSE_K_NUMBER && fits(src->n))
		*insn = PAIRFUSE_ST(BPF_SIZE(insn->code), insn->dst_reg, insn->off, (__s32)src->n);
}

/* --- one variant --- */

static void visit_jump(struct paths *p, int n, int i)
{
	struct variant *v = &p->v[n];
	struct pairfuse_knowledge fall = v->known, taken = v->known;
	int target = p->old->nodes[i].target, next = -1, to = -1;
	unsigned int edges;

	simpler_operands(&v->known, &v->out.insn);
	edges = pairfuse_known_jump(&v->known, &v->out.insn, &fall, &taken);
	v->silent = edges != 3;
	/* variants move when there are more of them */
	if (edges & 1)
		next = arrive(p, i + 1, &fall);
	if (edges & 2)
		to = arrive(p, target, &taken);
	p->v[n].next = edges & 1 ? next : to;
	p->v[n].out.target = edges == 3 ? to : -1;
}

static void visit(struct paths *p, int n, int i)
{
	const struct bpf_insn *insn = &p->old->nodes[i].insn;
	struct pairfuse_known before, after;
	struct pairfuse_knowledge known;
	struct variant *v = &p->v[n];
	int next = i + 1;
	__u8 class;

	v->out = p->old->nodes[i];
	v->out.target = -1;
	if (pairfuse_insn_is_exit(insn))
		return;
	if (pairfuse_insn_is_cond(insn)) {
		visit_jump(p, n, i);
		return;
	}
	known = v->known;
	if (pairfuse_insn_is_ja(insn)) {
		v->silent = true;
		next = p->old->nodes[i].target;
	} else {
		if (is_mask(p, i)) {
			v->out.insn = mask_of(insn);
			next = i + 2;
		}
		insn = &v->out.insn;
		class = pairfuse_insn_class(insn);
		if (class == BPF_ALU || class == BPF_ALU64) {
			before = pairfuse_known_dst(&known, insn);
			simpler_operands(&known, &v->out.insn);
			pairfuse_known_step(&known, &v->out);
			after = pairfuse_known_dst(&known, insn);
			simpler_alu(p, v, &before, &after);
		} else {
			if (pairfuse_insn_is_store(insn))
				simpler_store(&known, &v->out.insn);
			pairfuse_known_step(&known, &v->out);
		}
	}
	next = arrive(p, next, &known);
	p->v[n].next = next;
}

/* --- the new program --- */

static bool same_code(const struct variant *a, const struct variant *b)
{
	return !memcmp(&a->out.insn, &b->out.insn, sizeof(a->out.insn)) &&
	       a->out.hi == b->out.hi && a->next == b->next && a->out.target == b->out.target;
}

static int stands_for(const struct paths *p, int n)
{
	while (n >= 0 && p->v[n].is != n)
		n = p->v[n].is;
	return n;
}

/* From the end: what does nothing is what comes behind it, what does the same is one. */
static void merge(struct paths *p)
{
	size_t o;
	int n, m;

	for (o = p->old->nr; o-- > 0;) {
		for (n = p->first[p->order[o]]; n >= 0; n = p->v[n].sibling) {
			struct variant *v = &p->v[n];

			v->next = stands_for(p, v->next);
			v->out.target = stands_for(p, v->out.target);
			if (v->silent || (v->out.target >= 0 && v->out.target == v->next)) {
				v->is = v->next;
				continue;
			}
			for (m = p->first[p->order[o]]; m != n; m = p->v[m].sibling)
				if (p->v[m].is == m && same_code(&p->v[m], v))
					v->is = m;
		}
	}
}

static void put(struct paths *p, struct bpf_insn insn, int target, const struct pairfuse_node *of)
{
	int n = pairfuse_ir_add(&p->new, insn, target, of->orig);

	if (n < 0)
		p->err = n;
	else if (pairfuse_insn_is_imm64(&insn))
		p->new.nodes[n].hi = of->hi;
}

/* Straight on as far as possible, then from the last jump that was passed. */
static void lay_out(struct paths *p, int n)
{
	const struct variant *last = NULL;
	size_t depth = 0, i;

	p->stack[depth++] = n;
	while (depth && !p->err) {
		n = p->stack[--depth];
		if (p->v[n].at >= 0)
			continue;
		for (; n >= 0 && p->v[n].at < 0 && !p->err; n = p->v[n].next) {
			struct variant *v = &p->v[n];

			v->at = p->new.nr;
			put(p, v->out.insn, v->out.target, &v->out);
			if (v->out.target >= 0)
				p->stack[depth++] = v->out.target;
			last = v;
		}
		if (n >= 0 && !p->err)
			put(p, PAIRFUSE_JA(), n, &last->out);
	}
	for (i = 0; i < p->new.nr && !p->err; i++)
		if (p->new.nodes[i].target >= 0)
			p->new.nodes[i].target = p->v[p->new.nodes[i].target].at;
}

static bool is_same(const struct paths *p)
{
	size_t i;

	for (i = 0; i < p->old->nr && p->old->nr == p->new.nr; i++)
		if (memcmp(&p->old->nodes[i].insn, &p->new.nodes[i].insn, sizeof(struct bpf_insn)))
			return false;
	return p->old->nr == p->new.nr;
}

static int specialise(struct paths *p)
{
	struct pairfuse_knowledge start;
	size_t o, nr;
	unsigned int r;
	int *stack, n;

	for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
		start.reg[r] = pairfuse_known_most(~0ULL);
	arrive(p, 0, &start);
	for (o = 0; o < p->old->nr && !p->err; o++) {
		limit(p, p->order[o]);
		for (n = p->first[p->order[o]]; n >= 0 && !p->err; n = p->v[n].sibling)
			visit(p, n, p->order[o]);
	}
	if (p->err)
		return p->err;
	merge(p);
	/* each conditional jump is passed once */
	nr = p->nr + 1;
	stack = realloc(p->stack, nr * sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	p->stack = stack;
	lay_out(p, stands_for(p, p->first[0]));
	return p->err;
}

static bool is_suitable(const struct pairfuse_ir *ir)
{
	size_t i;

	for (i = 0; i < ir->nr; i++)
		if (pairfuse_insn_is_may_goto(&ir->nodes[i].insn))
			return false;
	return ir->nr && ir->nr <= MAX_SIZE;
}

int pairfuse_paths(const struct pairfuse_input *in, struct pairfuse_ir *ir, unsigned int *opts)
{
	struct paths p = { .in = in, .old = ir };
	int err = -ENOMEM;
	size_t i;

	if (!is_suitable(ir))
		return 0;
	p.live = calloc(ir->nr, sizeof(*p.live));
	p.order = calloc(ir->nr, sizeof(*p.order));
	p.first = calloc(ir->nr, sizeof(*p.first));
	p.stack = calloc(ir->nr + 1, sizeof(*p.stack));
	if (!p.live || !p.order || !p.first || !p.stack)
		goto out;
	for (i = 0; i < ir->nr; i++)
		p.first[i] = -1;
	pairfuse_live_regs(ir, p.live);
	for (i = 0; i < ir->nr; i++)
		p.live[i] = pairfuse_live_before(&ir->nodes[i], p.live[i]);
	err = 0;
	if (!topological(&p)) {
		err = p.err;
		goto out;
	}
	err = specialise(&p);
	if (!err && !is_same(&p)) {
		pairfuse_ir_free(ir);
		*ir = p.new;
		p.new = (struct pairfuse_ir){ 0 };
		*opts |= PAIRFUSE_OPT_PATHS;
	}
out:
	pairfuse_ir_free(&p.new);
	free(p.live);
	free(p.order);
	free(p.first);
	free(p.stack);
	free(p.v);
	return err;
}
