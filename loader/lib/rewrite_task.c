// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting accesses to the carrier when the state is kept in task storage.
 *
 *	value of the storage:	[ value of the map, padded | 1 while there is state ]
 *
 * The state's address is that of a map's value, as it was, so whatever the
 * program does with it stays as it is. What remains between a lookup and the
 * element's removal is the storage itself: bpf_task_storage_delete() would have
 * to give it back to the allocator and ask again at every call.
 *
 * A program that accesses the carrier more than once keeps the storage's address
 * on the stack. It cannot change while the program runs, unless it was NULL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"
#include "rewriter.h"
#include "storage.h"

/* What a function that copies is asked for, instead of moving word by word. */
#define MAX_MOVES	64

enum { MAY = 1, MUST = 2 };	/* asked[]: on some path, on every path */

static __u32 value_size(const struct pairfuse_rewriter *rw)
{
	return rw->plan->in->maps[rw->plan->carrier].value_size;
}

static int flag_off(const struct pairfuse_rewriter *rw)
{
	return pairfuse_storage_flag(value_size(rw));
}

/* --- where is the address known? --- */

static __u8 asked_after(const struct pairfuse_rewriter *rw, size_t i)
{
	return rw->run->notes[i].op != PAIRFUSE_OP_NONE ? MAY | MUST : rw->asked[i];
}

static bool flow_into(__u8 *to, bool *seen, __u8 from)
{
	__u8 both = ((*to | from) & MAY) | (*seen ? *to & from & MUST : from & MUST);
	bool changed = !*seen || both != *to;

	*seen = true;
	*to = both;
	return changed;
}

static void find_asked(struct pairfuse_rewriter *rw, bool *seen)
{
	const struct pairfuse_ir *ir = rw->old;
	bool changed = true;
	size_t i;

	seen[0] = true;
	while (changed) {
		changed = false;
		for (i = 0; i < ir->nr; i++) {
			const struct bpf_insn *insn = &ir->nodes[i].insn;
			__u8 out = asked_after(rw, i);
			int target = ir->nodes[i].target;

			if (!seen[i])
				continue;
			if (pairfuse_insn_is_jump(insn))
				changed |= flow_into(&rw->asked[target], &seen[target], out);
			if (!pairfuse_insn_is_exit(insn) && !pairfuse_insn_is_ja(insn))
				changed |= flow_into(&rw->asked[i + 1], &seen[i + 1], out);
		}
	}
}

int pairfuse_rw_task_init(struct pairfuse_rewriter *rw)
{
	bool *seen = calloc(rw->old->nr + 1, sizeof(*seen));
	bool several = false;
	size_t i;

	rw->asked = calloc(rw->old->nr + 1, sizeof(*rw->asked));
	rw->live = calloc(rw->old->nr + 1, sizeof(*rw->live));
	if (!seen || !rw->asked || !rw->live) {
		free(seen);
		return -ENOMEM;
	}
	pairfuse_live_regs(rw->old, rw->live);
	find_asked(rw, seen);
	free(seen);
	if (rw->plan->kind == PAIRFUSE_CARRIER_TASK)
		return 0;
	for (i = 0; i < rw->old->nr; i++) {
		if (rw->run->notes[i].op == PAIRFUSE_OP_NONE || !(rw->asked[i] & MAY))
			continue;
		several = true;
		rw->value_clear |= !(rw->asked[i] & MUST);
	}
	return several ? pairfuse_rw_stack(rw, &rw->value_at, 8) : 0;
}

void pairfuse_rw_task_free(struct pairfuse_rewriter *rw)
{
	free(rw->asked);
	free(rw->live);
}

/* --- pieces --- */

/* r0 := address of the storage, or NULL; without create if it was never made */
static void get_storage(struct pairfuse_rewriter *rw, int i, bool create)
{
	bool again = rw->value_at && (rw->asked[i] & MAY);
	int n;

	if (again) {
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 0, 10, rw->value_at));
		pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JNE, 0, 0), pairfuse_rw_label(rw, i));
	}
	pairfuse_rw_add(rw, PAIRFUSE_CALL(BPF_FUNC_get_current_task_btf));
	n = pairfuse_ir_add_imm64(&rw->body, 1, (__u32)PAIRFUSE_TASK_CARRIER, rw->orig);
	if (n >= 0)
		rw->body.nodes[n].insn.src_reg = BPF_PSEUDO_MAP_FD;
	else if (!rw->err)
		rw->err = n;
	pairfuse_rw_add(rw, PAIRFUSE_MOV_REG(2, 0));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(3, 0));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(4, create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0));
	pairfuse_rw_add(rw, PAIRFUSE_CALL(BPF_FUNC_task_storage_get));
	if (rw->value_at)
		pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 0, rw->value_at));
	pairfuse_rw_set_label(rw, i);
}

static bool result_used(const struct pairfuse_rewriter *rw, int i)
{
	return rw->live[i] & 1;
}

/* r1 := r0, r0 := result; where r1 is NULL that is all */
static void split_null(struct pairfuse_rewriter *rw, int i, int result)
{
	pairfuse_rw_add(rw, PAIRFUSE_MOV_REG(1, 0));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, result));
	pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JEQ, 1, 0), i + 1);
}

/* --- lookup, delete --- */

static void rewrite_lookup(struct pairfuse_rewriter *rw, int i)
{
	get_storage(rw, i, false);
	pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0), i + 1);
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 1, 0, flag_off(rw)));
	pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JNE, 1, 0), i + 1);
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
}

static void rewrite_delete(struct pairfuse_rewriter *rw, int i)
{
	get_storage(rw, i, false);
	if (!result_used(rw, i)) {
		pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JEQ, 0, 0), i + 1);
		pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 0, flag_off(rw), 0));
		return;
	}
	split_null(rw, i, -ENOENT);
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 2, 1, flag_off(rw)));
	pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(BPF_JEQ, 2, 0), i + 1);
	pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 1, flag_off(rw), 0));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
}

/* --- update --- */

/* value_size bytes at from + off to r1, through r2 */
static void move_value(struct pairfuse_rewriter *rw, __u8 from, __s64 off)
{
	unsigned int at, len, size = value_size(rw);

	for (at = 0; at < size; at += len) {
		for (len = 8; len > 1 && ((off + at) % len || at + len > size); len /= 2)
			;
		pairfuse_rw_add(rw, PAIRFUSE_LDX(pairfuse_size_code(len), 2, from, off + at));
		pairfuse_rw_add(rw, PAIRFUSE_STX(pairfuse_size_code(len), 1, 2, at));
	}
}

static bool is_zero(const struct pairfuse_rewriter *rw, const struct pairfuse_expr *from)
{
	const struct pairfuse_map *map;
	const __u8 *data;
	__u64 i;

	if (from->kind != PAIRFUSE_E_GLOBAL)
		return false;
	map = &rw->plan->in->maps[from->a];
	data = map->rodata;
	if (!map->frozen || !data || from->imm + value_size(rw) > map->value_size)
		return false;
	for (i = 0; i < value_size(rw) && !data[from->imm + i]; i++)
		;
	return i == value_size(rw);
}

/*
 * A large value, or one that may be somewhere on the stack, where accesses have
 * to be aligned: to r1, leaves it there. bpf_probe_read_kernel() fills what it
 * cannot read with zeroes, faster than it copies zeroes.
 */
static int copy_value(struct pairfuse_rewriter *rw, const struct pairfuse_expr *from)
{
	int err = pairfuse_rw_stack(rw, &rw->value_at, 8);

	pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 1, rw->value_at));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(2, value_size(rw)));
	if (is_zero(rw, from))
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(3, 0));
	pairfuse_rw_add(rw, PAIRFUSE_CALL(BPF_FUNC_probe_read_kernel));
	pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 1, 10, rw->value_at));
	return err;
}

static int rewrite_update(struct pairfuse_rewriter *rw, int i)
{
	const struct pairfuse_expr *from = pairfuse_rw_in(rw, i, 3);
	const struct pairfuse_expr *how = pairfuse_rw_in(rw, i, 4);
	bool stack = from->kind == PAIRFUSE_E_STACK;
	__u64 flags = how->imm;
	int err = 0;

	if (how->kind != PAIRFUSE_E_CONST)	/* constant on every path, but not the same */
		return pairfuse_refuse(&rw->plan->why, PAIRFUSE_REASON_UPDATE_FLAGS, rw->orig,
				       "insn %d updates '%s' with flags that depend on the path",
				       rw->orig, rw->plan->in->maps[rw->plan->carrier].name);
	if (!stack) {
		err = pairfuse_rw_stack(rw, &rw->from_at, 8);
		pairfuse_rw_add(rw, PAIRFUSE_STX(BPF_DW, 10, 3, rw->from_at));
	}
	/* however it ends: where it fails there may be older state */
	pairfuse_rw_set_flag(rw, 1);
	get_storage(rw, i, flags != BPF_EXIST);
	split_null(rw, i, flags == BPF_EXIST ? -ENOENT : -ENOMEM);
	if (flags != BPF_ANY) {
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 2, 1, flag_off(rw)));
		pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, flags == BPF_EXIST ? -ENOENT : -EEXIST));
		pairfuse_rw_jump(rw, PAIRFUSE_JMP_IMM(flags == BPF_EXIST ? BPF_JEQ : BPF_JNE, 2, 0),
				 i + 1);
	}
	if (!stack)
		pairfuse_rw_add(rw, PAIRFUSE_LDX(BPF_DW, 3, 10, rw->from_at));
	if (stack)
		move_value(rw, 10, (__s64)from->imm);
	else if (value_size(rw) <= 8 * MAX_MOVES && !(from->taint & PAIRFUSE_T_STACK))
		move_value(rw, 3, 0);
	else if (!err)
		err = copy_value(rw, from);
	pairfuse_rw_add(rw, PAIRFUSE_ST(BPF_DW, 1, flag_off(rw), 1));
	pairfuse_rw_add(rw, PAIRFUSE_MOV_IMM(0, 0));
	return err;
}

int pairfuse_rw_task_call(struct pairfuse_rewriter *rw, int i)
{
	__u8 op = rw->run->notes[i].op;

	if (rw->plan->kind == PAIRFUSE_CARRIER_TASK) {
		if (op == PAIRFUSE_OP_CREATE)
			pairfuse_rw_set_flag(rw, 1);
		pairfuse_rw_add(rw, rw->old->nodes[i].insn);
		return 0;
	}
	switch (op) {
	case PAIRFUSE_OP_LOOKUP:
		rewrite_lookup(rw, i);
		return 0;
	case PAIRFUSE_OP_UPDATE:
		return rewrite_update(rw, i);
	}
	rewrite_delete(rw, i);
	return 0;
}
