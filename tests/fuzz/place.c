// SPDX-License-Identifier: GPL-2.0
/*
 * Places: pointers that lead to the stack on one path and to a map's value or global
 * data on another, helpers that fill such memory, arrays on the stack whose index is
 * not known.
 */
#include "gen.h"

static void mask(struct gen *g, int reg, unsigned int bits)
{
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, reg, 0, 0, bits));
}

static void add(struct gen *g, int dst, int src)
{
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0));
}

/* r2 is at most these bits, by a mask or by a comparison. */
static void limit(struct gen *g, unsigned int bits)
{
	unsigned int ok;

	if (fuzz_chance(g, 60)) {
		mask(g, 2, bits);
		return;
	}
	ok = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JLE, 2, bits));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, bits));
	fuzz_here(g, ok);
}

/* --- by path --- */

/* r1 = a word of .bss under a condition, else a local; r0-r5 are lost */
static void global_or_local(struct gen *g)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	unsigned int word = fuzz_rnd(g, FUZZ_GLOBALS), end;
	struct fuzz_unless otherwise = fuzz_if(g, &c);

	fuzz_emit_global(g, 1, g->bss, 8 * word);
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	fuzz_here(g, end);
}

/* r1 = an element of the histogram, or a local where there is none; r0-r5 are lost */
static void element_or_local(struct gen *g)
{
	unsigned int none;

	fuzz_value(g, 1);
	mask(g, 0, 15);		/* it has 8 elements */
	fuzz_emit(g, PAIRFUSE_STX(BPF_W, 10, 0, FUZZ_KEY2));
	fuzz_emit_map(g, 1, g->hist);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_here(g, none);
}

/* r1 = a word of the per-CPU buffer, or a local where there is none; r0-r5 are lost */
static void buffer_or_local(struct gen *g)
{
	unsigned int none;

	fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY2, 0));
	fuzz_emit_map(g, 1, g->scratch);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(1, 8 * (int)fuzz_rnd(g, FUZZ_SCRATCH / 8)));
	fuzz_here(g, none);
}

static void place(struct gen *g)
{
	switch (fuzz_rnd(g, 4)) {
	case 3:
		buffer_or_local(g);
		break;
	case 0:
		fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
		break;
	case 1:
		global_or_local(g);
		break;
	case 2:
		element_or_local(g);
		break;
	}
}

static void write_place(struct gen *g)
{
	g->key_built = false;	/* it may have been written over */
	fuzz_value(g, 1);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_TEMP(0)));
	place(g);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 10, FUZZ_TEMP(0)));
	switch (fuzz_rnd(g, 3)) {
	case 0:
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
		break;
	case 1:
		fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD));
		break;
	case 2:
		fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 1, 0));
		add(g, 2, 0);
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 2, 0));
		break;
	}
}

/* One of two locals by path, and as many bytes as nobody knows before. */
static void fill_some(struct gen *g)
{
	struct fuzz_unless otherwise;
	struct fuzz_cond c;
	unsigned int end;

	fuzz_value(g, 1);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_TEMP(0)));
	c = fuzz_cond_any(g);
	otherwise = fuzz_if(g, &c);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	fuzz_here(g, end);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, FUZZ_TEMP(0)));
	limit(g, 7);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 8));	/* cannot be read: filled with zeroes */
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
}

static void fill_place(struct gen *g)
{
	g->key_built = false;
	if (fuzz_chance(g, 20)) {
		fill_some(g);
		return;
	}
	place(g);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 8));
	if (fuzz_nr_args(g) && fuzz_arg_is_pointer(g, 0) && fuzz_chance(g, 40)) {
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 1, FUZZ_TEMP(0)));
		fuzz_load_arg(g, 3, 0);
		fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 10, FUZZ_TEMP(0)));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 8));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
	} else if (fuzz_chance(g, 30)) {
		fuzz_emit(g, PAIRFUSE_MOV_REG(2, 1));
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 8));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(4, BPF_F_USER_STACK));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_stack));
	} else if (fuzz_chance(g, 30)) {
		fuzz_emit_imm64(g, 3, 0x7f0000001000ULL + 8 * fuzz_rnd(g, 64));
		fuzz_emit(g, PAIRFUSE_CALL(fuzz_chance(g, 50) ? BPF_FUNC_probe_read_user_str :
								  BPF_FUNC_probe_read_user));
	} else {
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
	}
}

/* --- arrays --- */

/*
 * r1 + *off: byte FUZZ_INDEX of the array, in one of the ways in which compilers say that. With
 * limits, nobody has to fear that it is another byte.
 */
static void element(struct gen *g, unsigned int bits, bool limits, int *off)
{
	int below = 8 * (int)fuzz_rnd(g, 4);

	*off = 0;
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, FUZZ_INDEX));
	if (limits)
		limit(g, bits);
	switch (fuzz_rnd(g, 3)) {
	case 0:		/* the array's address, and the index */
		fuzz_emit_addr(g, 1, FUZZ_ARRAY(g));
		add(g, 1, 2);
		return;
	case 1:		/* the frame's, an index that may be negative, and all else */
		fuzz_emit(g, PAIRFUSE_ADD_IMM(2, -below));
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 10));
		add(g, 1, 2);
		break;
	case 2:
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 2));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, -below));
		add(g, 1, 10);
		break;
	}
	*off = FUZZ_ARRAY(g) + below;
}

/* A word of the array is this number still? Told in .bss. */
static void unchanged(struct gen *g, int at, __s32 number)
{
	unsigned int no;

	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 10, at));
	no = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, number));
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
	fuzz_here(g, no);
}

/* Something is put into the array, something else is done, and it is looked at. */
static void array(struct gen *g, unsigned int depth)
{
	struct fuzz_known known = g->known;
	bool wide = fuzz_chance(g, 40), limits = fuzz_chance(g, 50);
	bool fixed = limits && fuzz_chance(g, 60);	/* a word of it is used directly, too */
	int at = FUZZ_ARRAY(g) + 8 * (int)fuzz_rnd(g, 4), number = fuzz_rnd(g, 3), off;
	unsigned int bits = wide ? 24 : 31;

	if (g->indexed)
		return;
	g->indexed = true;
	if (!limits)
		g->key_built = false;	/* nobody knows what is where from here on */
	fuzz_value(g, 0);
	mask(g, 0, bits);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_INDEX));
	if (fixed)
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, at, number));
	element(g, bits, limits, &off);
	fuzz_emit(g, PAIRFUSE_ST(wide ? BPF_DW : BPF_B, 1, off, fuzz_number(g)));
	fuzz_block(g, 2, depth + 1);
	g->known = known;
	element(g, bits, limits, &off);
	fuzz_emit(g, PAIRFUSE_LDX(wide ? BPF_DW : BPF_B, 0, 1, off));
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
	if (fixed)
		unchanged(g, at, number);
	g->indexed = false;
}

void fuzz_place_stmt(struct gen *g, unsigned int depth)
{
	switch (fuzz_rnd(g, 3)) {
	case 0:
		write_place(g);
		break;
	case 1:
		fill_place(g);
		break;
	case 2:
		if (depth < 2)
			array(g, depth);
		break;
	}
}
