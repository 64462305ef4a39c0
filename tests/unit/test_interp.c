// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter: arithmetic, maps, and that no program can hurt it.
 */
#include "analysis_test.h"
#include "interp.h"
#include "origin.h"

#define ST64(off, i)	ST(BPF_DW, 10, off, i)
#define ALU(op, d, i)	PAIRFUSE_INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU32(op, d, i) PAIRFUSE_INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define ALU_REG(op, d, r) PAIRFUSE_INSN(BPF_ALU64 | (op) | BPF_X, d, r, 0, 0)
#define ATOMIC(d, s, off, op) PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, off, op)

struct stage {
	struct test_input t;
	struct pairfuse_outside out;
	bool carrier[4];
	struct pairfuse_world *w;
	__u64 ctx;
};

static void stage_begin(struct stage *s, bool invert)
{
	memset(s, 0, sizeof(*s));
	test_input_init(&s->t);
	s->out = (struct pairfuse_outside){
		.in = &s->t.in, .carrier = s->carrier, .seed = 5, .run = 7, .now = 1000,
		.pid_tgid = 11ULL << 32 | 12, .task = PAIRFUSE_VA_KERNEL + 4096,
	};
	s->carrier[0] = true;	/* never fails, nothing in it at first */
	s->w = pairfuse_world_new(&s->out, 3, invert, -1);
	assert_non_null(s->w);
	s->ctx = pairfuse_region_new(s->w, 64, false, NULL);
}

static void stage_end(struct stage *s)
{
	pairfuse_world_free(s->w);
}

static __u64 stage_run(struct stage *s, const struct bpf_insn *insns, size_t nr)
{
	struct pairfuse_code_run run = { .insns = insns, .nr = nr, .ctx = s->ctx };

	s->w->fault = PAIRFUSE_FAULT_NONE;
	return pairfuse_interp(s->w, &run);
}

#define RUN(s, ...) ({								\
	const struct bpf_insn insns_[] = { __VA_ARGS__, EXIT };			\
	stage_run(s, insns_, ARRAY_SIZE(insns_)); })

#define GIVES(s, value, ...) do {						\
	__u64 got_ = RUN(s, __VA_ARGS__);					\
	assert_int_equal((s)->w->fault, PAIRFUSE_FAULT_NONE);			\
	assert_int_equal(got_, value);						\
} while (0)

#define FAULTS(s, kind, ...) do {						\
	RUN(s, __VA_ARGS__);							\
	assert_int_equal((s)->w->fault, PAIRFUSE_FAULT_##kind);			\
} while (0)

static void test_arithmetic(void **state)
{
	struct stage s;

	stage_begin(&s, false);
	GIVES(&s, -3ULL, MOVI(0, 7), ALU(BPF_ADD, 0, -10));
	GIVES(&s, 0xfffffffd, MOVI(0, 7), ALU32(BPF_ADD, 0, -10));
	GIVES(&s, 0, MOVI(0, 7), MOVI(1, 0), ALU_REG(BPF_DIV, 0, 1));
	GIVES(&s, 7, MOVI(0, 7), MOVI(1, 0), ALU_REG(BPF_MOD, 0, 1));
	/* signed, off 1; the smallest number by -1 must not trap */
	GIVES(&s, -3ULL, MOVI(0, -7), PAIRFUSE_INSN(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 1, 2));
	GIVES(&s, 1ULL << 63, MOVI(0, 1), ALU(BPF_LSH, 0, 63),
	      PAIRFUSE_INSN(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 1, -1));
	GIVES(&s, 0, MOVI(0, 1), ALU(BPF_LSH, 0, 63),
	      PAIRFUSE_INSN(BPF_ALU64 | BPF_MOD | BPF_K, 0, 0, 1, -1));
	GIVES(&s, 0x80000000, MOVI(0, 1), ALU32(BPF_LSH, 0, 31),
	      PAIRFUSE_INSN(BPF_ALU | BPF_DIV | BPF_K, 0, 0, 1, -1));
	GIVES(&s, -1ULL, MOVI(0, -8), ALU(BPF_ARSH, 0, 3));
	GIVES(&s, 0xffffffff, MOVI(0, -8), ALU32(BPF_ARSH, 0, 3));
	GIVES(&s, 4, MOVI(0, 1), ALU(BPF_LSH, 0, 66));
	GIVES(&s, 0x3412, MOVI(0, 0x1234), PAIRFUSE_INSN(BPF_ALU | BPF_END | BPF_X, 0, 0, 0, 16));
	GIVES(&s, 0x34, MOVI(0, 0x1234), ALU(BPF_AND, 0, 0xff));
	GIVES(&s, 0x1234, MOVI(0, 0x71234), PAIRFUSE_INSN(BPF_ALU | BPF_END | BPF_K, 0, 0, 0, 16));
	/* a sign extending move */
	GIVES(&s, -1ULL, MOVI(1, 0xff), PAIRFUSE_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 8, 0));
	stage_end(&s);
}

static void test_jumps(void **state)
{
	static const struct { __u8 op; int a, b; bool is32, holds; } cases[] = {
		{ BPF_JEQ, 1, 1, false, true }, { BPF_JNE, 1, 1, false, false },
		{ BPF_JGT, -1, 1, false, true }, { BPF_JSGT, -1, 1, false, false },
		{ BPF_JLT, 1, -1, true, true }, { BPF_JSLT, 1, -1, true, false },
		{ BPF_JSGE, -1, -1, true, true }, { BPF_JLE, 2, 1, false, false },
		{ BPF_JSLE, -2, 1, false, true }, { BPF_JSET, 6, 2, false, true },
		{ BPF_JGE, 5, 6, true, false },
	};
	struct stage s;
	size_t i;

	stage_begin(&s, false);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		GIVES(&s, cases[i].holds, MOVI(0, 1), MOVI(1, cases[i].a),
		      PAIRFUSE_INSN((cases[i].is32 ? BPF_JMP32 : BPF_JMP) | cases[i].op | BPF_K, 1,
				    0, 1, cases[i].b),
		      MOVI(0, 0));
	stage_end(&s);
}

static void test_atomics(void **state)
{
	struct stage s;

	stage_begin(&s, false);
	GIVES(&s, 8, ST64(-8, 5), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_ADD), LDX(BPF_DW, 0, 10, -8));
	GIVES(&s, 5, ST64(-8, 5), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_ADD | BPF_FETCH), MOV(0, 1));
	GIVES(&s, 5, ST64(-8, 5), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_XCHG), MOV(0, 1));
	GIVES(&s, 3, ST64(-8, 5), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_XCHG), LDX(BPF_DW, 0, 10, -8));
	GIVES(&s, 3, ST64(-8, 5), MOVI(0, 5), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_CMPXCHG),
	      LDX(BPF_DW, 0, 10, -8));
	GIVES(&s, 5, ST64(-8, 5), MOVI(0, 6), MOVI(1, 3), ATOMIC(10, 1, -8, BPF_CMPXCHG),
	      LDX(BPF_DW, 0, 10, -8));
	stage_end(&s);
}

/* What no verified program does is noticed, and nothing else happens. */
static void test_bad_addresses(void **state)
{
	struct stage s;

	stage_begin(&s, false);
	FAULTS(&s, PROGRAM, LDX(BPF_DW, 0, 10, 0));
	FAULTS(&s, PROGRAM, LDX(BPF_DW, 0, 10, -520));
	FAULTS(&s, PROGRAM, LDX(BPF_DW, 0, 10, -4));
	FAULTS(&s, PROGRAM, ST64(-516, 0));
	FAULTS(&s, PROGRAM, LDX(BPF_DW, 0, 1, 64));
	FAULTS(&s, PROGRAM, STX(BPF_DW, 1, 10, 0));	/* the context is read only */
	FAULTS(&s, PROGRAM, MOVI(1, 0), ST(BPF_DW, 1, 0, 1));
	FAULTS(&s, PROGRAM, MOVI(1, -1), ST(BPF_B, 1, 0, 1));
	FAULTS(&s, PROGRAM, MOV(1, 10), ALU(BPF_ADD, 1, 0x40000000), LDX(BPF_DW, 0, 1, 0));
	FAULTS(&s, PROGRAM, MOV(1, 10), MOVI(2, 4096), MOVI(3, 0), CALL(probe_read_kernel));
	FAULTS(&s, PROGRAM, JA(1000));
	FAULTS(&s, PROGRAM, JA(-100));
	FAULTS(&s, PROGRAM, SUBCALL(-1));		/* for ever */
	FAULTS(&s, MODEL, JA(-1));
	FAULTS(&s, MODEL, PAIRFUSE_CALL(99999));
	assert_string_equal(s.w->what, "helper 99999");
	FAULTS(&s, MODEL, MOVI(1, 0), MOV(2, 10), CALL(map_lookup_elem));
	/* outside is nothing to fear */
	GIVES(&s, 0, MOVI(1, 0), LDX(BPF_DW, 0, 1, 0));
	GIVES(&s, 0, MOVI(1, -1), LDX(BPF_DW, 0, 1, 0));
	stage_end(&s);
}

/* An element that was replaced or removed can be read until the program ends. */
static void test_maps(void **state)
{
	struct stage s;

	stage_begin(&s, false);
	GIVES(&s, 0, TID_KEY, CALL(map_lookup_elem));
	GIVES(&s, 0, ENTER_STORES);
	GIVES(&s, 1000, TID_KEY, CALL(map_lookup_elem), LDX(BPF_DW, 0, 0, 0));
	GIVES(&s, 1000, TID_KEY, CALL(map_lookup_elem), MOV(6, 0), TID_KEY,
	      CALL(map_delete_elem), LDX(BPF_DW, 0, 6, 0));
	pairfuse_world_settle(s.w);
	GIVES(&s, 0, TID_KEY, CALL(map_lookup_elem));
	GIVES(&s, -2ULL, TID_KEY, CALL(map_delete_elem));
	GIVES(&s, 0, ENTER_STORES);
	GIVES(&s, -17ULL, ST64(-16, 1), TID_KEY, MOV(3, 10), ADDI(3, -16), MOVI(4, BPF_NOEXIST),
	      CALL(map_update_elem));
	FAULTS(&s, PROGRAM, TID_KEY, CALL(map_lookup_elem), LDX(BPF_DW, 0, 0, 8));
	stage_end(&s);
}

/* What is outside is alike in all worlds, what is not written differs in every bit. */
static void test_worlds(void **state)
{
	const struct bpf_insn outside[] = {
		MOVI(1, 0x1000), ALU(BPF_LSH, 1, 20), LDX(BPF_DW, 0, 1, 16), EXIT
	};
	const struct bpf_insn junk[] = { LDX(BPF_DW, 0, 10, -256), EXIT };
	const struct bpf_insn address[] = { MOV(0, 10), EXIT };
	struct stage a, b;
	__u64 first;

	stage_begin(&a, false);
	stage_begin(&b, true);
	first = stage_run(&a, outside, ARRAY_SIZE(outside));
	assert_int_equal(first, stage_run(&b, outside, ARRAY_SIZE(outside)));
	assert_int_equal(stage_run(&a, junk, ARRAY_SIZE(junk)),
			 ~stage_run(&b, junk, ARRAY_SIZE(junk)));
	assert_int_not_equal(stage_run(&a, address, ARRAY_SIZE(address)),
			     stage_run(&b, address, ARRAY_SIZE(address)));
	a.out.seed++;
	assert_int_not_equal(first, stage_run(&a, outside, ARRAY_SIZE(outside)));
	stage_end(&a);
	stage_end(&b);
}

/* Any instructions at all; sanitizers watch. */
static void test_nonsense(void **state)
{
	static const __u8 helpers[] = { 1, 2, 3, 4, 5, 6, 14, 16, 25, 27, 35, 45, 67, 109, 112, 113,
					130, 131, 132, 133, 156, 157, 174, 182, 183, 184, 195 };
	static const short offs[] = { 0, 0, -8, -16, -4, 8, 16, -512, 1, 2, 3, -1, 100, 32767 };
	unsigned long runs = 0, insns = 0;
	struct bpf_insn prog[24];
	unsigned int n, i, seed = 1;
	struct stage s;

	stage_begin(&s, false);
	s.out.consts = (const __u32[]){ 0, 1, 2, 4096 };
	s.out.nr_consts = 4;
	for (n = 0; n < 20000; n++) {
		for (i = 0; i < ARRAY_SIZE(prog); i++) {
			struct bpf_insn *in = &prog[i];

			do {
				seed = seed * 1103515245 + 12345;
				*in = PAIRFUSE_INSN(seed >> 8, (seed >> 16) % 11, (seed >> 20) % 11,
						    offs[(seed >> 24) % ARRAY_SIZE(offs)],
						    seed >> 28);
				if (seed >> 27 & 1)
					in->dst_reg = 10, in->code = BPF_STX | BPF_MEM | BPF_DW;
				if (in->code == (BPF_JMP | BPF_CALL) && !in->src_reg)
					in->imm = helpers[seed % sizeof(helpers)];
				if (in->code == 0x18)
					in->src_reg = seed >> 9 & 3, in->imm = 0;
			} while (!pairfuse_insn_valid(in) && in->code);
		}
		prog[ARRAY_SIZE(prog) - 1] = EXIT;
		stage_run(&s, prog, ARRAY_SIZE(prog));
		runs += s.w->fault == PAIRFUSE_FAULT_NONE;
		insns += s.w->insns;
		pairfuse_world_settle(s.w);
	}
	print_message("%lu of %u ran to the end, %lu instructions\n", runs, n, insns);
	assert_true(runs >= 50);	/* some of it makes sense */
	stage_end(&s);
}

/* What is patched outside is read back, nothing beside it; a program says how to get there. */
static void test_origins(void **state)
{
	static struct pairfuse_origins origins;
	static struct pairfuse_patches patches;
	const __u64 at = PAIRFUSE_VA_KERNEL + 64;
	/* r6 = ((word there) >> 8 ^ 0x55) & 0xffff; if (r6 != 0x1234) ... */
	const struct bpf_insn insns[] = {
		PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, (int)(__u32)at),
		PAIRFUSE_INSN(0, 0, 0, 0, (int)(at >> 32)), LDX(BPF_DW, 6, 1, 0),
		ALU(BPF_RSH, 6, 8), ALU(BPF_XOR, 6, 0x55), ALU(BPF_AND, 6, 0xffff), MOVI(0, 1),
		JMPI(BPF_JNE, 6, 0x1234, 1), MOVI(0, 2), EXIT,
	};
	unsigned char seen[ARRAY_SIZE(insns)] = { 0 };
	struct pairfuse_code_run run = { .insns = insns, .nr = ARRAY_SIZE(insns), .seen = seen };
	__u64 before, after;
	struct stage s;

	stage_begin(&s, false);
	s.out.patches = &patches;
	s.w->origins = &origins;
	run.ctx = s.ctx;
	while (!pairfuse_outside_read(&s.out, at + 8, &before, 8))
		s.out.seed++;
	assert_int_equal(pairfuse_interp(s.w, &run), 1);
	assert_true(origins.nr_wishes > 0);
	assert_int_equal(origins.wishes[0].origin.from, PAIRFUSE_FROM_OUTSIDE);
	assert_int_equal(origins.wishes[0].origin.at, at);
	assert_true(pairfuse_outside_patch(&s.out, at, &origins.wishes[0].value, 8));
	assert_int_equal(pairfuse_interp(s.w, &run), 2);
	assert_int_equal(origins.nr_wishes, 0);		/* it has gone both ways */
	assert_true(pairfuse_outside_read(&s.out, at + 8, &after, 8));
	assert_int_equal(before, after);
	s.w->origins = NULL;
	stage_end(&s);
}

/* A copy goes its own way. */
static void test_clone(void **state)
{
	const __u32 key = 1;
	struct pairfuse_world *copy;
	struct pairfuse_elem *e;
	struct stage s;
	__u64 value = 5;

	stage_begin(&s, false);
	assert_non_null(pairfuse_map_add(s.w, 0, &key, 0, &value, sizeof(value)));
	pairfuse_world_settle(s.w);
	copy = pairfuse_world_clone(s.w);
	assert_non_null(copy);
	e = pairfuse_map_get(copy, 0, &key, 0);
	assert_non_null(e);
	assert_memory_equal(pairfuse_region(copy, e->value, 8, false), &value, 8);
	assert_ptr_equal(pairfuse_region_elem(copy, e->value), e);
	memset(pairfuse_region(copy, e->value, 8, true), 0, 8);
	assert_int_equal(pairfuse_map_delete(copy, 0, &key), 0);
	assert_null(pairfuse_map_get(copy, 0, &key, 0));
	pairfuse_world_free(copy);
	e = pairfuse_map_get(s.w, 0, &key, 0);
	assert_non_null(e);
	assert_memory_equal(pairfuse_region(s.w, e->value, 8, false), &value, 8);
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_atomics), cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_maps), cmocka_unit_test(test_worlds),
		cmocka_unit_test(test_nonsense), cmocka_unit_test(test_origins),
		cmocka_unit_test(test_clone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
