// SPDX-License-Identifier: GPL-2.0
/*
 * Specialisation to paths: what is known of registers is true, and random programs
 * without loops compute the same, in no more steps.
 */
#include "analysis_test.h"
#include "copies.h"
#include "expr.h"
#include "ir.h"
#include "known.h"
#include "live.h"
#include "paths.h"

#define NR_NODES	40
#define NR_PROGRAMS	20000
#define NR_RUNS		12
#define ALU(c, op, s)	((c) | (op) | (s))

static __u64 seed;

static __u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned int below(unsigned int n)
{
	return rnd() % n;
}

/* Numbers at the limits of what is told apart. */
static __u64 number(void)
{
	static const __u64 edges[] = {
		0, 1, 2, 3, 15, 16, 255, 256, 65535, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ~0ULL,
	};

	return below(4) ? edges[below(ARRAY_SIZE(edges))] : rnd() >> below(64);
}

/* --- running --- */

static __u64 extended(const struct pairfuse_node *n)
{
	return (__u32)n->insn.imm | (__u64)n->hi << 32;
}

static __u64 operand(const struct bpf_insn *insn, const __u64 *reg)
{
	return BPF_SRC(insn->code) == BPF_X ? reg[insn->src_reg] : (__u64)(__s64)insn->imm;
}

/* The next node. Loads are of words of the context, r9. */
static int run_node(const struct pairfuse_ir *ir, int i, __u64 *reg, const __u64 *ctx)
{
	const struct pairfuse_node *n = &ir->nodes[i];
	const struct bpf_insn *insn = &n->insn;
	__u8 class = pairfuse_insn_class(insn), op = BPF_OP(insn->code);
	bool is32 = class == BPF_ALU || class == BPF_JMP32;
	__u64 word;

	if (pairfuse_insn_is_imm64(insn)) {
		/* an address of a map is a number here as any other */
		reg[insn->dst_reg] = insn->src_reg ? 0x5000 + (__u32)n->hi : extended(n);
	} else if (class == BPF_LDX) {
		word = ctx[insn->off / 8];
		reg[insn->dst_reg] = pairfuse_insn_size(insn) == 8 ? word :
				     word & ((1ULL << 8 * pairfuse_insn_size(insn)) - 1);
	} else if (class == BPF_ALU || class == BPF_ALU64) {
		reg[insn->dst_reg] = pairfuse_alu_eval(op, reg[insn->dst_reg],
						       operand(insn, reg), is32);
	} else if (pairfuse_insn_is_ja(insn)) {
		return n->target;
	} else if (pairfuse_cond_eval(op, reg[insn->dst_reg], operand(insn, reg), is32)) {
		return n->target;
	}
	return i + 1;
}

/* r0 at the exit */
static __u64 run(const struct pairfuse_ir *ir, const __u64 *ctx, unsigned int *steps)
{
	__u64 reg[PAIRFUSE_NR_REGS] = { 0 };
	int i = 0;

	for (*steps = 0; !pairfuse_insn_is_exit(&ir->nodes[i].insn); ++*steps) {
		i = run_node(ir, i, reg, ctx);
		assert_in_range(i, 0, ir->nr - 1);
	}
	return reg[0];
}

/* --- random programs --- */

static struct bpf_insn random_alu(void)
{
	static const __u8 ops[] = {
		BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_OR, BPF_AND, BPF_XOR,
		BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV, BPF_MOV, BPF_MOV,
	};
	__u8 op = ops[below(ARRAY_SIZE(ops))], class = below(3) ? BPF_ALU64 : BPF_ALU;
	__s32 imm = number();

	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		imm = below(class == BPF_ALU ? 32 : 64);
	if ((op == BPF_DIV || op == BPF_MOD) && imm <= 0)
		imm = 7;
	if (below(2))
		return PAIRFUSE_INSN(ALU(class, op, BPF_X), below(6), below(6), 0, 0);
	return PAIRFUSE_INSN(ALU(class, op, BPF_K), below(6), 0, 0, imm);
}

static struct bpf_insn random_jump(void)
{
	static const __u8 ops[] = {
		BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT, BPF_JSGE,
		BPF_JSLT, BPF_JSLE, BPF_JSET,
	};
	__u8 op = ops[below(ARRAY_SIZE(ops))], class = below(3) ? BPF_JMP : BPF_JMP32;

	if (below(2))
		return PAIRFUSE_INSN(class | op | BPF_X, below(6), below(6), 0, 0);
	return PAIRFUSE_INSN(class | op | BPF_K, below(6), 0, 0, (__s32)number());
}

static void add_node(struct pairfuse_ir *ir, struct bpf_insn insn, int target)
{
	int n = ir->nr;

	assert_int_equal(pairfuse_ir_add(ir, insn, target, n), n);
}

static void random_node(struct pairfuse_ir *ir)
{
	static const __u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	int here = ir->nr, target = here + 1 + below(NR_NODES - here);
	__u8 dst = below(6);
	__u64 n = number();

	switch (below(12)) {
	case 0:
		add_node(ir, LDX(sizes[below(4)], dst, 9, 8 * below(4)), -1);
		break;
	case 1:
		assert_int_equal(pairfuse_ir_add_imm64(ir, dst, n, here), here);
		break;
	case 2:
		assert_int_equal(pairfuse_ir_add_imm64(ir, dst, below(2) << 3, here), here);
		ir->nodes[here].insn.src_reg = BPF_PSEUDO_MAP_IDX_VALUE;
		ir->nodes[here].insn.imm = 0;
		ir->nodes[here].hi = below(16);
		break;
	case 3:
		/* what compilers make of a zero extension */
		n = below(64);
		add_node(ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_LSH, BPF_K), dst, 0, 0, n), -1);
		if (ir->nr < NR_NODES)
			add_node(ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_RSH, BPF_K), dst, 0, 0, n),
				 -1);
		break;
	case 4:
	case 5:
	case 6:
		add_node(ir, random_jump(), target);
		break;
	case 7:
		if (!below(4)) {
			add_node(ir, PAIRFUSE_JA(), target);
			break;
		}
		/* fall through */
	default:
		add_node(ir, random_alu(), -1);
	}
}

static void random_program(struct pairfuse_ir *ir)
{
	memset(ir, 0, sizeof(*ir));
	while (ir->nr < NR_NODES)
		random_node(ir);
	/* everything counts */
	add_node(ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_MUL, BPF_K), 1, 0, 0, 3), -1);
	add_node(ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_ADD, BPF_X), 0, 1, 0, 0), -1);
	add_node(ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_XOR, BPF_X), 0, 2, 0, 0), -1);
	add_node(ir, EXIT, -1);
	assert_int_equal(pairfuse_ir_prune(ir), 0);
}

static struct pairfuse_ir copy_of(const struct pairfuse_ir *ir)
{
	struct pairfuse_ir copy = { .nr = ir->nr, .cap = ir->nr };

	copy.nodes = malloc(ir->nr * sizeof(*copy.nodes));
	assert_non_null(copy.nodes);
	memcpy(copy.nodes, ir->nodes, ir->nr * sizeof(*copy.nodes));
	return copy;
}

/* What dead.c does after this pass: computing what nobody reads is no step. */
static void drop_dead(struct pairfuse_ir *ir)
{
	__u16 *live = calloc(ir->nr, sizeof(*live));
	bool *dead = calloc(ir->nr, sizeof(*dead)), found;
	size_t i;

	assert_non_null(live);
	assert_non_null(dead);
	do {
		found = false;
		pairfuse_live_regs(ir, live);
		for (i = 0; i < ir->nr; i++) {
			dead[i] = pairfuse_insn_class(&ir->nodes[i].insn) != BPF_JMP &&
				  pairfuse_insn_class(&ir->nodes[i].insn) != BPF_JMP32 &&
				  pairfuse_insn_class(&ir->nodes[i].insn) != BPF_STX &&
				  !(live[i] & pairfuse_insn_defs(&ir->nodes[i].insn));
			found |= dead[i];
		}
		assert_int_equal(pairfuse_ir_compact(ir, dead), 0);
		assert_int_equal(pairfuse_ir_drop_nops(ir), 0);
	} while (found);
	free(live);
	free(dead);
}

static bool valid(const struct pairfuse_ir *ir)
{
	size_t i;

	for (i = 0; i < ir->nr; i++)
		if (!pairfuse_insn_valid(&ir->nodes[i].insn))
			return false;
	return true;
}

static void test_random(void **state)
{
	unsigned long before = 0, after = 0, changed = 0;
	unsigned int program, n, w, steps, steps_new;
	struct pairfuse_ir old, new;
	__u64 ctx[4], want, got;
	struct test_input t;

	test_input_init(&t);
	t.maps[0].value_size = 16;
	for (program = 0; program < NR_PROGRAMS; program++) {
		unsigned int opts = 0;

		seed = 0x9e3779b97f4a7c15ULL * (program + 1);
		random_program(&old);
		new = copy_of(&old);
		assert_int_equal(pairfuse_paths(&t.in, &new, &opts), 0);
		changed += opts == PAIRFUSE_OPT_PATHS;
		drop_dead(&old);
		drop_dead(&new);
		assert_int_equal(pairfuse_registers(&new, &opts), 0);
		assert_true(valid(&new));
		for (n = 0; n < NR_RUNS; n++) {
			for (w = 0; w < ARRAY_SIZE(ctx); w++)
				ctx[w] = number();
			want = run(&old, ctx, &steps);
			got = run(&new, ctx, &steps_new);
			if (want != got)
				fail_msg("program %u, run %u: %llx, not %llx", program, n,
					 (unsigned long long)got, (unsigned long long)want);
			before += steps;
			after += steps_new;
		}
		pairfuse_ir_free(&old);
		pairfuse_ir_free(&new);
	}
	/* there was something to do, and it was worth it */
	assert_in_range(changed, NR_PROGRAMS / 2, NR_PROGRAMS);
	assert_true(after < before - before / 10);
}

/* --- what is known --- */

static bool holds(const struct pairfuse_known *k, __u64 value)
{
	switch (k->kind) {
	case PAIRFUSE_K_NUMBER:
		return value == k->n;
	case PAIRFUSE_K_ADDRESS:
		return value == 0x5000 + k->n;
	default:
		return value <= k->n;
	}
}

/* Along the way of every run, what is said of a register is true of it. */
static void test_known(void **state)
{
	unsigned int program, n, w, r;
	struct pairfuse_ir ir;

	for (program = 0; program < NR_PROGRAMS; program++) {
		seed = 0xd1342543de82ef95ULL * (program + 1);
		random_program(&ir);
		for (n = 0; n < NR_RUNS; n++) {
			struct pairfuse_knowledge k, fall, taken;
			__u64 reg[PAIRFUSE_NR_REGS] = { 0 }, ctx[4];
			unsigned int edges;
			int i = 0, next;

			for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
				k.reg[r] = pairfuse_known_most(~0ULL);
			for (w = 0; w < ARRAY_SIZE(ctx); w++)
				ctx[w] = number();
			for (; !pairfuse_insn_is_exit(&ir.nodes[i].insn); i = next) {
				next = run_node(&ir, i, reg, ctx);
				if (pairfuse_insn_is_cond(&ir.nodes[i].insn)) {
					fall = taken = k;
					edges = pairfuse_known_jump(&k, &ir.nodes[i].insn, &fall,
								    &taken);
					if (ir.nodes[i].target != i + 1)
						assert_true(edges & (next == i + 1 ? 1 : 2));
					k = next == i + 1 ? fall : taken;
					if (ir.nodes[i].target == i + 1)
						break;
				} else {
					pairfuse_known_step(&k, &ir.nodes[i]);
				}
				for (r = 0; r < PAIRFUSE_NR_REGS - 1; r++)
					assert_true(holds(&k.reg[r], reg[r]));
			}
		}
		pairfuse_ir_free(&ir);
	}
}

/* --- particular programs --- */

/* As compilers write log2(): numbers are carried to where the paths meet. */
static void test_log2(void **state)
{
	static const int shifts[] = { 16, 8, 4, 2 };
	struct pairfuse_ir old = { 0 }, new;
	unsigned int i, bit, steps, steps_new, opts = 0;
	struct test_input t;
	__u64 ctx[4] = { 0 };

	test_input_init(&t);
	add_node(&old, LDX(BPF_W, 2, 9, 0), -1);
	add_node(&old, MOVI(0, 0), -1);
	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		add_node(&old, MOVI(3, 1), -1);
		add_node(&old, PAIRFUSE_JMP_IMM(BPF_JGT, 2, (1U << shifts[i]) - 1), old.nr + 2);
		add_node(&old, MOVI(3, 0), -1);
		add_node(&old, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_MUL, BPF_K), 3, 0, 0, shifts[i]),
			 -1);
		add_node(&old, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_RSH, BPF_X), 2, 3, 0, 0), -1);
		add_node(&old, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_OR, BPF_X), 0, 3, 0, 0), -1);
	}
	add_node(&old, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_RSH, BPF_K), 2, 0, 0, 1), -1);
	add_node(&old, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_OR, BPF_X), 0, 2, 0, 0), -1);
	add_node(&old, EXIT, -1);
	new = copy_of(&old);
	assert_int_equal(pairfuse_paths(&t.in, &new, &opts), 0);
	assert_int_equal(opts, PAIRFUSE_OPT_PATHS);
	drop_dead(&old);
	drop_dead(&new);
	for (bit = 0; bit < 32; bit++) {
		ctx[0] = 1ULL << bit;
		assert_int_equal(run(&old, ctx, &steps), bit);
		assert_int_equal(run(&new, ctx, &steps_new), bit);
		assert_in_range(steps_new, 1, steps - 5);
	}
	pairfuse_ir_free(&old);
	pairfuse_ir_free(&new);
}

static void test_address(void **state)
{
	struct pairfuse_ir ir = { 0 };
	unsigned int opts = 0;
	struct test_input t;

	test_input_init(&t);
	t.maps[0].value_size = 16;
	assert_int_equal(pairfuse_ir_add_imm64(&ir, 1, 0, 0), 0);
	ir.nodes[0].insn.src_reg = BPF_PSEUDO_MAP_IDX_VALUE;
	add_node(&ir, MOVI(2, 3), -1);
	add_node(&ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_LSH, BPF_K), 2, 0, 0, 2), -1);
	add_node(&ir, PAIRFUSE_INSN(ALU(BPF_ALU64, BPF_ADD, BPF_X), 1, 2, 0, 0), -1);
	add_node(&ir, STX(BPF_W, 1, 2, 0), -1);
	add_node(&ir, ADDI(1, 4), -1);
	add_node(&ir, LDX(BPF_W, 0, 1, -4), -1);
	add_node(&ir, EXIT, -1);
	assert_int_equal(pairfuse_paths(&t.in, &ir, &opts), 0);
	/* byte 12, which is in the value, and byte 16, which is not */
	assert_int_equal(ir.nodes[3].insn.code, BPF_LD | BPF_DW | BPF_IMM);
	assert_int_equal(ir.nodes[3].insn.src_reg, BPF_PSEUDO_MAP_IDX_VALUE);
	assert_int_equal(ir.nodes[3].hi, 12);
	assert_memory_equal(&ir.nodes[4].insn, &ST(BPF_W, 1, 0, 12), sizeof(struct bpf_insn));
	assert_memory_equal(&ir.nodes[5].insn, &ADDI(1, 4), sizeof(struct bpf_insn));
	pairfuse_ir_free(&ir);
}

static void test_loop(void **state)
{
	struct pairfuse_ir ir = { 0 };
	unsigned int opts = 0;
	struct test_input t;

	test_input_init(&t);
	add_node(&ir, MOVI(0, 0), -1);
	add_node(&ir, ADDI(0, 1), -1);
	add_node(&ir, PAIRFUSE_JMP_IMM(BPF_JLT, 0, 10), 1);
	add_node(&ir, EXIT, -1);
	assert_int_equal(pairfuse_paths(&t.in, &ir, &opts), 0);
	assert_int_equal(opts, 0);
	assert_int_equal(ir.nr, 4);
	pairfuse_ir_free(&ir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_known),
		cmocka_unit_test(test_log2), cmocka_unit_test(test_address),
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
