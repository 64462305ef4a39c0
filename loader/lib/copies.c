// SPDX-License-Identifier: GPL-2.0
/*
 * Once the calls are gone that clobbered r1, the context need not be kept in
 * another register. What is known to be in a register need not be loaded from the
 * stack, and then perhaps not be stored there.
 *
 * r6-r9 survive calls, so the JIT saves those that a program uses: two
 * instructions more on the way in and on the way out, for each. A program without
 * calls can do with the others, where no two values would have to be in one at the
 * same time.
 */
#include <errno.h>
#include <stdlib.h>

#include "absint.h"
#include "copies.h"
#include "live.h"

/* --- loads --- */

static bool has_loop(const struct pairfuse_ir *ir)
{
	size_t i;

	for (i = 0; i < ir->nr; i++)
		if (ir->nodes[i].target >= 0 && ir->nodes[i].target <= (int)i)
			return true;
	return false;
}

/* A register with what the load would bring from the stack, known exactly; -1: none. */
static int same_value(const struct pairfuse_run *run, size_t i, bool loops)
{
	const struct pairfuse_note *note = &run->notes[i];
	const struct pairfuse_expr *out = pairfuse_expr(run->x, note->out);
	int r;

	/* a time of an earlier round of a loop looks the same as a new one */
	if (!out->fixed && (out->kind != PAIRFUSE_E_TIME || loops))
		return -1;
	for (r = 0; r < 10; r++)
		if (note->in[r] == note->out)
			return r;
	return -1;
}

static bool cheaper_load(const struct pairfuse_run *run, size_t i, bool loops,
			 struct bpf_insn *insn)
{
	const struct pairfuse_note *note = &run->notes[i];
	const struct pairfuse_expr *base = pairfuse_expr(run->x, note->in[insn->src_reg]);
	int r;

	if (base->kind == PAIRFUSE_E_CTX && base->imm == 0 && insn->src_reg != 1 &&
	    note->in[1] == note->in[insn->src_reg]) {
		insn->src_reg = 1;
		return true;
	}
	r = base->kind == PAIRFUSE_E_STACK ? same_value(run, i, loops) : -1;
	if (r >= 0)
		*insn = PAIRFUSE_MOV_REG(insn->dst_reg, r);
	return r >= 0;
}

int pairfuse_copies(const struct pairfuse_input *in, const struct pairfuse_prog *prog,
		    struct pairfuse_exprs *x, struct pairfuse_ir *ir, unsigned int *opts,
		    struct pairfuse_why *why)
{
	struct pairfuse_run run = pairfuse_raw_run(in, prog, x, why);
	bool loops = has_loop(ir);
	size_t i;
	int err;

	run.ir = ir;
	err = pairfuse_run(&run);
	for (i = 0; !err && i < ir->nr; i++)
		if (run.notes[i].reached && pairfuse_insn_is_load(&ir->nodes[i].insn) &&
		    cheaper_load(&run, i, loops, &ir->nodes[i].insn))
			*opts |= PAIRFUSE_OPT_COPIES;
	pairfuse_run_free(&run);
	return err;
}

/* --- registers --- */

/* hot[r]: registers that hold something else that is needed, where r is written. */
static int interference(const struct pairfuse_ir *ir, __u16 hot[PAIRFUSE_NR_REGS])
{
	__u16 *live = calloc(ir->nr + 1, sizeof(*live));
	unsigned int r, o;
	size_t i;

	if (!live)
		return -ENOMEM;
	pairfuse_live_regs(ir, live);
	for (r = 0; r < PAIRFUSE_NR_REGS; r++)
		hot[r] = 0;
	/* r1 is written before the first instruction */
	hot[1] = pairfuse_live_before(&ir->nodes[0], live[0]);
	for (i = 0; i < ir->nr; i++) {
		unsigned int defs = pairfuse_insn_defs(&ir->nodes[i].insn);

		for (r = 0; r < PAIRFUSE_NR_REGS; r++)
			if (defs & (1U << r))
				hot[r] |= live[i];
	}
	for (r = 0; r < PAIRFUSE_NR_REGS; r++)
		for (o = 0; o < PAIRFUSE_NR_REGS; o++)
			if (hot[r] & (1U << o))
				hot[o] |= 1U << r;
	free(live);
	return 0;
}

static void rename_regs(struct pairfuse_ir *ir, const __u8 name[PAIRFUSE_NR_REGS])
{
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		struct bpf_insn *insn = &ir->nodes[i].insn;

		insn->dst_reg = name[insn->dst_reg];
		/* of a 64 bit constant, it says what kind */
		if (!pairfuse_insn_is_imm64(insn))
			insn->src_reg = name[insn->src_reg];
	}
}

int pairfuse_registers(struct pairfuse_ir *ir, unsigned int *opts)
{
	__u16 hot[PAIRFUSE_NR_REGS], used = 0;
	__u8 name[PAIRFUSE_NR_REGS];
	unsigned int r, to;
	size_t i;
	int err;

	for (i = 0; i < ir->nr; i++) {
		if (pairfuse_insn_is_call(&ir->nodes[i].insn))
			return 0;
		used |= pairfuse_insn_defs(&ir->nodes[i].insn) |
			pairfuse_insn_uses(&ir->nodes[i].insn, -1);
	}
	if (!(used & 0x3c0))
		return 0;
	err = interference(ir, hot);
	if (err)
		return err;
	for (r = 0; r < PAIRFUSE_NR_REGS; r++) {
		name[r] = r;
		if (r < 6 || r > 9 || !(used & (1U << r)))
			continue;
		for (to = 5; to >= 1 && (hot[r] & (1U << to)); to--)
			;
		if (!to)
			continue;
		/* what is in register `to` from now on is not in the way of either */
		name[r] = to;
		hot[to] |= hot[r];
		for (i = 0; i < PAIRFUSE_NR_REGS; i++)
			if (hot[to] & (1U << i))
				hot[i] |= 1U << to;
		*opts |= PAIRFUSE_OPT_REGISTERS;
	}
	rename_regs(ir, name);
	return 0;
}
