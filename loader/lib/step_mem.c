// SPDX-License-Identifier: GPL-2.0
/*
 * One step of the abstract interpretation: loads, stores and atomics.
 *
 * A pointer is either one that is followed exactly (stack, context, carrier's
 * state, global data), or something else. Something else that is tainted by a
 * followed pointer may point there: for the stack everything is assumed to
 * change, for the state and the context the pair is refused. Something else
 * without taint cannot point to any of them: the kernel's verifier has
 * accepted the original, so every pointer's origin is one of ours or foreign
 * memory (maps, kernel objects, reserved records).
 */
#include <stdbool.h>

#include "bounds.h"
#include "ctxread.h"
#include "hook.h"
#include "state.h"
#include "taskid.h"

/*
 * What is an effect: whatever is written that somebody else can see. Only what surely
 * is the stack or the state is not: everything else may be global data, a map's value or
 * a record, and a pointer that is the stack on one path and a map's value on another
 * is both.
 */
void pairfuse_step_effect(struct pairfuse_step *s)
{
	if (s->st->armed || s->run->effects_unarmed)
		return;
	s->run->effects_unarmed = true;
	s->run->effects_insn = pairfuse_step_insn(s);
}

/* --- stack --- */

int pairfuse_stack_check(struct pairfuse_step *s, __s64 off, __s64 len)
{
	if (off < -PAIRFUSE_STACK_SIZE || len < 0 || len > PAIRFUSE_STACK_SIZE || off + len > 0)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_BYTECODE,
				       pairfuse_step_insn(s), "insn %d: stack access out of range",
				       pairfuse_step_insn(s));
	if (off < s->run->stack)
		s->run->stack = off;
	return 0;
}

/* Parameters that have gone into a value: a bit for each register. */
static __u8 params_of(const struct pairfuse_run *run, __u32 taint)
{
	return run->is_sub ? (taint & PAIRFUSE_T_ARGS) / PAIRFUSE_T_ARG(0) : 0;
}

void pairfuse_stack_reach(struct pairfuse_step *s, pairfuse_val v, __s64 off)
{
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, v);
	__s64 lo, hi;

	if (e->kind == PAIRFUSE_E_PARAM && off + (__s64)e->imm >= 0)
		return;
	s->run->below |= params_of(s->run, e->taint);
	if (e->kind == PAIRFUSE_E_STACK || !(e->taint & PAIRFUSE_T_STACK))
		return;
	s->run->loose = true;
	if (pairfuse_bounds_stack(s->run->x, v, &lo, &hi) && lo + off < s->run->lowest)
		s->run->lowest = lo + off;
}

void pairfuse_stack_found(struct pairfuse_step *s)
{
	size_t i;

	for (i = 0; i < PAIRFUSE_STACK_SIZE; i++) {
		__u32 taint = pairfuse_expr(s->run->x, s->st->stack[i])->taint;

		s->run->below |= params_of(s->run, taint);
		s->run->loose |= (taint & PAIRFUSE_T_STACK) != 0;
	}
}

void pairfuse_stack_span(struct pairfuse_step *s, pairfuse_val v, __s64 *off, __s64 *len)
{
	__s64 lo, hi, end;

	/* what is not there on all paths is some number that was added: it may be any other */
	if (!pairfuse_bounds_stack(s->run->x, v, &lo, &hi)) {
		*off = -PAIRFUSE_STACK_SIZE;
		*len = PAIRFUSE_STACK_SIZE;
		return;
	}
	end = *len < 0 ? 0 : hi + *off + *len;
	lo += *off;
	/* the verifier knows more, and has seen that it stays in the frame */
	lo = lo < -PAIRFUSE_STACK_SIZE ? -PAIRFUSE_STACK_SIZE : lo > 0 ? 0 : lo;
	end = end < lo ? lo : end > 0 ? 0 : end;
	*off = lo;
	*len = end - lo;
}

/* What is there is not known any more; taints stay. off and len were checked. */
void pairfuse_stack_clobber(struct pairfuse_step *s, __s64 off, __s64 len)
{
	struct pairfuse_state *st = s->st;
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++) {
		st->stack[i] = pairfuse_expr_top(s->run->x,
						 pairfuse_expr(s->run->x, st->stack[i])->taint);
		st->stack_idx[i] = 0;
	}
}

/*
 * A register without an argument may be copied to the stack and to the state; whoever does
 * anything else with it would be shown something else than in the original.
 */
int pairfuse_step_surplus(struct pairfuse_step *s, pairfuse_val v)
{
	int insn = pairfuse_step_insn(s);

	/* not inlined, what functions do with what they are given is not known */
	if (s->run->is_part || !(pairfuse_expr(s->run->x, v)->taint & PAIRFUSE_T_SURPLUS))
		return 0;
	return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
			       "insn %d uses byte %d of the context, from insn %d: no argument is there",
			       insn, s->run->surplus_at, s->run->surplus_insn);
}

int pairfuse_stack_surplus(struct pairfuse_step *s, __s64 off, __s64 len)
{
	__s64 i;
	int err = 0;

	for (i = off + PAIRFUSE_STACK_SIZE; !err && i < off + len + PAIRFUSE_STACK_SIZE; i++)
		err = pairfuse_step_surplus(s, s->st->stack[i]);
	return err;
}

int pairfuse_stack_leak(struct pairfuse_step *s, __s64 off, __s64 len)
{
	int err = pairfuse_stack_surplus(s, off, len);

	return err ? err : pairfuse_stack_escape(s, off, len);
}

int pairfuse_stack_escape(struct pairfuse_step *s, __s64 off, __s64 len)
{
	struct pairfuse_state *st = s->st;
	int insn = pairfuse_step_insn(s);
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++)
		if (pairfuse_expr(s->run->x, st->stack[i])->taint & PAIRFUSE_T_STATE)
			return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, insn,
					       "insn %d reads stack that holds a pointer into '%s'",
					       insn, pairfuse_step_map(s));
	return 0;
}

static pairfuse_val stack_read(struct pairfuse_step *s, __s64 off, unsigned int len)
{
	struct pairfuse_state *st = s->st;

	return pairfuse_bytes_get(s->run->x, &st->stack[off + PAIRFUSE_STACK_SIZE],
				  &st->stack_idx[off + PAIRFUSE_STACK_SIZE], len);
}

/* Something that has been made of these bytes: pointers, perhaps. */
static pairfuse_val stack_mix(struct pairfuse_step *s, __s64 off, __s64 len)
{
	__u32 taint = 0;
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++)
		taint |= pairfuse_expr(s->run->x, s->st->stack[i])->taint;
	/* mostly a number: only using it as the context is refused */
	if (taint & PAIRFUSE_T_CTX)
		taint ^= PAIRFUSE_T_CTX | PAIRFUSE_T_MAYBE_CTX;
	return pairfuse_expr_top(s->run->x, taint & ~PAIRFUSE_T_LEFT);
}

/* Through a pointer into the stack that is not known: refused, or what it finds. */
static int read_somewhere(struct pairfuse_step *s, pairfuse_val base, __s64 off, __s64 len,
			  pairfuse_val *out)
{
	int err;

	pairfuse_stack_span(s, base, &off, &len);
	err = pairfuse_stack_leak(s, off, len);
	*out = stack_mix(s, off, len);
	return err;
}

static int stack_write(struct pairfuse_step *s, __s64 off, unsigned int len, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, v);
	struct pairfuse_state *st = s->st;

	/* half a pointer, or one that is no longer followed */
	if ((e->taint & PAIRFUSE_T_STATE) && (e->kind != PAIRFUSE_E_STATE || len != 8))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES,
				       pairfuse_step_insn(s),
				       "insn %d saves a value made from a pointer into '%s'",
				       pairfuse_step_insn(s), pairfuse_step_map(s));
	s->run->surplus_stacked |= (e->taint & PAIRFUSE_T_SURPLUS) != 0;
	pairfuse_bytes_set(s->run->x, &st->stack[off + PAIRFUSE_STACK_SIZE],
			   &st->stack_idx[off + PAIRFUSE_STACK_SIZE], len, v);
	return 0;
}

/* --- slot --- */

static int slot_check(struct pairfuse_step *s, __s64 off, __s64 len)
{
	const struct pairfuse_map *map = &s->run->in->maps[s->run->carrier];

	if (off < 0 || len < 0 || off + len > map->value_size)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_BYTECODE,
				       pairfuse_step_insn(s),
				       "insn %d: access beyond the value of '%s'",
				       pairfuse_step_insn(s), map->name);
	if (off + len > PAIRFUSE_SLOT_BYTES)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_SIZE,
				       pairfuse_step_insn(s),
				       "insn %d uses byte %lld of the state in '%s'; a slot has %d",
				       pairfuse_step_insn(s), (long long)(off + len - 1),
				       map->name, PAIRFUSE_SLOT_BYTES);
	if (len == 0)
		return 0;
	s->run->touched |= pairfuse_bytes(off, len);
	if (s->note)
		s->note->state_bytes |= pairfuse_bytes(off, len);
	return 0;
}

int pairfuse_slot_read(struct pairfuse_step *s, __s64 off, __s64 len, pairfuse_val *out)
{
	struct pairfuse_state *st = s->st;
	struct pairfuse_run *run = s->run;
	pairfuse_val left = pairfuse_expr_leaf(run->x, PAIRFUSE_E_LEFT, 0, 0, 0);
	bool all_left = true;
	__u64 old = 0;
	__s64 i;
	int err;

	err = slot_check(s, off, len);
	if (err)
		return err;
	for (i = off; i < off + len; i++) {
		if (pairfuse_expr(run->x, st->slot[i])->taint & PAIRFUSE_T_LEFT)
			old |= 1ULL << i;
		all_left &= st->slot[i] == left;
	}
	old &= ~st->written;
	if (old) {
		run->reads[st->armed] |= old;
		run->reads_insn[st->armed] = pairfuse_step_insn(s);
	}
	run->loads = true;
	for (i = off; i < off + len && (!out || len > 8); i++) {
		err = pairfuse_step_surplus(s, st->slot[i]);
		if (err)
			return err;
	}
	if (!out)
		return 0;
	if (all_left && len > 0 && len <= 8)
		*out = pairfuse_expr_leaf(run->x, PAIRFUSE_E_LOAD, off, len, 0);
	else if (len > 0 && len <= 8)
		*out = pairfuse_bytes_get(run->x, &st->slot[off], &st->slot_idx[off], len);
	else
		*out = PAIRFUSE_TOP;
	return 0;
}

int pairfuse_slot_write(struct pairfuse_step *s, __s64 off, __s64 len, pairfuse_val v)
{
	struct pairfuse_state *st = s->st;
	int err;

	err = slot_check(s, off, len);
	if (err || len == 0)
		return err;
	s->run->stores = true;
	if (pairfuse_expr(s->run->x, v)->taint & PAIRFUSE_T_SURPLUS)
		s->run->surplus |= pairfuse_bytes(off, len);
	s->run->tells |= len > 8 || pairfuse_step_tells(s, v, len);
	if (s->note)
		s->note->state_write = true;
	pairfuse_bytes_set(s->run->x, &st->slot[off], &st->slot_idx[off], len,
			   len <= 8 ? v : PAIRFUSE_TOP);
	if (!s->run->is_exit)
		st->written |= pairfuse_bytes(off, len);
	return 0;
}

/* --- what a pointer points to --- */

enum place { STACK, CTX, STATE, GLOBAL, OTHER };

static int classify(struct pairfuse_step *s, pairfuse_val base, enum place *place, __s64 *off)
{
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, base);
	int insn = pairfuse_step_insn(s);

	*off = s->node->insn.off + (__s64)e->imm;
	switch (e->kind) {
	case PAIRFUSE_E_STACK:
		*place = STACK;
		return pairfuse_stack_check(s, *off, pairfuse_insn_size(&s->node->insn));
	case PAIRFUSE_E_CTX:
		*place = CTX;
		return 0;
	case PAIRFUSE_E_STATE:
		*place = STATE;
		return 0;
	case PAIRFUSE_E_GLOBAL:
		*place = GLOBAL;
		return 0;
	}
	*place = OTHER;
	if (pairfuse_step_surplus(s, base))
		return PAIRFUSE_REFUSED;
	pairfuse_stack_reach(s, base, s->node->insn.off);
	s->run->deref |= (e->taint & PAIRFUSE_T_ARGS) / PAIRFUSE_T_ARG(0);
	if (e->taint & PAIRFUSE_T_RET)
		s->run->deref |= 1U << PAIRFUSE_VALUE_RET;
	if (e->taint & PAIRFUSE_T_STATE)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_OFFSET, insn,
				       "insn %d accesses the state in '%s' at a variable offset",
				       insn, pairfuse_step_map(s));
	if (e->taint & (PAIRFUSE_T_CTX | PAIRFUSE_T_MAYBE_CTX))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d accesses the context at a variable offset", insn);
	return 0;
}

static int load_ctx(struct pairfuse_step *s, __s64 off, unsigned int size, pairfuse_val *out)
{
	struct pairfuse_exprs *x = s->run->x;
	struct pairfuse_field field;
	pairfuse_val v = PAIRFUSE_TOP;
	__u64 ip;

	if (s->run->is_raw) {
		*out = PAIRFUSE_TOP;
		return 0;
	}
	if (pairfuse_ctx_ip(s->run->prog, off, size, &ip)) {
		*out = pairfuse_expr_const(x, ip);
		return 0;
	}
	if (pairfuse_ctx_surplus(s->run->prog, off, size)) {
		s->run->surplus_insn = pairfuse_step_insn(s);
		s->run->surplus_at = off;
		*out = pairfuse_expr_top(x, PAIRFUSE_T_SURPLUS);
		return 0;
	}
	if (!pairfuse_hook_field(s->run->prog, off, size, &field))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, pairfuse_step_insn(s),
				       "insn %d reads byte %lld of the context: no argument is there",
				       pairfuse_step_insn(s), (long long)off);
	switch (field.kind) {
	case PAIRFUSE_FIELD_ARG:
		s->run->words |= 1U << field.n;
		v = pairfuse_expr_leaf(x, PAIRFUSE_E_WORD, field.n, 0, 0);
		break;
	case PAIRFUSE_FIELD_RET:
		s->run->words |= 1U << PAIRFUSE_VALUE_RET;
		v = pairfuse_expr_leaf(x, PAIRFUSE_E_RET, 0, 0, 0);
		break;
	case PAIRFUSE_FIELD_REGS:
		/* a number that may change during the call: execve() clears them */
		s->run->regs = true;
		break;
	}
	*out = pairfuse_expr_part(x, v, field.byte, size);
	return 0;
}

/* Constants of the object: the loader has set them and nobody can change them. */
static pairfuse_val load_global(struct pairfuse_step *s, pairfuse_val base, __s64 off,
				unsigned int size)
{
	const struct pairfuse_map *map = &s->run->in->maps[pairfuse_expr(s->run->x, base)->a];
	__u64 imm = 0;
	unsigned int i;

	if (!map->frozen || !map->rodata || off < 0 || off + size > map->value_size ||
	    (s->run->in->without & PAIRFUSE_OPT_RODATA))
		return PAIRFUSE_TOP;
	for (i = 0; i < size; i++)
		imm |= (__u64)((const __u8 *)map->rodata)[off + i] << 8 * i;
	return pairfuse_expr_const(s->run->x, imm);
}

static pairfuse_val sign_extend(struct pairfuse_step *s, pairfuse_val v, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;
	__u64 imm;

	if (pairfuse_expr_is_const(s->run->x, v, &imm))
		return pairfuse_expr_const(s->run->x, (__s64)(imm << shift) >> shift);
	return pairfuse_expr_top(s->run->x, pairfuse_expr(s->run->x, v)->taint);
}

int pairfuse_step_load(struct pairfuse_step *s)
{
	const struct bpf_insn *insn = &s->node->insn;
	pairfuse_val base = s->st->reg[insn->src_reg], v = PAIRFUSE_TOP;
	unsigned int size = pairfuse_insn_size(insn);
	enum place place;
	__s64 off;
	int err;

	err = classify(s, base, &place, &off);
	if (err)
		return err;
	switch (place) {
	case STACK:
		v = stack_read(s, off, size);
		break;
	case CTX:
		err = load_ctx(s, off, size, &v);
		break;
	case STATE:
		err = pairfuse_slot_read(s, off, size, &v);
		break;
	case GLOBAL:
		v = load_global(s, base, off, size);
		break;
	case OTHER:	/* somewhere on the stack, perhaps */
		v = pairfuse_taskid_load(s->run, base, insn->off, size);
		if (!(pairfuse_expr(s->run->x, base)->taint & PAIRFUSE_T_STACK))
			break;
		err = read_somewhere(s, base, insn->off, size, &v);
		break;
	}
	if (place == OTHER || place == GLOBAL)
		v = pairfuse_expr_part(s->run->x, v, 0, size);
	if (BPF_MODE(insn->code) == BPF_MEMSX)
		v = sign_extend(s, v, size);
	s->st->reg[insn->dst_reg] = v;
	return err;
}

/* Foreign memory gets a value: nothing of ours may be in it. */
static int check_leak(struct pairfuse_step *s, pairfuse_val v)
{
	__u32 taint = pairfuse_expr(s->run->x, v)->taint;
	int insn = pairfuse_step_insn(s);

	if (taint & PAIRFUSE_T_STATE)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, insn,
				       "insn %d stores a pointer into '%s' in memory", insn,
				       pairfuse_step_map(s));
	if (taint & (PAIRFUSE_T_CTX | PAIRFUSE_T_MAYBE_CTX))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d %sstores the context pointer in memory", insn,
				       taint & PAIRFUSE_T_CTX ? "" : "perhaps ");
	return 0;
}

/* What an atomic instruction adds or puts there, and what it compares with. */
static int check_operands(struct pairfuse_step *s, pairfuse_val v)
{
	int err = check_leak(s, v);

	if (!err)
		err = pairfuse_step_surplus(s, v);
	if (!err && s->node->insn.imm == BPF_CMPXCHG)
		err = pairfuse_step_surplus(s, s->st->reg[0]);
	s->run->stack_told |= (pairfuse_expr(s->run->x, v)->taint & PAIRFUSE_T_STACK) != 0;
	return err;
}

static int write_to(struct pairfuse_step *s, enum place place, pairfuse_val base, __s64 off,
		    unsigned int size, pairfuse_val v)
{
	__s64 len = size;
	int err;

	if (place == STACK)
		return stack_write(s, off, size, v);
	err = check_leak(s, v);
	if (err)
		return err;
	s->run->stack_told |= (pairfuse_expr(s->run->x, v)->taint & PAIRFUSE_T_STACK) != 0;
	if (place == CTX)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, pairfuse_step_insn(s),
				       "insn %d writes to the context", pairfuse_step_insn(s));
	if (place == STATE)
		return pairfuse_slot_write(s, off, size, v);
	if (pairfuse_step_surplus(s, v))
		return PAIRFUSE_REFUSED;
	/* somebody may fetch it from there */
	s->run->below |= params_of(s->run, pairfuse_expr(s->run->x, v)->taint);
	if (pairfuse_expr(s->run->x, base)->taint & PAIRFUSE_T_VALUE)
		s->run->tells = true;
	if (pairfuse_expr(s->run->x, base)->taint & PAIRFUSE_T_STACK) {
		pairfuse_stack_span(s, base, &off, &len);
		pairfuse_stack_clobber(s, off, len);
	}
	if (!pairfuse_expr_on_stack(s->run->x, base))
		pairfuse_step_effect(s);
	return 0;
}

int pairfuse_step_store(struct pairfuse_step *s)
{
	const struct bpf_insn *insn = &s->node->insn;
	pairfuse_val base = s->st->reg[insn->dst_reg], v;
	enum place place;
	__s64 off;
	int err;

	if (pairfuse_insn_class(insn) == BPF_ST)
		v = pairfuse_expr_const(s->run->x, (__s64)insn->imm);
	else
		v = s->st->reg[insn->src_reg];
	err = classify(s, base, &place, &off);
	if (err)
		return err;
	return write_to(s, place, base, off, pairfuse_insn_size(insn), v);
}

int pairfuse_step_atomic(struct pairfuse_step *s)
{
	const struct bpf_insn *insn = &s->node->insn;
	unsigned int size = pairfuse_insn_size(insn), defs = pairfuse_insn_defs(insn);
	bool acquire = insn->imm == BPF_LOAD_ACQ;
	pairfuse_val base = s->st->reg[acquire ? insn->src_reg : insn->dst_reg];
	pairfuse_val v = acquire ? PAIRFUSE_TOP : s->st->reg[insn->src_reg], old = PAIRFUSE_TOP;
	enum place place;
	__s64 off;
	int err;

	err = classify(s, base, &place, &off);
	if (!err)
		err = check_operands(s, v);
	if (err)
		return err;
	if (acquire || insn->imm == BPF_STORE_REL) {
		if (place != OTHER && place != GLOBAL)
			return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_COMPLEX,
					       pairfuse_step_insn(s),
					       "insn %d: ordered access to private memory",
					       pairfuse_step_insn(s));
	}
	if (place == STATE) {
		err = pairfuse_slot_read(s, off, size, NULL);
	} else if (place == STACK) {
		err = pairfuse_stack_leak(s, off, size);
		old = stack_mix(s, off, size);
	} else if (pairfuse_expr(s->run->x, base)->taint & PAIRFUSE_T_STACK) {
		err = read_somewhere(s, base, off, size, &old);
	}
	if (!err && !acquire)
		err = write_to(s, place, base, off, size, PAIRFUSE_TOP);
	/* r0 of cmpxchg, src of fetching ones, dst of a load */
	if (defs)
		s->st->reg[__builtin_ctz(defs)] = old;
	return err;
}
