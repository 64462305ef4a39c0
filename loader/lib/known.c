// SPDX-License-Identifier: GPL-2.0
/*
 * What arithmetic and comparisons make of what is known. Bounds follow the
 * verifier of Linux 6.12 (adjust_scalar_min_max_vals(), reg_set_min_max() in
 * kernel/bpf/verifier.c), which knows nothing of quotients and remainders.
 */
#include "expr.h"
#include "known.h"

#define ANY	(~0ULL)
#define MAX32	(~0U)

bool pairfuse_known_same(const struct pairfuse_known *a, const struct pairfuse_known *b)
{
	return a->kind == b->kind && a->n == b->n &&
	       (a->kind != PAIRFUSE_K_ADDRESS ||
		(a->map.src_reg == b->map.src_reg && a->map.imm == b->map.imm));
}

/* As a bound; nothing is known of the number that an address is. */
static __u64 most(const struct pairfuse_known *k)
{
	return k->kind == PAIRFUSE_K_ADDRESS ? ANY : k->n;
}

struct pairfuse_known pairfuse_known_join(const struct pairfuse_known *a,
					  const struct pairfuse_known *b)
{
	if (pairfuse_known_same(a, b))
		return *a;
	return pairfuse_known_most(most(a) > most(b) ? most(a) : most(b));
}

struct pairfuse_known pairfuse_known_dst(const struct pairfuse_knowledge *k,
					 const struct bpf_insn *insn)
{
	return insn->dst_reg < 10 ? k->reg[insn->dst_reg] : pairfuse_known_most(ANY);
}

struct pairfuse_known pairfuse_known_src(const struct pairfuse_knowledge *k,
					 const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_K)
		return pairfuse_known_number((__s64)insn->imm);
	return insn->src_reg < 10 ? k->reg[insn->src_reg] : pairfuse_known_most(ANY);
}

/* All bits that a number up to n can have. */
static __u64 fill(__u64 n)
{
	return n ? ~0ULL >> __builtin_clzll(n) : 0;
}

static struct pairfuse_known low_half(struct pairfuse_known k)
{
	if (k.kind == PAIRFUSE_K_NUMBER)
		return pairfuse_known_number((__u32)k.n);
	return pairfuse_known_most(most(&k) < MAX32 ? most(&k) : MAX32);
}

/* The bound of a op b for bounds a and b, of which b may be a number. */
static __u64 bound(__u8 op, __u64 a, __u64 b, bool number, unsigned int bits)
{
	__u64 sum;

	switch (op) {
	case BPF_ADD:
		return __builtin_add_overflow(a, b, &sum) ? ANY : sum;
	case BPF_MUL:
		return a > MAX32 || b > MAX32 ? ANY : a * b;
	case BPF_AND:
		return a < b ? a : b;
	case BPF_OR:
	case BPF_XOR:
		return fill(a | b);
	case BPF_LSH:
		b &= bits - 1;
		return number && a <= ANY >> b ? a << b : ANY;
	case BPF_RSH:
		return number ? a >> (b & (bits - 1)) : a;
	}
	return ANY;
}

static struct pairfuse_known alu(const struct bpf_insn *insn, struct pairfuse_known a,
				 struct pairfuse_known b)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU, number;
	__u8 op = BPF_OP(insn->code);
	__u64 n;

	/* signed division, sign extending move; byte swaps, negation */
	if (insn->off || op == BPF_END || op == BPF_NEG)
		return pairfuse_known_most(is32 && op != BPF_END ? MAX32 : ANY);
	if (op == BPF_MOV)
		return is32 ? low_half(b) : b;
	if (!is32 && a.kind == PAIRFUSE_K_ADDRESS && b.kind == PAIRFUSE_K_NUMBER &&
	    op == BPF_ADD) {
		a.n += b.n;
		return a;
	}
	if (is32) {
		a = low_half(a);
		b = low_half(b);
	}
	number = b.kind == PAIRFUSE_K_NUMBER;
	if (a.kind == PAIRFUSE_K_NUMBER && number)
		return pairfuse_known_number(pairfuse_alu_eval(op, a.n, b.n, is32));
	n = bound(op, most(&a), most(&b), number, is32 ? 32 : 64);
	return pairfuse_known_most(is32 && n > MAX32 ? MAX32 : n);
}

static struct pairfuse_known imm64(const struct pairfuse_node *n)
{
	switch (n->insn.src_reg) {
	case 0:
		return pairfuse_known_number((__u32)n->insn.imm | (__u64)n->hi << 32);
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		return (struct pairfuse_known){ .kind = PAIRFUSE_K_ADDRESS, .n = (__u32)n->hi,
						.map = n->insn };
	}
	return pairfuse_known_most(ANY);
}

void pairfuse_known_step(struct pairfuse_knowledge *k, const struct pairfuse_node *n)
{
	struct pairfuse_known out = pairfuse_known_most(ANY), dst, src;
	const struct bpf_insn *insn = &n->insn;
	unsigned int defs, r;

	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		out = imm64(n);
		break;
	case BPF_LDX:
		if (BPF_MODE(insn->code) == BPF_MEM)
			out.n = ANY >> (64 - 8 * pairfuse_insn_size(insn));
		break;
	case BPF_ALU:
	case BPF_ALU64:
		dst = pairfuse_known_dst(k, insn);
		src = pairfuse_known_src(k, insn);
		out = alu(insn, dst, src);
		break;
	}
	defs = pairfuse_insn_defs(insn);
	if (pairfuse_insn_is_call(insn))
		defs |= 0x3f;
	for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
		if (defs & (1U << r))
			k->reg[r] = out;
}

/* --- conditions --- */

/* With the number c on the right. 0: cannot tell; 1: never; 2: always */
static unsigned int decide(__u8 op, const struct pairfuse_known *a, __u64 c, bool is32)
{
	__u64 n = most(a), signs = is32 ? 1ULL << 31 : 1ULL << 63;

	if (a->kind == PAIRFUSE_K_NUMBER)
		return pairfuse_cond_eval(op, a->n, c, is32) ? 2 : 1;
	switch (op) {
	case BPF_JSGT:
	case BPF_JSGE:
	case BPF_JSLT:
	case BPF_JSLE:
		/* neither can be negative: as without signs */
		if (n >= signs || c >= signs)
			return 0;
		break;
	}
	switch (op) {
	case BPF_JEQ:
		return c > n ? 1 : 0;
	case BPF_JNE:
		return c > n ? 2 : 0;
	case BPF_JGT:
	case BPF_JSGT:
		return c >= n ? 1 : 0;
	case BPF_JGE:
	case BPF_JSGE:
		return c > n ? 1 : 0;
	case BPF_JLT:
	case BPF_JSLT:
		return c > n ? 2 : 0;
	case BPF_JLE:
	case BPF_JSLE:
		return c >= n ? 2 : 0;
	}
	return 0;
}

static void at_most(struct pairfuse_known *k, __u64 n)
{
	if (k->kind == PAIRFUSE_K_MOST && n < k->n)
		k->n = n;
}

/* What register a is where it was compared with c. Edges that cannot be are decided before. */
static void learn(__u8 op, __u64 c, struct pairfuse_known *fall, struct pairfuse_known *taken)
{
	switch (op) {
	case BPF_JEQ:
		*taken = pairfuse_known_number(c);
		break;
	case BPF_JNE:
		*fall = pairfuse_known_number(c);
		break;
	case BPF_JGT:
		at_most(fall, c);
		break;
	case BPF_JGE:
		at_most(fall, c ? c - 1 : 0);
		break;
	case BPF_JLT:
		at_most(taken, c ? c - 1 : 0);
		break;
	case BPF_JLE:
		at_most(taken, c);
		break;
	}
}

unsigned int pairfuse_known_jump(const struct pairfuse_knowledge *k, const struct bpf_insn *insn,
				 struct pairfuse_knowledge *fall,
				 struct pairfuse_knowledge *taken)
{
	bool is32 = pairfuse_insn_class(insn) == BPF_JMP32, whole;
	struct pairfuse_known a = pairfuse_known_dst(k, insn), b = pairfuse_known_src(k, insn);
	__u8 op = BPF_OP(insn->code);
	unsigned int edges;

	/* do the halves that are compared stand for all of the register? */
	whole = !is32 || (a.kind != PAIRFUSE_K_ADDRESS && a.n <= MAX32);
	if (is32) {
		a = low_half(a);
		b = low_half(b);
	}
	if (b.kind != PAIRFUSE_K_NUMBER)
		return 3;
	edges = decide(op, &a, b.n, is32);
	if (!edges && whole && insn->dst_reg < 10 && a.kind == PAIRFUSE_K_MOST)
		learn(op, b.n, &fall->reg[insn->dst_reg], &taken->reg[insn->dst_reg]);
	return edges ? edges : 3;
}
