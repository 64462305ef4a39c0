// SPDX-License-Identifier: GPL-2.0
/*
 * Shapes: what tools do beside keeping state in one map. More maps with the same key, a
 * per-CPU buffer that comes first, entries that see which of them was the first, exits
 * that count what they do not find; calls and pointers that compilers have merged.
 */
#include "gen.h"

static void count_global(struct gen *g, unsigned int word)
{
	fuzz_emit_global(g, 1, g->bss, 8 * word);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 1));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD));
}

/* --- of a group --- */

/* if (!phase) first++; phase = !phase; */
static void talk(struct gen *g)
{
	unsigned int some, done;

	fuzz_emit_global(g, 1, g->bss, 8 * (FUZZ_GLOBALS - 1));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 1, 0));
	some = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 2, 0));
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 1, 0, 1));
	count_global(g, FUZZ_GLOBALS - 2);
	done = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_here(g, some);
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 1, 0, 0));
	fuzz_here(g, done);
}

/* r0 = the per-CPU buffer or NULL */
static void buffer(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY2, 0));
	fuzz_emit_map(g, 1, g->scratch);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
}

static void fill_buffer(struct gen *g)
{
	unsigned int none;

	buffer(g);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0));
	fuzz_return(g);
	fuzz_here(g, none);
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 0, 0, fuzz_number(g)));
	if (!fuzz_chance(g, 50))
		return;
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(1, 8));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 16));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
}

void fuzz_shape_begin(struct gen *g)
{
	if (!g->is_exit && g->group->talks)
		talk(g);
	if (g->group->scratch)
		fill_buffer(g);
}

static void update_other(struct gen *g, int map, __u32 flags)
{
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_VALUE2, 0));
	fuzz_map_and_key(g, map);
	fuzz_emit_addr(g, 3, FUZZ_VALUE2);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, flags));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
}

void fuzz_shape_stored(struct gen *g)
{
	if (g->group->second >= 0)
		update_other(g, g->group->second, BPF_ANY);
	if (g->group->tally >= 0)
		update_other(g, g->group->tally, BPF_NOEXIST);
}

/* Is it in the other map, too? Or: one more of the thread's. */
void fuzz_shape_found(struct gen *g)
{
	int map = g->group->second >= 0 ? g->group->second : g->group->tally;
	unsigned int none;

	if (map < 0)
		return;
	fuzz_map_and_key(g, map);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	if (map == g->group->tally) {
		fuzz_emit(g, PAIRFUSE_MOV_IMM(1, 1));
		fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD));
	} else {
		count_global(g, fuzz_rnd(g, FUZZ_GLOBALS));
	}
	fuzz_here(g, none);
}

void fuzz_shape_missing(struct gen *g)
{
	if (g->group->counts_missing)
		count_global(g, fuzz_rnd(g, FUZZ_GLOBALS));
}

/* --- anywhere --- */

/* One of two maps, neither of them the carrier, in one call. */
static void merged_maps(struct gen *g)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise;
	unsigned int end;
	bool removes = fuzz_chance(g, 30);

	fuzz_value(g, 0);
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 3));
	fuzz_emit(g, PAIRFUSE_STX(BPF_W, 10, 0, FUZZ_KEY2));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_VALUE2));
	otherwise = fuzz_if(g, &c);
	fuzz_emit_map(g, 1, g->counts);
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_map(g, 1, g->more);
	fuzz_here(g, end);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit_addr(g, 3, FUZZ_VALUE2);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, BPF_ANY));
	fuzz_emit(g, PAIRFUSE_CALL(removes ? BPF_FUNC_map_delete_elem : BPF_FUNC_map_update_elem));
}

/* One read, to either of two places on the stack and of either size; then an event. */
static void merged_places(struct gen *g)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise;
	unsigned int end, i;

	for (i = 0; i < 3; i++)
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_EVENT + 8 * (int)i, fuzz_number(g)));
	otherwise = fuzz_if(g, &c);
	fuzz_emit_addr(g, 1, FUZZ_EVENT);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 4));
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_addr(g, 1, FUZZ_EVENT + 8);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 16));
	fuzz_here(g, end);
	fuzz_emit_imm64(g, 3, 0xffff888000001000ULL + 8 * fuzz_rnd(g, 64));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
	fuzz_emit_map(g, 1, g->ring);
	fuzz_emit_addr(g, 2, FUZZ_EVENT);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 24));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ringbuf_output));
}

/* bpf_printk("%s", name) */
static void print(struct gen *g)
{
	fuzz_emit_addr(g, 1, FUZZ_COMM);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 16));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
	fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_VALUE2, 0x7325));
	fuzz_emit_addr(g, 1, FUZZ_VALUE2);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 3));
	fuzz_emit_addr(g, 3, FUZZ_COMM);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_trace_printk));
}

/* A string that is shorter than what it goes to, at the very top of the stack. */
static void short_source(struct gen *g)
{
	unsigned int none;

	buffer(g);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_LOCAL(0), 0x74726f));
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 100));
	fuzz_emit_addr(g, 3, FUZZ_LOCAL(0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel_str));
	fuzz_here(g, none);
}

/* A map that is only read. */
static void setting(struct gen *g)
{
	unsigned int none;

	fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY2, 0));
	fuzz_emit_map(g, 1, g->config);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 0, 0, 0));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_LOCAL(fuzz_rnd(g, 4))));
	fuzz_here(g, none);
}

/* How long has what lies between two readings of the clock taken? */
static void two_differences(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[0];

	if (!g->known.state || f->size != 8)
		return;
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 7, f->off));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 1, 0, 0));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_VALUE2));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_prandom_u32));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 7, f->off));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 1, 0, 0));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 10, FUZZ_VALUE2));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 1, 0, 0));
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD));
}

void fuzz_shape_stmt(struct gen *g)
{
	switch (fuzz_rnd(g, 7)) {
	case 0:
		merged_maps(g);
		break;
	case 1:
		merged_places(g);
		break;
	case 2:
		print(g);
		break;
	case 3:
		short_source(g);
		break;
	case 4:
		setting(g);
		break;
	case 5:
		two_differences(g);
		break;
	case 6:
		if (fuzz_chance(g, 15))
			fuzz_call_back(g);
		break;
	}
}
