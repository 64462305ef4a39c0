// SPDX-License-Identifier: GPL-2.0
/*
 * Statements: what programs do beside keeping state. Everything that they do
 * can be seen in a map or an event.
 */
#include "gen.h"

#define EVENT_WORDS	8

static void store(struct gen *g, __u8 size, int base, int src, int off)
{
	fuzz_emit(g, PAIRFUSE_STX(size, base, src, off));
}

/* r1 points to a number; add r0 to it, or put it there */
static void put_number(struct gen *g, bool wide)
{
	static const __s32 atomics[] = {
		BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG,
	};
	__u8 size = wide ? BPF_DW : BPF_W;

	switch (fuzz_rnd(g, 5)) {
	case 0:
		store(g, size, 1, 0, 0);
		break;
	case 1:
		fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | size, 1, 0, 0,
					   atomics[fuzz_rnd(g, 7)]));
		break;
	case 2:
		store(g, 8 * fuzz_rnd(g, 3), 1, 0, 0);	/* W, H or B */
		break;
	default:
		fuzz_emit(g, PAIRFUSE_LDX(size, 2, 1, 0));
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 0, 0, 0));
		store(g, size, 1, 2, 0);
	}
}

static void global(struct gen *g)
{
	fuzz_value(g, 0);
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	put_number(g, fuzz_chance(g, 80));
}

static void local(struct gen *g)
{
	fuzz_value(g, 0);
	if (fuzz_chance(g, 8))
		fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 0,
					   FUZZ_LOCAL(fuzz_rnd(g, 4)), BPF_ADD));
	else if (fuzz_chance(g, 10))
		store(g, pairfuse_size_code(1 << fuzz_rnd(g, 3)), 10, 0,
		      FUZZ_LOCAL(fuzz_rnd(g, 4)) + 4 * (int)fuzz_rnd(g, 2));
	else if (g->accumulates && fuzz_chance(g, 50))
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | (fuzz_chance(g, 50) ? BPF_ADD : BPF_XOR) |
					   BPF_X, 8, 0, 0, 0));
	else
		store(g, BPF_DW, 10, 0, FUZZ_LOCAL(fuzz_rnd(g, 4)));
}

/* --- events --- */

/* Words in FUZZ_EVENT; how many bytes. */
static unsigned int event_words(struct gen *g)
{
	unsigned int n = 1 + fuzz_rnd(g, EVENT_WORDS - 2), i;

	for (i = 0; i < n; i++) {
		fuzz_value(g, 0);
		store(g, BPF_DW, 10, 0, FUZZ_EVENT + 8 * i);
	}
	if (n + 2 > EVENT_WORDS || !fuzz_chance(g, 20))
		return 8 * n;
	fuzz_emit_addr(g, 1, FUZZ_EVENT + 8 * n);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 16));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
	return 8 * n + 16;
}

/* r4 = base + off */
static void perf_event(struct gen *g, int base, int off, unsigned int size)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
	fuzz_emit_map(g, 2, g->events);
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_K, 3, 0, 0, -1));	/* this CPU */
	fuzz_emit(g, PAIRFUSE_MOV_REG(4, base));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(4, off));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(5, size));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_perf_event_output));
}

static void ring_event(struct gen *g, int base, int off, unsigned int size)
{
	fuzz_emit_map(g, 1, g->ring);
	fuzz_emit(g, PAIRFUSE_MOV_REG(2, base));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(2, off));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, size));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ringbuf_output));
}

static void ring_record(struct gen *g, unsigned int size)
{
	unsigned int i, none;

	fuzz_emit_map(g, 1, g->ring);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, size));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ringbuf_reserve));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	for (i = 0; i < size; i += 8) {
		fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 10, FUZZ_EVENT + (int)i));
		store(g, BPF_DW, 0, 1, i);
	}
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ringbuf_submit));
	fuzz_here(g, none);
}

static void event(struct gen *g)
{
	unsigned int size = event_words(g);

	switch (fuzz_rnd(g, 4)) {
	case 3:		/* the locals are one, too */
		perf_event(g, 10, FUZZ_LOCAL(3), 8 << fuzz_rnd(g, 3));
		break;
	case 0:
		perf_event(g, 10, FUZZ_EVENT, fuzz_chance(g, 80) ? size : size - 3);
		break;
	case 1:
		ring_event(g, 10, FUZZ_EVENT, size);
		break;
	case 2:
		ring_record(g, size);
		break;
	}
}

/* --- other maps --- */

static void lookup(struct gen *g, int map, int key)
{
	fuzz_emit_map(g, 1, map);
	fuzz_emit_addr(g, 2, key);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
}

static void small_key(struct gen *g, unsigned int mask)
{
	fuzz_value(g, 0);
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, mask));
	store(g, BPF_W, 10, 0, FUZZ_KEY2);
}

static void histogram(struct gen *g)
{
	unsigned int none;

	small_key(g, 15);	/* it has 8 elements */
	lookup(g, g->hist, FUZZ_KEY2);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(1, 1));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD));
	fuzz_here(g, none);
}

static void count_delete(struct gen *g)
{
	small_key(g, 3);
	fuzz_emit_map(g, 1, g->counts);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_delete_elem));
}

static void count(struct gen *g)
{
	unsigned int some, done;

	if (fuzz_chance(g, 15)) {
		count_delete(g);
		return;
	}
	small_key(g, 3);
	fuzz_value(g, 0);
	store(g, BPF_DW, 10, 0, FUZZ_VALUE2);
	lookup(g, g->counts, FUZZ_KEY2);
	some = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0));
	fuzz_emit_map(g, 1, g->counts);
	fuzz_emit_addr(g, 2, FUZZ_KEY2);
	fuzz_emit_addr(g, 3, FUZZ_VALUE2);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, fuzz_rnd(g, 2)));	/* BPF_ANY or BPF_NOEXIST */
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
	done = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_here(g, some);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 0, 0));
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, FUZZ_VALUE2));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 2, 0, 0));
	store(g, BPF_DW, 0, 1, 0);
	fuzz_here(g, done);
}

/* --- structure --- */

static void branch(struct gen *g, unsigned int depth)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_known known = g->known;
	struct fuzz_unless otherwise = fuzz_if(g, &c);
	unsigned int end;

	fuzz_block(g, 2, depth + 1);
	if (fuzz_chance(g, 30)) {
		end = fuzz_jump(g, PAIRFUSE_JA());
		fuzz_endif(g, &otherwise);
		g->known = known;
		fuzz_block(g, 2, depth + 1);
		fuzz_here(g, end);
	} else {
		fuzz_endif(g, &otherwise);
	}
	g->known = known;
}

static void loop(struct gen *g, unsigned int depth)
{
	unsigned int n = 1 + fuzz_rnd(g, 4), top, counter = g->loops++;
	struct fuzz_known known = g->known;

	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_LOOP(counter), 0));
	top = g->nr;
	fuzz_block(g, 2, depth + 1);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 1, 10, FUZZ_LOOP(counter)));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(1, 1));
	store(g, BPF_DW, 10, 1, FUZZ_LOOP(counter));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_JMP | BPF_JLT | BPF_K, 1, 0, (int)top - (int)g->nr - 1, n));
	g->loops--;
	g->known = known;
}

static void early_return(struct gen *g)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise;

	/* the state must be there when an entry program ends that promised it */
	if (!g->is_exit && !g->known.stored && g->group->consume == FUZZ_STORE && !g->group->sloppy)
		return;
	otherwise = fuzz_if(g, &c);
	fuzz_leave(g);
	fuzz_endif(g, &otherwise);
}

/* --- the state --- */

static const struct fuzz_field *some_field(struct gen *g)
{
	return &g->group->fields[fuzz_rnd(g, g->group->nr_fields)];
}

static void write_field(struct gen *g)
{
	static const __s32 atomics[] = { BPF_ADD, BPF_XCHG, BPF_OR | BPF_FETCH, BPF_CMPXCHG };
	const struct fuzz_field *f = some_field(g);
	__u8 size = pairfuse_size_code(f->size);
	int base = 7, off = f->off;

	if (g->known.copy && fuzz_chance(g, 40)) {
		base = 9;
		off -= g->copy_off;
	}
	if (f->size >= 4 && fuzz_chance(g, 20)) {
		fuzz_value(g, 0);
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, fuzz_number(g)));
		fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | size, base, 2, off,
					   atomics[fuzz_rnd(g, 4)]));
		store(g, BPF_DW, 10, fuzz_chance(g, 50) ? 0 : 2, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	} else if (fuzz_chance(g, 15)) {
		fuzz_emit(g, PAIRFUSE_ST(size, base, off, fuzz_number(g)));
	} else {
		fuzz_value(g, 0);
		store(g, fuzz_chance(g, 10) && f->size > 1 ? pairfuse_size_code(f->size / 2) : size,
		      base, 0, off);
	}
}

/* A field, or a local: which is decided on the way that writes another field. */
static void write_by_path(struct gen *g)
{
	const struct fuzz_field *f = some_field(g), *other = some_field(g);
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise;
	unsigned int end;

	fuzz_value(g, 1);
	store(g, BPF_DW, 10, 0, FUZZ_TEMP(0));
	otherwise = fuzz_if(g, &c);
	fuzz_emit(g, PAIRFUSE_ST(pairfuse_size_code(other->size), 7, other->off, fuzz_number(g)));
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 7));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(1, f->off));
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	fuzz_here(g, end);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, FUZZ_TEMP(0)));
	store(g, pairfuse_size_code(f->size), 1, 2, 0);
}

/* A helper fills as much of a field as it has. */
static void fill_part(struct gen *g, const struct fuzz_field *f)
{
	if (fuzz_nr_args(g) && fuzz_arg_is_pointer(g, 0) && fuzz_chance(g, 70)) {
		fuzz_load_arg(g, 3, 0);
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 7));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, f->off));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, f->size));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel_str));
		store(g, BPF_DW, 10, 0, FUZZ_LOCAL(fuzz_rnd(g, 4)));
		return;
	}
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
	fuzz_emit(g, PAIRFUSE_MOV_REG(2, 7));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(2, f->off));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, f->size));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, BPF_F_USER_STACK));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_stack));
}

/* A helper fills a field. */
static void fill_field(struct gen *g)
{
	const struct fuzz_field *f = some_field(g);

	if (fuzz_chance(g, 30)) {
		fill_part(g, f);
		return;
	}
	if (fuzz_chance(g, 50) && fuzz_nr_args(g)) {
		fuzz_load_arg(g, 3, 0);
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 7));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, f->off));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, f->size));
		/* a number is no address that can be read: that fills with zeroes */
		if (!fuzz_arg_is_pointer(g, 0))
			fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 8));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
	} else {
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 7));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(1, f->off));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, f->size));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
	}
}

/* The state itself is an event, or the key of another map. */
static void give_state(struct gen *g)
{
	const struct fuzz_field *f = some_field(g);
	unsigned int off = f->off, size = f->size;

	if (g->group->full && fuzz_chance(g, 70)) {
		off = 0;
		size = g->group->value_size;
	}
	switch (fuzz_rnd(g, f->size >= 4 ? 3 : 2)) {
	case 0:
		perf_event(g, 7, off, size);
		break;
	case 1:
		ring_event(g, 7, off, size);
		break;
	case 2:
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_VALUE2, fuzz_number(g)));
		fuzz_emit_map(g, 1, g->counts);
		fuzz_emit(g, PAIRFUSE_MOV_REG(2, 7));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(2, f->off));
		fuzz_emit_addr(g, 3, FUZZ_VALUE2);
		fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
		break;
	}
}

static void state_stmt(struct gen *g)
{
	switch (fuzz_rnd(g, 8)) {
	case 0:
		give_state(g);
		break;
	case 1:
		fill_field(g);
		break;
	case 2:
	case 3:
		if (fuzz_chance(g, 1))
			write_by_path(g);
		else
			write_field(g);
		break;
	default:	/* used: field_value() */
		global(g);
	}
}

static void sub(struct gen *g)
{
	fuzz_call_sub(g);
	store(g, BPF_DW, 10, 0, FUZZ_LOCAL(fuzz_rnd(g, 4)));
}

static void statement(struct gen *g, unsigned int depth)
{
	if (fuzz_chance(g, 6)) {
		if (fuzz_chance(g, 80))
			fuzz_place_stmt(g, depth);
		else
			fuzz_shape_stmt(g);
		return;
	}
	switch (fuzz_rnd(g, g->known.state ? 22 : 16)) {
	case 0:
	case 1:
		event(g);
		break;
	case 2:
		histogram(g);
		break;
	case 3:
		count(g);
		break;
	case 4:
	case 5:
		local(g);
		break;
	case 6:
	case 7:
		if (depth < 3)
			branch(g, depth);
		break;
	case 8:
		if (depth < 2 && g->loops < 2)
			loop(g, depth);
		break;
	case 9:
		early_return(g);
		break;
	case 10:
		sub(g);
		break;
	case 11:
		fuzz_carrier_stmt(g);
		break;
	case 12:
	case 13:
	case 14:
	case 15:
		global(g);
		break;
	default:
		state_stmt(g);
	}
}

void fuzz_block(struct gen *g, unsigned int most, unsigned int depth)
{
	unsigned int n = 1 + fuzz_rnd(g, most), i;

	for (i = 0; i < n; i++) {
		struct fuzz_mark m = fuzz_stmt(g);

		statement(g, depth);
		fuzz_stmt_end(g, m);
	}
}
