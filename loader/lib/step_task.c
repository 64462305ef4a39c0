// SPDX-License-Identifier: GPL-2.0
/*
 * One step of the abstract interpretation: accesses to a carrier map that is to
 * be replaced by task storage (or, being task storage, to be kept).
 *
 * They stay accesses of a map, so nothing has to be followed: a lookup gives a
 * pointer into a map's value or NULL, as it did. Two things are asked of the
 * program all the same.
 *
 * Updates of a hash make a new element; what a program has looked up before
 * keeps the old bytes. Task storage has one place for both. So no such pointer
 * may be alive at an update, nor be what is stored: pointers are tainted.
 *
 * What the program does when there is no state: with ->follow, a lookup in front
 * of any update finds nothing.
 */
#include <string.h>

#include "state.h"

static pairfuse_val value_or_null(struct pairfuse_step *s)
{
	s->run->loads = true;
	pairfuse_step_known(s->st);
	if (s->run->follow && !s->st->present)
		return pairfuse_expr_const(s->run->x, 0);
	s->st->found = pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_FOUND,
					  s->node - s->run->ir->nodes, 0, 0);
	return s->st->found;
}

static void leaves_state(struct pairfuse_step *s)
{
	pairfuse_step_effect(s);
	s->run->stores = true;
	s->st->present = true;
	s->st->left = PAIRFUSE_LEFT_KNOWN;
	s->st->found = PAIRFUSE_TOP;
}

/* The state of several functions is in one place: which of them reads it is not known. */
static int no_surplus(struct pairfuse_step *s)
{
	if (!(pairfuse_expr(s->run->x, s->st->reg[3])->taint & PAIRFUSE_T_STACK))
		return 0;
	return pairfuse_stack_surplus(s, -PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE);
}

static int update(struct pairfuse_step *s)
{
	struct pairfuse_run *run = s->run;
	const struct pairfuse_expr e = *pairfuse_expr(run->x, s->st->reg[3]);
	unsigned int size = run->in->maps[run->carrier].value_size;
	int insn = pairfuse_step_insn(s);
	__u64 flags;

	if (!pairfuse_expr_is_const(run->x, s->st->reg[4], &flags) ||
	    (flags != BPF_ANY && flags != BPF_NOEXIST && flags != BPF_EXIST))
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_UPDATE_FLAGS, insn,
				       "insn %d updates '%s' with unknown flags", insn,
				       pairfuse_step_map(s));
	if (e.taint & (PAIRFUSE_T_VALUE | PAIRFUSE_T_CTX))
		return pairfuse_refuse(run->why, PAIRFUSE_REASON_STATE_UNKNOWN, insn,
				       "insn %d stores in '%s' what may be there already", insn,
				       pairfuse_step_map(s));
	if (pairfuse_step_outlived(s, PAIRFUSE_T_VALUE))
		return PAIRFUSE_REFUSED;
	if (e.kind == PAIRFUSE_E_STACK && pairfuse_stack_check(s, (__s64)e.imm, size))
		return PAIRFUSE_REFUSED;
	if (no_surplus(s))
		return PAIRFUSE_REFUSED;
	leaves_state(s);
	pairfuse_update_tells(s, size);
	return 0;
}

/* The object's own task storage: create or look up, with whatever flags and value. */
static int task_get(struct pairfuse_step *s, __u8 *op, pairfuse_val *out)
{
	__u64 flags;

	if (pairfuse_expr_is_const(s->run->x, s->st->reg[4], &flags) && !flags) {
		*op = PAIRFUSE_OP_LOOKUP;
		*out = value_or_null(s);
		return 0;
	}
	if (no_surplus(s))
		return PAIRFUSE_REFUSED;
	*op = PAIRFUSE_OP_CREATE;
	leaves_state(s);
	*out = value_or_null(s);
	return 0;
}

int pairfuse_step_task(struct pairfuse_step *s, __u8 *op, pairfuse_val *out)
{
	*out = PAIRFUSE_TOP;
	switch (s->node->insn.imm) {
	case BPF_FUNC_map_lookup_elem:
		*op = PAIRFUSE_OP_LOOKUP;
		*out = value_or_null(s);
		return 0;
	case BPF_FUNC_map_update_elem:
		*op = PAIRFUSE_OP_UPDATE;
		return update(s);
	case BPF_FUNC_task_storage_get:
		return task_get(s, op, out);
	}
	/* that there may be state is remembered: a deletion is no loss */
	*op = PAIRFUSE_OP_DELETE;
	s->st->left = 0;
	return 0;
}
