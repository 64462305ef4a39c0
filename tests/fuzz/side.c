// SPDX-License-Identifier: GPL-2.0
/*
 * The carrier, and the two sides of a pair around it.
 */
#include "gen.h"
#include "hook.h"

#define RARELY	8	/* per cent */

static bool is_array(const struct gen *g)
{
	return g->group->type == BPF_MAP_TYPE_ARRAY ||
	       g->group->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_storage(const struct gen *g)
{
	return g->group->type == BPF_MAP_TYPE_TASK_STORAGE;
}

/* --- the key --- */

static void put(struct gen *g, __u8 size, int off)
{
	fuzz_emit(g, PAIRFUSE_STX(size, 10, 0, FUZZ_KEY + off));
}

static void shift(struct gen *g, __u8 op, unsigned int bits)
{
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | op | BPF_K, 0, 0, 0, bits));
}

static void ids(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_pid_tgid));
}

/* r0 = the thread's id, in one of the ways in which compilers say that */
static void tid(struct gen *g)
{
	ids(g);
	switch (fuzz_rnd(g, 3)) {
	case 0:
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0));
		break;
	case 1:
		shift(g, BPF_LSH, 32);
		shift(g, BPF_RSH, 32);
		break;
	case 2:
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_AND | BPF_K, 0, 0, 0, -1));
		break;
	}
}

static void key_tid(struct gen *g)
{
	switch (fuzz_rnd(g, 3)) {
	case 0:
		ids(g);
		put(g, BPF_W, 0);
		break;
	case 1:		/* its low half comes first */
		ids(g);
		put(g, BPF_DW, 0);
		break;
	case 2:
		tid(g);
		put(g, BPF_W, 0);
		break;
	}
}

static void key_pid_tgid(struct gen *g)
{
	ids(g);
	if (fuzz_chance(g, 70)) {
		put(g, BPF_DW, 0);
		return;
	}
	put(g, BPF_W, 0);
	shift(g, BPF_RSH, 32);
	put(g, BPF_W, 4);
}

static void build_key(struct gen *g)
{
	switch (g->group->key) {
	case FUZZ_KEY_TID:
		key_tid(g);
		break;
	case FUZZ_KEY_TID64:
		tid(g);
		put(g, BPF_DW, 0);
		break;
	case FUZZ_KEY_TID_CONST:
		fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY + 4, g->index));
		key_tid(g);
		/* the second word again, which the first may have covered */
		fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY + 4, g->index));
		break;
	case FUZZ_KEY_TGID:
		ids(g);
		shift(g, BPF_RSH, 32);
		put(g, fuzz_chance(g, 50) ? BPF_W : BPF_DW, 0);
		break;
	case FUZZ_KEY_PID_TGID:
		key_pid_tgid(g);
		break;
	case FUZZ_KEY_TASK:
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_task));
		put(g, BPF_DW, 0);
		break;
	case FUZZ_KEY_ARG:
		fuzz_load_arg(g, 0, 0);
		put(g, BPF_DW, 0);
		break;
	case FUZZ_KEY_TID_ARG:
		tid(g);
		put(g, BPF_DW, 0);
		fuzz_load_arg(g, 0, 0);
		put(g, BPF_DW, 8);
		break;
	case FUZZ_KEY_CONST:
		fuzz_emit(g, PAIRFUSE_ST(BPF_W, 10, FUZZ_KEY, g->index));
		break;
	}
}

/* r1 and r2 for a helper of the map */
static void map_and_key(struct gen *g)
{
	if (is_storage(g)) {
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_task_btf));
		fuzz_emit(g, PAIRFUSE_MOV_REG(2, 0));
		fuzz_emit_map(g, 1, g->group->map);
		return;
	}
	if (!g->key_built || fuzz_chance(g, 20))
		build_key(g);
	if (fuzz_chance(g, 50)) {
		fuzz_emit_map(g, 1, g->group->map);
		fuzz_emit_addr(g, 2, FUZZ_KEY);
	} else {
		fuzz_emit_addr(g, 2, FUZZ_KEY);
		fuzz_emit_map(g, 1, g->group->map);
	}
}

void fuzz_map_and_key(struct gen *g, int map)
{
	build_key(g);
	fuzz_emit_map(g, 1, map);
	fuzz_emit_addr(g, 2, FUZZ_KEY);
}

/* --- accesses --- */

/* r0 = the state or NULL */
static void lookup(struct gen *g, bool create)
{
	if (!create && fuzz_chance(g, 8) && fuzz_call_carrier(g, false))
		return;
	map_and_key(g);
	if (!is_storage(g)) {
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_lookup_elem));
		return;
	}
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, create));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_task_storage_get));
}

static void delete(struct gen *g)
{
	if (!fuzz_chance(g, 8) || !fuzz_call_carrier(g, true)) {
		map_and_key(g);
		fuzz_emit(g, PAIRFUSE_CALL(is_storage(g) ? BPF_FUNC_task_storage_delete :
							   BPF_FUNC_map_delete_elem));
	}
	if (!fuzz_chance(g, 10))
		return;
	/* if (!bpf_map_delete_elem()) */
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 1, 0, 0));
}

void fuzz_carrier_sub(struct gen *g, bool is_delete)
{
	g->key_built = false;
	fuzz_emit(g, PAIRFUSE_MOV_REG(6, 1));
	map_and_key(g);
	if (is_storage(g)) {
		fuzz_emit(g, PAIRFUSE_MOV_IMM(3, 0));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
	}
	fuzz_emit(g, PAIRFUSE_CALL(is_storage(g) ? is_delete ? BPF_FUNC_task_storage_delete :
							       BPF_FUNC_task_storage_get :
						   is_delete ? BPF_FUNC_map_delete_elem :
							       BPF_FUNC_map_lookup_elem));
}

static void zero_first(struct gen *g, int reg)
{
	fuzz_emit(g, PAIRFUSE_ST(pairfuse_size_code(g->group->fields[0].size), reg,
				 g->group->fields[0].off, 0));
}

static void consume(struct gen *g)
{
	unsigned int none;

	switch (g->group->consume) {
	case FUZZ_REMOVE:
		delete(g);
		break;
	case FUZZ_STORE:
	case FUZZ_KEEP:
		break;
	case FUZZ_ZERO:
		if (g->known.state) {
			zero_first(g, 7);
			break;
		}
		lookup(g, false);
		none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
		zero_first(g, 0);
		fuzz_here(g, none);
		break;
	}
	if (g->group->second >= 0) {
		fuzz_map_and_key(g, g->group->second);
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_delete_elem));
	}
	g->known.removed = true;
}

void fuzz_leave(struct gen *g)
{
	struct fuzz_known known = g->known;

	if (g->is_exit && !g->known.removed && !(g->group->sloppy && fuzz_chance(g, 40)))
		consume(g);
	fuzz_return(g);
	g->known = known;
}

/* --- storing --- */

/* The number of a field into r0: what a tool would keep. */
static void field_number(struct gen *g, unsigned int i)
{
	if (i == 0 && fuzz_chance(g, 70))
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
	else
		fuzz_value(g, 0);
}

static void fill(struct gen *g, int base, int off)
{
	unsigned int i;

	for (i = 0; i < g->group->nr_fields; i++) {
		const struct fuzz_field *f = &g->group->fields[i];
		__u8 size = pairfuse_size_code(f->size);

		if (fuzz_chance(g, 10)) {
			fuzz_emit(g, PAIRFUSE_ST(size, base, off + f->off, fuzz_number(g)));
			continue;
		}
		if (!fuzz_chance(g, 4) || !fuzz_surplus(g))
			field_number(g, i);
		fuzz_emit(g, PAIRFUSE_STX(size, base, 0, off + f->off));
	}
}

/*
 * A field of what will be stored is set through a pointer that is there on one path, and
 * on the other leads to a local, by a store or a helper.
 */
static void fill_by_path(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[fuzz_rnd(g, g->group->nr_fields)];
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise = fuzz_if(g, &c);
	unsigned int end;

	fuzz_emit_addr(g, 1, FUZZ_VALUE(g) + (int)f->off);
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	fuzz_here(g, end);
	if (fuzz_chance(g, 50)) {
		fuzz_emit(g, PAIRFUSE_ST(pairfuse_size_code(f->size), 1, 0, fuzz_number(g)));
		return;
	}
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, f->size));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
}

/* The value to be stored, on the stack. */
static void build_value(struct gen *g)
{
	unsigned int off;

	for (off = 0; g->group->full && off < g->group->value_size; off += 8)
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_VALUE(g) + (int)off, 0));
	fill(g, 10, FUZZ_VALUE(g));
	if (fuzz_chance(g, 3))
		fill_by_path(g);
}

static void update_call(struct gen *g, int reg, int off)
{
	unsigned int flags = g->group->sloppy && fuzz_chance(g, 20) ? fuzz_rnd(g, 3) : BPF_ANY;

	map_and_key(g);
	fuzz_emit(g, PAIRFUSE_MOV_REG(3, reg));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(3, off));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, flags));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
}

/* Only where there is nothing, and so that it is known. */
static void update_absent(struct gen *g)
{
	unsigned int some;

	build_value(g);
	lookup(g, false);
	some = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0));
	map_and_key(g);
	fuzz_emit_addr(g, 3, FUZZ_VALUE(g));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, BPF_NOEXIST));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
	fuzz_here(g, some);
}

static void update(struct gen *g)
{
	if (g->group->value_size <= 8 && fuzz_chance(g, 5)) {	/* from elsewhere */
		map_and_key(g);
		fuzz_emit_global(g, 3, fuzz_chance(g, 50) ? g->bss : g->rodata,
				 8 * fuzz_rnd(g, FUZZ_RODATA));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(4, 0));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
		return;
	}
	build_value(g);
	update_call(g, 10, FUZZ_VALUE(g));
}

/* r0 points to the state or is NULL: do it if it is there */
static void in_place(struct gen *g, bool keep)
{
	unsigned int none;

	if (keep) {	/* gone on with only if it is there, which is always */
		none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0));
		fuzz_return(g);
		fuzz_here(g, none);
		fuzz_found(g);
		fill(g, 7, 0);
		return;
	}
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(7, 0));
	fill(g, 7, 0);
	fuzz_here(g, none);
}

/* Either the one value or the other, with one or two updates. */
static void update_branches(struct gen *g)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	bool two = fuzz_chance(g, 50);
	struct fuzz_unless otherwise = fuzz_if(g, &c);
	unsigned int end;

	if (two)
		update(g);
	else
		build_value(g);
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	build_value(g);
	if (!two)
		fuzz_here(g, end);
	update_call(g, 10, FUZZ_VALUE(g));
	if (two)
		fuzz_here(g, end);
}

static void update_or_change(struct gen *g)
{
	unsigned int none, end;

	lookup(g, false);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(7, 0));
	fill(g, 7, 0);
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_here(g, none);
	update(g);
	fuzz_here(g, end);
}

/*
 * The ends of two branches, merged by the compiler: one call, of either map, or with
 * either flags.
 */
static void update_merged(struct gen *g, bool maps)
{
	struct fuzz_cond c = fuzz_cond_any(g);
	struct fuzz_unless otherwise;
	unsigned int end;

	build_value(g);
	otherwise = fuzz_if(g, &c);
	update_call(g, 10, FUZZ_VALUE(g));
	map_and_key(g);
	if (maps)
		fuzz_emit_map(g, 1, g->counts);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, BPF_ANY));
	end = fuzz_jump(g, PAIRFUSE_JA());
	fuzz_endif(g, &otherwise);
	map_and_key(g);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(4, maps ? BPF_ANY : BPF_NOEXIST));
	fuzz_here(g, end);
	fuzz_emit_addr(g, 3, FUZZ_VALUE(g));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_map_update_elem));
}

static void store(struct gen *g)
{
	bool maps = g->group->fields[0].size == 8;	/* as large as a count */

	if (is_array(g) || is_storage(g)) {
		lookup(g, true);
		in_place(g, fuzz_chance(g, 60));
		return;
	}
	if (fuzz_chance(g, 1) && (maps || g->group->sloppy)) {
		update_merged(g, maps);
		return;
	}
	if (g->group->noexist) {
		update_absent(g);
		return;
	}
	switch (fuzz_rnd(g, 8)) {
	case 0:
		update_branches(g);
		break;
	case 1:
		update(g);
		lookup(g, false);
		in_place(g, true);
		break;
	case 2:
		if (g->group->consume == FUZZ_REMOVE) {
			update_or_change(g);
			break;
		}
		/* fallthrough */
	default:
		update(g);
	}
}

/* --- anywhere in a program --- */

static void lookup_again(struct gen *g)
{
	struct fuzz_known known = g->known;
	unsigned int none;

	lookup(g, !g->is_exit && fuzz_chance(g, 30));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_found(g);
	fuzz_block(g, 1, 2);
	fuzz_here(g, none);
	g->known = known;
}

/* Whether there is state decides which argument is asked for. */
static void argument_by_path(struct gen *g)
{
	unsigned int nr = fuzz_nr_args(g), none;

	lookup(g, false);
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_LOCAL(0), 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, fuzz_rnd(g, nr)));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, fuzz_rnd(g, nr)));
	fuzz_here(g, none);
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
	fuzz_emit_addr(g, 3, FUZZ_LOCAL(0));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_func_arg));
}

/* The state if there is some, else a local. */
static void store_by_path(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[fuzz_rnd(g, g->group->nr_fields)];
	unsigned int none;

	fuzz_value(g, 1);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_TEMP(0)));
	lookup(g, false);
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(fuzz_rnd(g, 4)));
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 0));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(1, f->off));
	fuzz_here(g, none);
	fuzz_emit(g, PAIRFUSE_LDX(BPF_DW, 2, 10, FUZZ_TEMP(0)));
	fuzz_emit(g, PAIRFUSE_STX(pairfuse_size_code(f->size), 1, 2, 0));
}

/* Could a tool do that here, and its pair still be one that makes sense? */
void fuzz_carrier_stmt(struct gen *g)
{
	bool sloppy = g->group->sloppy;
	unsigned int kind = fuzz_rnd(g, 4);

	if (!g->is_exit && !g->known.stored && g->group->consume != FUZZ_REMOVE && !sloppy)
		return;
	if (kind == 0 && !is_array(g) &&
	    (sloppy || g->is_exit || g->group->consume == FUZZ_REMOVE)) {
		if (g->is_exit && g->group->consume != FUZZ_REMOVE && !sloppy)
			return;
		delete(g);
		g->known.removed = true;
	} else if (kind == 1 && !is_array(g) && !is_storage(g) && g->group->value_size <= 64 &&
		   (sloppy || g->known.stored)) {
		update(g);
		g->known.removed = false;
	} else if (kind == 2 && g->known.state && !is_array(g) && !is_storage(g) && sloppy) {
		update_call(g, 7, 0);
	} else if (kind == 3 && fuzz_chance(g, 3) && pairfuse_hook_is_typed(g->at)) {
		argument_by_path(g);
	} else if (kind == 3 && fuzz_chance(g, 3)) {
		store_by_path(g);
	} else {
		lookup_again(g);
	}
}

/* --- the two sides --- */

static void prologue(struct gen *g)
{
	unsigned int i;

	fuzz_emit(g, PAIRFUSE_MOV_REG(6, 1));
	for (i = 0; i < 4; i++)
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_LOCAL(i), fuzz_number(g)));
	g->accumulates = fuzz_chance(g, 50);
	if (g->accumulates)
		fuzz_emit(g, PAIRFUSE_MOV_IMM(8, fuzz_number(g)));
	g->copy_off = g->group->fields[fuzz_rnd(g, g->group->nr_fields)].off;
	g->key_built = !is_storage(g) && fuzz_chance(g, 60);
	g->known = (struct fuzz_known){ 0 };
}

/* The filter's opposite ends the program. */
static void filter(struct gen *g, const struct fuzz_cond *c)
{
	struct fuzz_unless otherwise = fuzz_if(g, c);
	unsigned int go = fuzz_jump(g, PAIRFUSE_JA());

	fuzz_endif(g, &otherwise);
	fuzz_return(g);
	fuzz_here(g, go);
}

static void maybe_block(struct gen *g, unsigned int percent, unsigned int most)
{
	if (fuzz_chance(g, percent))
		fuzz_block(g, most, 0);
}

/* In a call of the thread already? Then not again: that one is counted. */
static void decline(struct gen *g)
{
	unsigned int none;

	lookup(g, false);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 1));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD));
	fuzz_return(g);
	fuzz_here(g, none);
}

void fuzz_entry(struct gen *g)
{
	prologue(g);
	fuzz_shape_begin(g);
	maybe_block(g, 25, 2);
	if (g->group->filtered)
		filter(g, &g->group->filter);
	if (g->key_built)
		build_key(g);
	if (g->group->declines)
		decline(g);
	store(g);
	fuzz_shape_stored(g);
	g->known.stored = true;
	maybe_block(g, 50, 3);
	fuzz_return(g);
}

/* Calls that went well are forgotten, or none is: what stays is for user space. */
static void result(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[g->group->nr_fields - 1];
	unsigned int bad;

	fuzz_value(g, 0);
	if (fuzz_chance(g, 50)) {
		bad = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JSLT, 0, 0));
		delete(g);
		fuzz_return(g);
		fuzz_here(g, bad);
		g->known.state = false;
		return;
	}
	fuzz_emit(g, PAIRFUSE_LDX(pairfuse_size_code(f->size), 1, 7, f->off));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 0, 0, 0));
	fuzz_emit(g, PAIRFUSE_STX(pairfuse_size_code(f->size), 7, 1, f->off));
}

/* The state is found: r7. */
static void use_state(struct gen *g)
{
	unsigned int some;

	if (g->group->consume == FUZZ_ZERO) {
		const struct fuzz_field *f = &g->group->fields[0];

		fuzz_emit(g, PAIRFUSE_LDX(pairfuse_size_code(f->size), 0, 7, f->off));
		some = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0));
		fuzz_return(g);
		fuzz_here(g, some);
	}
	fuzz_shape_found(g);
	if (g->group->consume == FUZZ_REMOVE && fuzz_chance(g, 25))
		consume(g);
	fuzz_block(g, 5, 0);
	if (g->group->consume == FUZZ_KEEP)
		result(g);
	fuzz_leave(g);
}

void fuzz_exit(struct gen *g)
{
	/* of a system call, with something to do without state, it is refused */
	unsigned int without = pairfuse_hook_is_syscall(g->at) ? 2 : 12, none;

	prologue(g);
	fuzz_shape_begin(g);
	maybe_block(g, without, 2);
	if (g->group->filtered && fuzz_chance(g, 50) &&
	    (g->group->filter.kind != FUZZ_IF_ARG || fuzz_nr_args(g) > g->group->filter.n))
		filter(g, &g->group->filter);
	if (g->key_built)
		build_key(g);
	lookup(g, false);
	none = fuzz_jump(g, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0));
	fuzz_found(g);
	use_state(g);
	fuzz_here(g, none);
	g->known = (struct fuzz_known){ .removed = true };
	fuzz_shape_missing(g);
	maybe_block(g, without < RARELY ? without : RARELY, 2);
	fuzz_return(g);
}
