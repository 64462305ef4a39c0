// SPDX-License-Identifier: GPL-2.0
/*
 * Subprograms: static functions that the compiler has not inlined.
 *
 * A body is made when the program is complete, from random numbers of its own,
 * so that it is the same whatever statements are left out.
 */
#include "gen.h"

enum {
	SUB_NUMBERS,	/* f(a, b) */
	SUB_BRANCH,	/* the same, with two returns */
	SUB_LOOP,	/* the same, with a loop */
	SUB_POINTER,	/* f(&local, b): of the caller's stack */
	SUB_FRAME,	/* f(a, b): an array of its own, with a variable for an index */
	SUB_INDEX,	/* f(&array, b): an index into the caller's, perhaps from its end */
	SUB_BELOW,	/* f(&array, b): uses what is in front of what it is given */
	SUB_CONTEXT,	/* f(ctx, b): sees the arguments, counts in a global */
	SUB_STATE,	/* f(state, b): reads and writes a field */
	SUB_KINDS,
	/* not drawn there */
	SUB_CALLBACK,	/* f(n, &local) */
	SUB_LOOKUP,	/* f(ctx): the state or NULL */
	SUB_DELETE,	/* f(ctx) */
};

static bool full(const struct gen *g)
{
	return g->nr_subs == sizeof(g->subs) / sizeof(g->subs[0]);
}

static void call(struct gen *g, unsigned int kind, __u64 rnd)
{
	g->subs[g->nr_subs++] = (struct fuzz_sub){ .call = g->nr, .kind = kind, .rnd = rnd };
	fuzz_emit(g, PAIRFUSE_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0));
}

bool fuzz_call_carrier(struct gen *g, bool is_delete)
{
	__u64 rnd = (__u64)fuzz_rnd(g, -1) << 32 | fuzz_rnd(g, -1);

	if (full(g))
		return false;
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
	call(g, is_delete ? SUB_DELETE : SUB_LOOKUP, rnd);
	return true;
}

/* bpf_loop(3, f, &local, 0); the call to be connected is where its address is taken. */
void fuzz_call_back(struct gen *g)
{
	__u64 rnd = (__u64)fuzz_rnd(g, -1) << 32 | fuzz_rnd(g, -1);

	if (full(g))
		return;
	fuzz_emit(g, PAIRFUSE_MOV_IMM(1, 3));
	g->subs[g->nr_subs++] = (struct fuzz_sub){ .call = g->nr, .kind = SUB_CALLBACK,
						   .rnd = rnd };
	fuzz_emit(g, PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_FUNC, 0, 0));
	fuzz_emit(g, PAIRFUSE_INSN(0, 0, 0, 0, 0));
	fuzz_emit_addr(g, 3, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_loop));
	g->calls_back = true;
}

void fuzz_call_sub(struct gen *g)
{
	unsigned int kind = fuzz_rnd(g, g->known.state ? SUB_KINDS : SUB_STATE);
	unsigned int local = fuzz_rnd(g, 4);
	__u64 rnd = (__u64)fuzz_rnd(g, -1) << 32 | fuzz_rnd(g, -1);

	fuzz_value(g, 1);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_TEMP(0)));
	fuzz_value(g, 1);
	if (full(g))
		return;
	fuzz_emit(g, PAIRFUSE_MOV_REG(2, 0));
	switch (kind) {
	case SUB_POINTER:
		fuzz_emit_addr(g, 1, FUZZ_LOCAL(local));
		break;
	case SUB_INDEX:
	case SUB_BELOW:
		g->key_built = false;
		fuzz_emit_addr(g, 1, FUZZ_ARRAY(g));
		break;
	case SUB_CONTEXT:
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
		break;
	case SUB_STATE:
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 7));
		break;
	default:
		fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 10, FUZZ_TEMP(0)));
	}
	call(g, kind, rnd);
}

static void numbers(struct gen *g)
{
	static const __u8 ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_XOR, BPF_OR };

	fuzz_emit(g, PAIRFUSE_MOV_REG(0, 1));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | ops[fuzz_rnd(g, 5)] | BPF_X, 0, 2, 0, 0));
	if (fuzz_chance(g, 50))
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | ops[fuzz_rnd(g, 5)] | BPF_K, 0, 0, 0,
					   fuzz_number(g)));
}

static void branches(struct gen *g)
{
	unsigned int other;

	fuzz_emit(g, PAIRFUSE_MOV_IMM(0, fuzz_number(g)));
	other = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JGT, 1, fuzz_number(g)));
	fuzz_emit(g, PAIRFUSE_EXIT());
	fuzz_here(g, other);
	fuzz_emit(g, PAIRFUSE_MOV_REG(0, 2));
}

/* r6 and r7 are the caller's again when it returns */
static void loops(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(6, 1));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(7, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(0, 0));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_XOR | BPF_X, 0, 6, 0, 0));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 0, 2, 0, 0));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(7, 1));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_JMP | BPF_JLT | BPF_K, 7, 0, -4, 1 + fuzz_rnd(g, 5)));
}

/* Its own stack: the address of a word there is given to a helper, too. */
static void pointer(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 2, -8));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 1, 0));
	if (fuzz_chance(g, 50))
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 2, 0));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, -8));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 2, 0, 0));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
}

/* r3 = r1 + r2 % 4 * 8, or as much in front of r1 + 24 */
static void index_by(struct gen *g, bool back)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(3, 2));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 24));
	if (back) {
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, 24));
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_NEG, 3, 0, 0, 0));
	}
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 3, 1, 0, 0));
}

/* A word of its own at each end; what is put into the array is what it returns. */
static void frame(struct gen *g)
{
	int array = fuzz_chance(g, 50) ? -40 : -56;

	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 1, -8));
	fuzz_emit_addr(g, 1, array);
	index_by(g, fuzz_chance(g, 50));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 3, 2, 0));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 10, -8));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 3, 0));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_XOR | BPF_X, 0, 1, 0, 0));
}

static void indexes(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 2, -8));
	index_by(g, fuzz_chance(g, 50));
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 3, 0, fuzz_number(g)));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 10, -8));
}

static void below(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 2, -8));
	if (fuzz_chance(g, 50)) {
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 1, -8, fuzz_number(g)));
	} else {
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, -8));
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 1, 0, fuzz_number(g)));
	}
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 10, -8));
}

static void context(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(6, 1));
	fuzz_emit(g, PAIRFUSE_MOV_REG(9, 2));
	if (fuzz_nr_args(g) && !fuzz_arg_is_pointer(g, 0))
		fuzz_load_arg(g, 0, 0);
	else
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 0, 9, 0, 0));
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
}

static void state(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[fuzz_rnd(g, g->group->nr_fields)];
	__u8 size = pairfuse_size_code(f->size);

	fuzz_emit(g, PAIRFUSE_LDX(size, 0, 1, f->off));
	if (fuzz_chance(g, 40)) {
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 0, 0, 0));
		fuzz_emit(g, PAIRFUSE_STX(size, 1, 2, f->off));
	}
}

static void callback(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 2, 0));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 0, 1, 0, 0));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 2, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(0, 0));
}

static void body(struct gen *g, unsigned int kind)
{
	switch (kind) {
	case SUB_NUMBERS:
		numbers(g);
		break;
	case SUB_BRANCH:
		branches(g);
		break;
	case SUB_LOOP:
		loops(g);
		break;
	case SUB_POINTER:
		pointer(g);
		break;
	case SUB_FRAME:
		frame(g);
		break;
	case SUB_INDEX:
		indexes(g);
		break;
	case SUB_BELOW:
		below(g);
		break;
	case SUB_CONTEXT:
		context(g);
		break;
	case SUB_STATE:
		state(g);
		break;
	case SUB_CALLBACK:
		callback(g);
		break;
	case SUB_LOOKUP:
	case SUB_DELETE:
		fuzz_carrier_sub(g, kind == SUB_DELETE);
		break;
	}
	fuzz_emit(g, PAIRFUSE_EXIT());
}

void fuzz_subs(struct gen *g)
{
	__u64 rnd = g->rnd;
	unsigned int i;

	for (i = 0; i < g->nr_subs; i++) {
		g->insns[g->subs[i].call].imm = g->nr - g->subs[i].call - 1;
		g->rnd = g->subs[i].rnd;
		body(g, g->subs[i].kind);
	}
	g->rnd = rnd;
}
