// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers, and instructions one after the other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gen.h"

/* splitmix64: good from the first number on, whatever the seed */
__u64 fuzz_next(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned int fuzz_rnd(struct gen *g, unsigned int n)
{
	return fuzz_next(&g->rnd) % n;
}

bool fuzz_chance(struct gen *g, unsigned int percent)
{
	return fuzz_rnd(g, 100) < percent;
}

__s32 fuzz_number(struct gen *g)
{
	static const __s32 special[] = {
		0, 1, -1, 2, 255, 256, 65535, 65536, 0x7fffffff, -0x7fffffff - 1, 1000, 1001,
	};

	switch (fuzz_rnd(g, 4)) {
	case 0:
		return special[fuzz_rnd(g, sizeof(special) / sizeof(special[0]))];
	case 1:
		return -(__s32)fuzz_rnd(g, 200);
	case 2:
		return fuzz_rnd(g, 8);
	}
	return fuzz_rnd(g, 100000);
}

void fuzz_emit(struct gen *g, struct bpf_insn insn)
{
	if (g->nr == FUZZ_MAX_INSNS) {
		fprintf(stderr, "a program of more than %u instructions\n", g->nr);
		abort();
	}
	g->insns[g->nr++] = insn;
}

static void emit_wide(struct gen *g, int reg, int src, __u32 low, __u32 high)
{
	fuzz_emit(g, PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, reg, src, 0, low));
	fuzz_emit(g, PAIRFUSE_INSN(0, 0, 0, 0, high));
}

void fuzz_emit_map(struct gen *g, int reg, int map)
{
	emit_wide(g, reg, BPF_PSEUDO_MAP_IDX, map, 0);
}

void fuzz_emit_global(struct gen *g, int reg, int map, unsigned int off)
{
	emit_wide(g, reg, BPF_PSEUDO_MAP_IDX_VALUE, map, off);
}

void fuzz_emit_imm64(struct gen *g, int reg, __u64 v)
{
	emit_wide(g, reg, 0, v, v >> 32);
}

void fuzz_emit_addr(struct gen *g, int reg, int off)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(reg, 10));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(reg, off));
}

unsigned int fuzz_jump(struct gen *g, struct bpf_insn insn)
{
	fuzz_emit(g, insn);
	return g->nr - 1;
}

void fuzz_here(struct gen *g, unsigned int jump)
{
	g->insns[jump].off = g->nr - jump - 1;
}

/* Some compilers join all exits, some copy them. */
void fuzz_return(struct gen *g)
{
	if (fuzz_chance(g, 50) && g->nr_outs < sizeof(g->outs) / sizeof(g->outs[0])) {
		g->outs[g->nr_outs++] = fuzz_jump(g, PAIRFUSE_JA());
		return;
	}
	fuzz_emit(g, PAIRFUSE_MOV_IMM(0, 0));
	fuzz_emit(g, PAIRFUSE_EXIT());
}

struct fuzz_mark fuzz_stmt(struct gen *g)
{
	struct fuzz_mark m = { .nr = g->nr, .nr_outs = g->nr_outs, .nr_subs = g->nr_subs };
	unsigned int n = g->nr_stmts++;

	m.dropped = g->drop && n < FUZZ_MAX_STMTS && g->drop[n];
	return m;
}

void fuzz_stmt_end(struct gen *g, struct fuzz_mark m)
{
	if (!m.dropped)
		return;
	g->nr = m.nr;
	g->nr_outs = m.nr_outs;
	g->nr_subs = m.nr_subs;
}
