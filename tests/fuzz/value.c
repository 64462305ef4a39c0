// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers that programs compute, and conditions.
 */
#include "gen.h"
#include "hook.h"

/* struct pt_regs: where the arguments of a function are */
static const int regs_off[PAIRFUSE_MAX_REGS] = { 112, 104, 96, 88, 72, 64 };

#define REGS_AX		80
#define SYSCALL_NR	8	/* in the context of sys_enter, sys_exit */
#define SYSCALL_ARGS	16

static void load(struct gen *g, __u8 size, int reg, int base, int off)
{
	fuzz_emit(g, PAIRFUSE_LDX(size, reg, base, off));
}

unsigned int fuzz_nr_args(const struct gen *g)
{
	switch (g->at) {
	case PAIRFUSE_AT_KRETPROBE:
	case PAIRFUSE_AT_SYS_EXIT:
		return 0;
	case PAIRFUSE_AT_SYS_ENTER:
		return 6;
	default:
		return g->proto->nr_regs;
	}
}

bool fuzz_has_ret(const struct gen *g)
{
	return g->is_exit && g->proto->ret_size;
}

bool fuzz_arg_is_pointer(const struct gen *g, unsigned int arg)
{
	return !pairfuse_hook_is_syscall(g->at) && g->proto->btf_id[arg];
}

static int arg_off(const struct gen *g, unsigned int arg)
{
	switch (g->at) {
	case PAIRFUSE_AT_KPROBE:
		return regs_off[arg];
	case PAIRFUSE_AT_SYS_ENTER:
		return SYSCALL_ARGS + 8 * arg;
	default:
		return 8 * arg;
	}
}

/* A word of the context, read by a helper as BPF_CORE_READ() does; r0-r5 are lost. */
static void read_word(struct gen *g, int reg, int off)
{
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_TEMP(3), 0));
	fuzz_emit_addr(g, 1, FUZZ_TEMP(3));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 8));
	fuzz_emit(g, PAIRFUSE_MOV_REG(3, 6));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(3, off));
	fuzz_emit(g, PAIRFUSE_CALL(fuzz_chance(g, 80) ? BPF_FUNC_probe_read_kernel :
							BPF_FUNC_probe_read));
	load(g, BPF_DW, reg, 10, FUZZ_TEMP(3));
}

bool fuzz_surplus(struct gen *g)
{
	unsigned int nr = g->proto->nr_regs;

	if (g->at != PAIRFUSE_AT_KPROBE || nr >= PAIRFUSE_MAX_REGS)
		return false;
	load(g, BPF_DW, 0, 6, regs_off[nr + fuzz_rnd(g, PAIRFUSE_MAX_REGS - nr)]);
	return true;
}

void fuzz_load_arg(struct gen *g, int reg, unsigned int arg)
{
	if (pairfuse_hook_is_typed(g->at) && fuzz_chance(g, 5)) {
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
		fuzz_emit(g, PAIRFUSE_MOV_IMM(2, arg));
		fuzz_emit_addr(g, 3, FUZZ_TEMP(3));
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_TEMP(3), 0));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_func_arg));
		load(g, BPF_DW, reg, 10, FUZZ_TEMP(3));
		return;
	}
	if (fuzz_chance(g, 10))
		read_word(g, reg, arg_off(g, arg));
	else
		load(g, BPF_DW, reg, 6, arg_off(g, arg));
}

static int ret_off(const struct gen *g)
{
	return 8 * g->proto->nr_regs;
}

/* A member of the structure that an argument, or the return value, points to. */
static void member(struct gen *g, unsigned int value)
{
	bool is_ret = value == PAIRFUSE_VALUE_RET;
	static const __u8 sizes[] = { BPF_DW, BPF_DW, BPF_W, BPF_H, BPF_B };
	int off = 8 * fuzz_rnd(g, 2);	/* of a struct timespec64 */

	if (pairfuse_hook_is_typed(g->at) && fuzz_chance(g, 70)) {
		load(g, BPF_DW, 1, 6, is_ret ? ret_off(g) : arg_off(g, value));
		load(g, sizes[fuzz_rnd(g, 5)], 0, 1, off);
		return;
	}
	fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_TEMP(3), fuzz_number(g)));
	if (is_ret)
		load(g, BPF_DW, 3, 6, ret_off(g));
	else
		fuzz_load_arg(g, 3, value);
	fuzz_emit_addr(g, 1, FUZZ_TEMP(3));
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 1 << fuzz_rnd(g, 4)));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(3, off));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
	load(g, BPF_DW, 0, 10, FUZZ_TEMP(3));
}

static void arg_value(struct gen *g)
{
	unsigned int nr = fuzz_nr_args(g), arg = fuzz_rnd(g, 6);

	if (!nr) {
		if (g->at == PAIRFUSE_AT_SYS_EXIT)
			load(g, BPF_W, 0, 6, SYSCALL_NR);
		else
			fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_uid_gid));
		return;
	}
	arg %= nr;
	if (fuzz_arg_is_pointer(g, arg))
		member(g, arg);
	else if (fuzz_chance(g, 20))
		load(g, BPF_W, 0, 6, arg_off(g, arg));
	else
		fuzz_load_arg(g, 0, arg);
}

static void ret_value(struct gen *g)
{
	if (!fuzz_has_ret(g)) {
		arg_value(g);
	} else if (g->at == PAIRFUSE_AT_KRETPROBE && fuzz_chance(g, 10)) {
		read_word(g, 0, REGS_AX);
	} else if (g->at == PAIRFUSE_AT_KRETPROBE) {
		load(g, BPF_DW, 0, 6, REGS_AX);
	} else if (g->at == PAIRFUSE_AT_SYS_EXIT) {
		load(g, BPF_DW, 0, 6, SYSCALL_ARGS);
	} else if (g->proto->btf_id[PAIRFUSE_VALUE_RET]) {
		member(g, PAIRFUSE_VALUE_RET);
	} else if (fuzz_chance(g, 10)) {
		fuzz_emit(g, PAIRFUSE_ST(BPF_DW, 10, FUZZ_TEMP(3), 0));
		fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
		fuzz_emit_addr(g, 2, FUZZ_TEMP(3));
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_func_ret));
		load(g, BPF_DW, 0, 10, FUZZ_TEMP(3));
	} else {
		load(g, BPF_DW, 0, 6, ret_off(g));
	}
}

static void helper_value(struct gen *g)
{
	static const int helpers[] = {
		BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_ns,
		BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_get_current_pid_tgid,
		BPF_FUNC_get_current_pid_tgid, BPF_FUNC_get_current_uid_gid,
		BPF_FUNC_get_smp_processor_id, BPF_FUNC_get_prandom_u32,
		BPF_FUNC_get_current_task,
	};

	fuzz_emit(g, PAIRFUSE_CALL(helpers[fuzz_rnd(g, sizeof(helpers) / sizeof(helpers[0]))]));
}

static void context_value(struct gen *g)
{
	bool user = g->at != PAIRFUSE_AT_KRETPROBE || fuzz_chance(g, 50);

	fuzz_emit(g, PAIRFUSE_MOV_REG(1, 6));
	if (fuzz_chance(g, 60)) {
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_attach_cookie));
		return;
	}
	fuzz_emit_map(g, 2, g->stacks);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(3, user ? BPF_F_USER_STACK : 3));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_stackid));
}

void fuzz_found(struct gen *g)
{
	fuzz_emit(g, PAIRFUSE_MOV_REG(7, 0));
	g->known.state = true;
	/* whoever has one goes on having one, and it is of this state */
	g->known.copy |= fuzz_chance(g, 15);
	if (!g->known.copy)
		return;
	fuzz_emit(g, PAIRFUSE_MOV_REG(9, fuzz_chance(g, 50) ? 0 : 7));
	fuzz_emit(g, PAIRFUSE_ADD_IMM(9, g->copy_off));
}

/* numbers[i & 3] */
static void indexed(struct gen *g)
{
	fuzz_value(g, 2);
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 24));
	fuzz_emit_addr(g, 1, FUZZ_LOCAL(3));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 0, 0, 0));
	load(g, BPF_DW, 0, 1, 0);
}

/* A local, all of it or a part. */
static void local_value(struct gen *g)
{
	unsigned int part = 1 << fuzz_rnd(g, 4), n = fuzz_rnd(g, 4);

	if (fuzz_chance(g, 85)) {
		load(g, BPF_DW, 0, 10, FUZZ_LOCAL(n));
		return;
	}
	if (fuzz_chance(g, 30)) {
		indexed(g);
		return;
	}
	load(g, pairfuse_size_code(part), 0, 10,
	     FUZZ_LOCAL(n) + (int)(part * fuzz_rnd(g, 8 / part)));
}

static void field_value(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[fuzz_rnd(g, g->group->nr_fields)];
	bool spilled = fuzz_chance(g, 10);
	unsigned int size = f->size;
	int base = 7, off = f->off;

	if (size == 8 && fuzz_chance(g, 2) && (g->group->sloppy || fuzz_chance(g, 20))) {
		fuzz_emit(g, PAIRFUSE_MOV_REG(2, 7));	/* with an index: no slot can do that */
		fuzz_emit(g, PAIRFUSE_ADD_IMM(2, off));
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 2, FUZZ_SPILL));
		fuzz_value(g, 2);
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 7));
		load(g, BPF_DW, 1, 10, FUZZ_SPILL);
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_X, 1, 0, 0, 0));
		load(g, BPF_B, 0, 1, 0);
		return;
	}

	while (size > 1 && fuzz_chance(g, 10)) {	/* a part of it */
		size /= 2;
		off += fuzz_rnd(g, 2) * size;
	}
	if (spilled) {
		fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 7, FUZZ_SPILL));
		load(g, BPF_DW, 1, 10, FUZZ_SPILL);
		base = 1;
	} else if (g->known.copy && fuzz_chance(g, 40)) {
		base = 9;
		off -= g->copy_off;
	}
	if (fuzz_chance(g, 15)) {
		fuzz_emit(g, PAIRFUSE_MOV_REG(2, base));
		fuzz_emit(g, PAIRFUSE_ADD_IMM(2, off));
		load(g, pairfuse_size_code(size), 0, 2, 0);
	} else if (size < 8 && fuzz_chance(g, 5)) {
		fuzz_emit(g, PAIRFUSE_INSN(BPF_LDX | BPF_MEMSX | pairfuse_size_code(size), 0, base,
					   off, 0));
	} else {
		load(g, pairfuse_size_code(size), 0, base, off);
	}
}

/* Now - then: what most tools compute. */
static void elapsed(struct gen *g)
{
	const struct fuzz_field *f = &g->group->fields[0];
	__u8 class = fuzz_chance(g, 90) ? BPF_ALU64 : BPF_ALU;

	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
	load(g, pairfuse_size_code(f->size), 1, 7, f->off);
	fuzz_emit(g, PAIRFUSE_INSN(class | BPF_SUB | BPF_X, 0, 1, 0, 0));
}

static void leaf(struct gen *g)
{
	switch (fuzz_rnd(g, g->known.state ? 20 : 11)) {
	case 0:
		fuzz_emit(g, PAIRFUSE_MOV_IMM(0, fuzz_number(g)));
		break;
	case 1:
		if (fuzz_chance(g, 20))
			fuzz_emit_imm64(g, 0, (__u64)fuzz_rnd(g, -1) << 32 | fuzz_rnd(g, -1));
		else
			context_value(g);
		break;
	case 2:
		arg_value(g);
		break;
	case 3:
		ret_value(g);
		break;
	case 4:
		fuzz_emit_global(g, 1, g->rodata, 8 * fuzz_rnd(g, FUZZ_RODATA));
		load(g, fuzz_chance(g, 50) ? BPF_DW : BPF_W, 0, 1, 0);
		break;
	case 5:
		fuzz_emit_global(g, 1, g->bss, 8 * fuzz_rnd(g, FUZZ_GLOBALS));
		load(g, fuzz_chance(g, 70) ? BPF_DW : BPF_B, 0, 1, 0);
		break;
	case 6:
	case 7:
		local_value(g);
		break;
	case 8:
		if (g->accumulates)
			fuzz_emit(g, PAIRFUSE_MOV_REG(0, 8));
		else
			helper_value(g);
		break;
	case 9:
	case 10:
		helper_value(g);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
		elapsed(g);
		break;
	default:
		field_value(g);
	}
}

static void unary(struct gen *g)
{
	static const int widths[] = { 16, 32, 64 }, sign[] = { 8, 16, 32 };
	__u8 class = fuzz_chance(g, 50) ? BPF_ALU64 : BPF_ALU;

	switch (fuzz_rnd(g, 6)) {
	case 0:
		fuzz_emit(g, PAIRFUSE_INSN(class | BPF_NEG, 0, 0, 0, 0));
		break;
	case 4:		/* bswap, cpu v4 */
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_END, 0, 0, 0, widths[fuzz_rnd(g, 3)]));
		break;
	case 1:
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_END | (fuzz_chance(g, 50) ? BPF_X : 0), 0,
					   0, 0, widths[fuzz_rnd(g, 3)]));
		break;
	case 2:		/* sign extension, cpu v4 */
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 0, sign[fuzz_rnd(g, 3)],
					   0));
		break;
	default:	/* the low half */
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0));
	}
}

static __u8 alu_op(struct gen *g)
{
	static const __u8 ops[] = {
		BPF_ADD, BPF_ADD, BPF_SUB, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH,
		BPF_RSH, BPF_MOD, BPF_XOR, BPF_ARSH,
	};

	return ops[fuzz_rnd(g, sizeof(ops))];
}

/* r0 op= a constant that the verifier lets pass */
static void with_constant(struct gen *g)
{
	__u8 op = alu_op(g), class = fuzz_chance(g, 60) ? BPF_ALU64 : BPF_ALU;
	__s32 imm = fuzz_number(g);

	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		imm &= 31;
	if ((op == BPF_DIV || op == BPF_MOD) && !imm)
		imm = 1000;
	/* signed ones have 1 there, cpu v4; dividing by -1 overflows */
	fuzz_emit(g, PAIRFUSE_INSN(class | op | BPF_K, 0, 0,
				   (op == BPF_DIV || op == BPF_MOD) && imm != -1 &&
				   fuzz_chance(g, 25), imm));
}

static void binary(struct gen *g, unsigned int depth)
{
	__u8 op = alu_op(g), class = fuzz_chance(g, 60) ? BPF_ALU64 : BPF_ALU;

	fuzz_value(g, depth + 1);
	fuzz_emit(g, PAIRFUSE_STX(BPF_DW, 10, 0, FUZZ_TEMP(depth)));
	fuzz_value(g, depth + 1);
	load(g, BPF_DW, 1, 10, FUZZ_TEMP(depth));
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 31));
	fuzz_emit(g, PAIRFUSE_INSN(class | op | BPF_X, 1, 0, 0, 0));
	fuzz_emit(g, PAIRFUSE_MOV_REG(0, 1));
}

void fuzz_value(struct gen *g, unsigned int depth)
{
	unsigned int kind = fuzz_rnd(g, 10);

	if (kind < 2 && depth < 2) {
		binary(g, depth);
		return;
	}
	leaf(g);
	if (kind < 5)
		with_constant(g);
	else if (kind < 6)
		unary(g);
}

/* --- conditions --- */

static __u8 jump_op(struct gen *g)
{
	static const __u8 ops[] = {
		BPF_JEQ, BPF_JEQ, BPF_JNE, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT,
		BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET,
	};

	return ops[fuzz_rnd(g, sizeof(ops))];
}

struct fuzz_cond fuzz_cond_fixed(struct gen *g, unsigned int nr_args)
{
	struct fuzz_cond c = { .op = jump_op(g), .is32 = fuzz_chance(g, 40) };

	c.kind = fuzz_rnd(g, nr_args ? 4 : 3);
	if (fuzz_chance(g, 8))
		c.kind = fuzz_chance(g, 50) ? FUZZ_IF_COMM : FUZZ_IF_UID;
	if (fuzz_chance(g, 40))		/* what filters mostly are */
		c.op = fuzz_chance(g, 70) ? BPF_JEQ : BPF_JNE;
	switch (c.kind) {
	case FUZZ_IF_ARG:
		c.n = fuzz_rnd(g, nr_args);
		c.imm = fuzz_chance(g, 60) ? (__s32)fuzz_rnd(g, 4) : fuzz_number(g);
		break;
	case FUZZ_IF_OPTION:
	case FUZZ_IF_COMM:
		c.n = fuzz_rnd(g, FUZZ_RODATA);
		break;
	case FUZZ_IF_UID:
		c.imm = fuzz_rnd(g, 3);
		break;
	default:
		c.imm = 1000 + fuzz_rnd(g, 4);
	}
	return c;
}

struct fuzz_cond fuzz_cond_any(struct gen *g)
{
	struct fuzz_cond c = { .op = jump_op(g), .is32 = fuzz_chance(g, 40) };

	if (fuzz_chance(g, 35))
		return fuzz_cond_fixed(g, fuzz_nr_args(g));
	c.kind = FUZZ_IF_COMM + fuzz_rnd(g, 6);
	if (fuzz_chance(g, 40))
		c.kind = FUZZ_IF_VALUE;
	c.n = fuzz_rnd(g, FUZZ_GLOBALS);
	c.imm = fuzz_number(g);
	if (c.kind == FUZZ_IF_TIME)
		c.op = BPF_JSET;
	if (c.kind == FUZZ_IF_RANDOM)
		c.imm = fuzz_rnd(g, 1000);
	return c;
}

static __u8 opposite(__u8 op)
{
	switch (op) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JNE:
		return BPF_JEQ;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JLE:
		return BPF_JGT;
	case BPF_JGE:
		return BPF_JLT;
	case BPF_JLT:
		return BPF_JGE;
	case BPF_JSGT:
		return BPF_JSLE;
	case BPF_JSLE:
		return BPF_JSGT;
	case BPF_JSGE:
		return BPF_JSLT;
	}
	return BPF_JSGE;
}

/* Go on if r0 op imm (or r1), else jump. */
static void unless(struct gen *g, struct fuzz_unless *u, __u8 op, bool is32, bool reg, __s32 imm)
{
	struct bpf_insn insn = PAIRFUSE_INSN((is32 ? BPF_JMP32 : BPF_JMP) | (reg ? BPF_X : BPF_K),
					     0, reg, 0, reg ? 0 : imm);

	if (op == BPF_JSET) {
		insn.code |= op;
		insn.off = 1;
		fuzz_emit(g, insn);
		insn = PAIRFUSE_JA();
	} else {
		insn.code |= opposite(op);
	}
	u->jump[u->nr++] = fuzz_jump(g, insn);
}

static void thread_id(struct gen *g, bool process)
{
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_pid_tgid));
	if (process)
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32));
	else
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0));
}

/* if (option && tgid op option) */
static void if_option(struct gen *g, const struct fuzz_cond *c, struct fuzz_unless *u)
{
	fuzz_emit_global(g, 0, g->rodata, 8 * c->n);
	load(g, BPF_W, 0, 0, 0);
	unless(g, u, BPF_JNE, false, false, 0);
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_pid_tgid));
	fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32));
	fuzz_emit_global(g, 1, g->rodata, 8 * c->n);
	load(g, BPF_W, 1, 1, 0);
	unless(g, u, c->op, c->is32, true, 0);
}

/* the name is task-1000 or the like: its last character */
static void if_comm(struct gen *g, const struct fuzz_cond *c, struct fuzz_unless *u)
{
	fuzz_emit_addr(g, 1, FUZZ_COMM);
	fuzz_emit(g, PAIRFUSE_MOV_IMM(2, 16));
	fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_comm));
	load(g, BPF_B, 0, 10, FUZZ_COMM + 8);
	unless(g, u, c->op, c->is32, false, '0' + (c->n & 3));
}

struct fuzz_unless fuzz_if(struct gen *g, const struct fuzz_cond *c)
{
	struct fuzz_unless u = { .nr = 0 };

	switch (c->kind) {
	case FUZZ_IF_OPTION:
		if_option(g, c, &u);
		return u;
	case FUZZ_IF_COMM:
		if_comm(g, c, &u);
		return u;
	case FUZZ_IF_TGID:
	case FUZZ_IF_TID:
		thread_id(g, c->kind == FUZZ_IF_TGID);
		break;
	case FUZZ_IF_UID:
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_current_uid_gid));
		fuzz_emit(g, PAIRFUSE_INSN(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0));
		break;
	case FUZZ_IF_ARG:
		fuzz_load_arg(g, 0, c->n);
		break;
	case FUZZ_IF_TIME:
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_ktime_get_ns));
		break;
	case FUZZ_IF_RANDOM:
		fuzz_emit(g, PAIRFUSE_CALL(BPF_FUNC_get_prandom_u32));
		break;
	case FUZZ_IF_GLOBAL:
		fuzz_emit_global(g, 1, g->bss, 8 * c->n);
		load(g, BPF_DW, 0, 1, 0);
		break;
	case FUZZ_IF_VALUE:
		fuzz_value(g, 1);
		break;
	}
	unless(g, &u, c->op, c->is32, false, c->imm);
	return u;
}

void fuzz_endif(struct gen *g, const struct fuzz_unless *u)
{
	unsigned int i;

	for (i = 0; i < u->nr; i++)
		fuzz_here(g, u->jump[i]);
}
