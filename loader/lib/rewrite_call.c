// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting calls: accesses to the carrier, helpers that get a pointer into the
 * state, helpers whose result is known.
 *
 * A call leaves r1-r5 undefined, so they are free where its replacement stands,
 * and r0 is free before a call that stays. bpf_map_delete_elem does not touch
 * the state's bytes: tools read the value after they have deleted it.
 */
#include <errno.h>

#include "ctxread.h"
#include "frames.h"
#include "helper.h"
#include "once.h"
#include "rewriter.h"

/* dst := address of the slot, at call node i (regs: registers still intact). */
static void slot_address(struct pairfuse_rewriter *rw, int i, __u8 dst, unsigned int regs)
{
	pairfuse_rw_word(rw, dst, pairfuse_rw_ctx_reg(rw, i, regs), PAIRFUSE_CTX_SLOT);
}

/* dst := is there state? For instructions where that differs between paths. */
static void load_flag(struct pairfuse_rewriter *rw, int i, __u8 dst)
{
	if (rw->flag_wanted)
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, dst, 10, rw->flag_at));
	else	/* only in exits, and nothing has changed since the start */
		pairfuse_rw_word(rw, dst, pairfuse_rw_ctx_reg(rw, i, 0x3ff), PAIRFUSE_CTX_ARMED);
}

/* r0 := slot or NULL */
static void rewrite_lookup(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_expr *out = pairfuse_expr(rw->plan->x, rw->run->notes[i].out);

	if (out->kind == PAIRFUSE_E_CONST) {
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
	} else if (out->kind == PAIRFUSE_E_STATE) {
		slot_address(rw, i, 0, 0x3ff);
	} else {
		load_flag(rw, i, 0);
		pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0), i + 1);
		slot_address(rw, i, 0, 0x3fe);
	}
}

/* The largest piece of the state at off that can be moved in one go. */
static unsigned int piece(__u64 want, unsigned int off, __s64 align)
{
	unsigned int len = 8;

	while (len > 1 && (off % len || (align + off) % len ||
			   (want & pairfuse_bytes(off, len)) != pairfuse_bytes(off, len)))
		len /= 2;
	return len;
}

/* The value at r3 goes to the slot: the bytes of it that somebody looks at. */
static void rewrite_update(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_expr *from = pairfuse_rw_in(rw, i, 3);
	bool stack = from->kind == PAIRFUSE_E_STACK;
	unsigned int size = rw->plan->in->maps[rw->plan->carrier].value_size, off, len;
	__u8 base = stack ? 10 : 3;
	__s64 at = stack ? (__s64)from->imm : 0;

	slot_address(rw, i, 1, 0x3ff & ~(1U << 1));
	for (off = 0; off < size && off < PAIRFUSE_SLOT_SIZE; off += len) {
		len = piece(rw->copy, off, at);
		if (!(rw->copy & pairfuse_bytes(off, len)))
			continue;
		pairfuse_rw_add(rw, PAIRFUSE_LDX(pairfuse_size_code(len), 2, base, at + off));
		pairfuse_rw_add(rw, PAIRFUSE_STX(pairfuse_size_code(len), 1, 2, off));
	}
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
	pairfuse_rw_set_flag(rw, 1);
}

static void rewrite_delete(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_expr *out = pairfuse_expr(rw->plan->x, rw->run->notes[i].out);

	if (out->kind == PAIRFUSE_E_CONST) {
		pairfuse_rw_imm(rw, 0, out->imm);
	} else {	/* 1 -> 0, 0 -> -ENOENT */
		load_flag(rw, i, 0);
		pairfuse_rw_add(rw, PAIRFUSE_ADD_IMM(0, -1));
		pairfuse_rw_add(rw, PAIRFUSE_INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, -ENOENT));
	}
	pairfuse_rw_set_flag(rw, 0);
}

static bool rewrite_carrier(struct pairfuse_rewriter *rw, int i)
{
	switch (rw->run->notes[i].op) {
	case PAIRFUSE_OP_LOOKUP:
		rewrite_lookup(rw, i);
		return true;
	case PAIRFUSE_OP_CREATE:
		slot_address(rw, i, 0, 0x3ff);
		if (!rw->run->flag_bytes)
			pairfuse_rw_set_flag(rw, 1);
		return true;
	case PAIRFUSE_OP_UPDATE:
		rewrite_update(rw, i);
		return true;
	case PAIRFUSE_OP_DELETE:
		rewrite_delete(rw, i);
		return true;
	}
	return false;
}

/* --- helpers whose result is known --- */

/* bpf_get_func_arg, _ret: a word of the context goes where they would put it */
static int rewrite_func_value(struct pairfuse_rewriter *rw, int i, bool ret)
{
	const struct pairfuse_expr *n = pairfuse_rw_in(rw, i, 2);
	int word = ret ? PAIRFUSE_CTX_RET : PAIRFUSE_CTX_ARG0 + (int)n->imm;
	__u8 to = ret ? 2 : 3;

	if (!ret && n->kind != PAIRFUSE_E_CONST)	/* known on every path, but not the same */
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_HELPER, rw->orig,
				       "insn %d calls bpf_get_func_arg for an argument that depends on the path",
				       rw->orig);
	pairfuse_rw_word(rw, 0, pairfuse_rw_ctx_reg(rw, i, 0x3ff), word);
	pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, to, 0, 0));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
	return 0;
}

/* false: it is none of these */
static bool rewrite_known(struct pairfuse_rewriter *rw, int i, int *err)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;

	*err = 0;
	if (!pairfuse_insn_is_helper(insn))
		return false;
	switch (insn->imm) {
	case BPF_FUNC_get_attach_cookie:
		pairfuse_rw_imm(rw, 0, rw->prog->cookie);
		rw->opts |= PAIRFUSE_OPT_COOKIE;
		return true;
	case BPF_FUNC_get_func_ip:
		pairfuse_rw_imm(rw, 0, rw->prog->addr);
		rw->opts |= PAIRFUSE_OPT_ADDRESS;
		return true;
	case BPF_FUNC_get_func_arg_cnt:
		if (!rw->prog->proto)
			return false;
		pairfuse_rw_imm(rw, 0, rw->prog->proto->nr_regs);
		return true;
	case BPF_FUNC_get_func_arg:
		*err = rewrite_func_value(rw, i, false);
		return true;
	case BPF_FUNC_get_func_ret:
		*err = rewrite_func_value(rw, i, true);
		return true;
	}
	return false;
}

/* --- helpers that get a pointer into the state --- */

/* Bytes [off, off + len) of register from's target to register to's target at at. */
static void move_bytes(struct pairfuse_rewriter *rw, __u8 to, int to_off, __u8 from, int from_off,
		       int len, __u8 tmp)
{
	int k, n;

	for (k = 0; k < len; k += n) {
		/* the stack side has to be aligned, and is the multiple of 8 */
		for (n = 8; n > len - k; n /= 2)
			;
		pairfuse_rw_add(rw, PAIRFUSE_LDX(pairfuse_size_code(n), tmp, from, from_off + k));
		pairfuse_rw_add(rw, PAIRFUSE_STX(pairfuse_size_code(n), to, tmp, to_off + k));
	}
}

/* Stack traces: skip the frames that the original's did not have. */
static int skip_frames(struct pairfuse_rewriter *rw, int i)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;
	unsigned int arg = pairfuse_insn_is_helper(insn) ? pairfuse_frames_flags_arg(insn->imm) : 0;
	const struct pairfuse_expr *flags;
	const char *what;
	int skip;

	if (!arg)
		return 0;
	/* constant on every path, perhaps not the same on all */
	flags = pairfuse_rw_in(rw, i, arg);
	skip = pairfuse_frames_skip(rw->prog->at, insn->imm, flags->kind == PAIRFUSE_E_CONST,
				    flags->imm, &what);
	if (skip < 0)
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, rw->orig,
				       "insn %d %s", rw->orig, what);
	if (skip > 0)
		pairfuse_rw_add(rw, PAIRFUSE_ADD_IMM(arg, skip));
	return 0;
}

/*
 * The verifier accepts no pointer into the slot as a helper's memory: give it a
 * copy on the stack, and copy back what it has written.
 */
static int rewrite_copies(struct pairfuse_rewriter *rw, int i)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;
	const struct pairfuse_helper *h =
		pairfuse_insn_is_helper(insn) ? pairfuse_helper(insn->imm) : NULL;
	int at[2] = { 0 }, len[2] = { 0 }, used = 0, k, err;
	int scratch = 0;

	for (k = 0; h && k < 2; k++) {
		const struct pairfuse_mem *m = &h->mem[k];

		if (m->size == PAIRFUSE_MEM_NONE || m->any ||
		    !(pairfuse_rw_in(rw, i, m->arg)->taint & PAIRFUSE_T_STATE))
			continue;
		err = pairfuse_rw_one_place(rw, i, m->arg);
		if (err)
			return err;
		len[k] = pairfuse_mem_len(rw->run, rw->run->notes[i].in, m);
		if (len[k] < 0)	/* constant on every path, but not the same on all */
			return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_STATE_ESCAPES,
					       rw->orig,
					       "insn %d gives %s state and a size that depends on the path",
					       rw->orig, h->name);
		if (!len[k])
			continue;
		err = pairfuse_rw_stack(rw, &scratch, len[k]);
		if (err)
			return err;
		at[k] = scratch;
		scratch = 0;
		used++;
		move_bytes(rw, 10, at[k], m->arg, 0, len[k], 0);
		pairfuse_rw_add(rw, PAIRFUSE_MOV_REG(m->arg, 10));
		pairfuse_rw_add(rw, PAIRFUSE_ADD_IMM(m->arg, at[k]));
	}
	err = skip_frames(rw, i);
	if (err)
		return err;
	pairfuse_rw_add(rw, *insn);
	for (k = 0; used && k < 2; k++) {
		if (!at[k] || !h->mem[k].write)
			continue;
		slot_address(rw, i, 1, 0x3c0);
		move_bytes(rw, 1, pairfuse_rw_in(rw, i, h->mem[k].arg)->imm, 10, at[k], len[k], 2);
		if (!rw->is_exit && (rw->run->notes[i].state_bytes & rw->run->flag_bytes))
			pairfuse_rw_set_flag(rw, 1);
	}
	return 0;
}

/* The context is read by a helper; whether all paths agree about that is checked. */
static int rewrite_ctxread(struct pairfuse_rewriter *rw, int i,
			   const struct pairfuse_ctxread *read)
{
	const struct pairfuse_note *note = &rw->run->notes[i];
	bool stored = rw->is_exit || !note->state_write ||
		      (note->state_bytes & ~rw->plan->dropped);
	struct bpf_insn load, store;
	unsigned int done;
	int err;

	err = note->state_write ? pairfuse_rw_one_place(rw, i, 1) : 0;
	if (err)
		return err;
	for (done = 0; stored && done < read->len;) {
		done += pairfuse_ctxread_piece(read, done, &load, &store);
		pairfuse_rw_load_ctx(rw, &load, read->from);
		pairfuse_rw_add(rw, store);
	}
	if (!rw->is_exit && note->state_write && (note->state_bytes & rw->run->flag_bytes))
		pairfuse_rw_set_flag(rw, 1);
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
	return 0;
}

/* An argument that is the context on some paths only, or another place in it. */
static int check_context(struct pairfuse_rewriter *rw, int i)
{
	const struct bpf_insn *insn = &rw->old->nodes[i].insn;

	if (!pairfuse_ctxread_reads(insn) || !(pairfuse_rw_in(rw, i, 3)->taint & PAIRFUSE_T_CTX))
		return 0;
	return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_CONTEXT, rw->orig,
			       "insn %d reads the context, or another place, by path", rw->orig);
}

/* What the entry has asked for, the exit need not ask for again. */
static bool rewrite_once(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_once *once = pairfuse_once_of(rw->plan, rw->is_exit, i);

	if (!once)
		return false;
	rw->opts |= PAIRFUSE_OPT_ONCE;
	if (rw->is_exit) {
		slot_address(rw, i, 0, 0x3ff);
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 0, 0, once->at));
		return true;
	}
	pairfuse_rw_add(rw, rw->old->nodes[i].insn);
	slot_address(rw, i, 1, 0x3c0);
	pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 1, 0, once->at));
	return true;
}

int pairfuse_rw_call(struct pairfuse_rewriter *rw, int i)
{
	struct pairfuse_ctxread read;
	int err;

	if (pairfuse_ctxread(rw->plan->x, &rw->old->nodes[i].insn, rw->run->notes[i].in, &read))
		return rewrite_ctxread(rw, i, &read);
	err = check_context(rw, i);
	if (err)
		return err;

	if (rewrite_once(rw, i))
		return 0;
	if (rw->plan->task && rw->run->notes[i].op != PAIRFUSE_OP_NONE)
		return pairfuse_rw_task_call(rw, i);
	if (rewrite_carrier(rw, i))
		return 0;
	if (rewrite_known(rw, i, &err))
		return err;
	return rewrite_copies(rw, i);
}
