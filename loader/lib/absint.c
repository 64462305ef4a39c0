// SPDX-License-Identifier: GPL-2.0
/*
 * Abstract interpretation: the fixpoint over a program's control flow.
 *
 * States are kept where control flow meets (leaders: the first node, targets
 * of jumps, nodes after conditional jumps), several for each when they differ
 * in what matters about the carrier. Merging values can only lose knowledge
 * (exact -> unknown -> unknown with more taints), so the fixpoint is reached
 * without widening. When it has been found, one more pass over all states
 * writes the notes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "clock.h"
#include "state.h"

#define MAX_PARTS	16
#define MAX_STEPS	2000000	/* instructions interpreted */

struct part {
	struct pairfuse_state st;
	bool queued;
};

struct leader {
	bool is;
	unsigned int nr;
	struct part *part[MAX_PARTS];
};

struct item {
	int node;
	int part;
};

struct fixpoint {
	struct pairfuse_run *run;
	struct leader *leaders;		/* by node */
	struct item *queue;		/* a stack */
	size_t nr, cap;
	unsigned long steps;
	bool noting;
};

/* --- work list --- */

static int push(struct fixpoint *fp, int node, int part)
{
	if (fp->leaders[node].part[part]->queued)
		return 0;
	if (fp->nr == fp->cap) {
		size_t cap = fp->cap ? 2 * fp->cap : 32;
		struct item *queue = realloc(fp->queue, cap * sizeof(*queue));

		if (!queue)
			return -ENOMEM;
		fp->queue = queue;
		fp->cap = cap;
	}
	fp->queue[fp->nr++] = (struct item){ .node = node, .part = part };
	fp->leaders[node].part[part]->queued = true;
	return 0;
}

/* A state arrives at a leader. */
static int arrive(struct fixpoint *fp, int node, const struct pairfuse_state *st)
{
	struct leader *l = &fp->leaders[node];
	unsigned int i;

	if (fp->noting)
		return 0;
	for (i = 0; i < l->nr; i++) {
		if (!pairfuse_state_same_part(&l->part[i]->st, st))
			continue;
		if (pairfuse_state_join(fp->run->x, &l->part[i]->st, st))
			return push(fp, node, i);
		return 0;
	}
	if (l->nr == MAX_PARTS)
		return pairfuse_refuse(fp->run->why, PAIRFUSE_REASON_COMPLEX,
				       fp->run->ir->nodes[node].orig,
				       "too many cases of what is in the state");
	l->part[l->nr] = malloc(sizeof(struct part));
	if (!l->part[l->nr])
		return -ENOMEM;
	l->part[l->nr]->st = *st;
	l->part[l->nr]->queued = false;
	return push(fp, node, l->nr++);
}

/* --- notes --- */

static __u8 presence(const struct pairfuse_run *run, const struct pairfuse_state *st)
{
	bool yes = run->flag_bytes ? st->written & run->flag_bytes : st->present;

	return yes ? PAIRFUSE_PRESENT : PAIRFUSE_ABSENT;
}

static void note_before(struct fixpoint *fp, const struct pairfuse_state *st,
			struct pairfuse_note *note)
{
	unsigned int r;

	for (r = 0; r < PAIRFUSE_NR_REGS; r++)
		note->in[r] = note->reached ?
			pairfuse_expr_join(fp->run->x, note->in[r], st->reg[r]) : st->reg[r];
	note->before |= presence(fp->run, st);
	note->turned |= fp->run->is_exit && st->present != st->armed;
}

static void note_after(struct fixpoint *fp, const struct pairfuse_state *st,
		       const struct pairfuse_node *node, struct pairfuse_note *note)
{
	unsigned int defs = pairfuse_insn_defs(&node->insn);

	note->after |= presence(fp->run, st);
	if (defs) {
		pairfuse_val out = st->reg[__builtin_ctz(defs)];

		note->out = note->reached ?
			pairfuse_expr_join(fp->run->x, note->out, out) : out;
	}
	note->reached = true;
}

static int add_return(struct fixpoint *fp, int node, const struct pairfuse_state *st)
{
	struct pairfuse_run *run = fp->run;
	struct pairfuse_return *returns;

	if (!fp->noting)
		return 0;
	returns = realloc(run->returns, (run->nr_returns + 1) * sizeof(*returns));
	if (!returns)
		return -ENOMEM;
	run->returns = returns;
	returns[run->nr_returns++] = (struct pairfuse_return){
		.node = node, .armed = st->armed, .present = st->present,
		.written = st->written, .zero = pairfuse_state_zero(run->x, st),
		.left = run->task || st->present ? st->left : 0,
		.changed = pairfuse_state_changed(run->x, st),
		.times = pairfuse_state_times(run->x, st),
		.facts = st->facts,
	};
	return 0;
}

/* --- transfer --- */

static pairfuse_val imm64(struct pairfuse_step *s)
{
	const struct pairfuse_node *n = s->node;
	struct bpf_insn pair[2] = { n->insn, { .imm = n->hi } };
	struct pairfuse_run *run = s->run;
	__u64 imm = (__u32)n->insn.imm | (__u64)n->hi << 32;
	int map;

	if (pairfuse_clock_is_elapsed(&n->insn))
		return pairfuse_expr_leaf(run->x, PAIRFUSE_E_ELAPSED, 0, 0, 0);
	switch (n->insn.src_reg) {
	case 0:
		return pairfuse_expr_const(run->x, imm);
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
		map = run->in->map_ref(run->in->map_ref_arg, pair);
		if (map >= 0 && (size_t)map < run->in->nr_maps)
			return pairfuse_expr_leaf(run->x, PAIRFUSE_E_MAP, map, 0, 0);
		return pairfuse_expr_top(run->x, PAIRFUSE_T_MAP);
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		map = run->in->map_ref(run->in->map_ref_arg, pair);
		if (map >= 0 && (size_t)map < run->in->nr_maps)
			return pairfuse_expr_leaf(run->x, PAIRFUSE_E_GLOBAL, map, 0, (__u32)n->hi);
		break;
	}
	return PAIRFUSE_TOP;
}

/* Nobody may go around the accesses that are followed. */
static int step_imm64(struct pairfuse_step *s)
{
	pairfuse_val v = imm64(s);
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, v);

	if (e->kind == PAIRFUSE_E_GLOBAL && s->run->carrier >= 0 && (int)e->a == s->run->carrier)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS,
				       pairfuse_step_insn(s),
				       "insn %d takes the address of the value of '%s'",
				       pairfuse_step_insn(s), pairfuse_step_map(s));
	s->st->reg[s->node->insn.dst_reg] = v;
	return 0;
}

static void step_alu(struct pairfuse_step *s)
{
	const struct bpf_insn *insn = &s->node->insn;
	bool is32 = pairfuse_insn_class(insn) == BPF_ALU;
	struct pairfuse_exprs *x = s->run->x;
	pairfuse_val a = s->st->reg[insn->dst_reg], b;
	__u8 op = BPF_OP(insn->code);

	if (BPF_SRC(insn->code) == BPF_X)
		b = s->st->reg[insn->src_reg];
	else
		b = pairfuse_expr_const(x, (__s64)insn->imm);
	if (op == BPF_END || op == BPF_NEG)
		a = pairfuse_expr_top(x, pairfuse_expr(x, a)->taint);
	else if (insn->off)	/* signed division, sign extending move */
		a = pairfuse_expr_top(x, pairfuse_expr(x, b)->taint |
					 (op == BPF_MOV ? 0 : pairfuse_expr(x, a)->taint));
	else
		a = pairfuse_expr_alu(x, op, a, b, is32);
	s->st->reg[insn->dst_reg] = a;
	/* the frame that a pointer into the stack opens */
	if (pairfuse_expr(x, a)->kind == PAIRFUSE_E_STACK) {
		__s64 off = (__s64)pairfuse_expr(x, a)->imm;

		if (off < s->run->stack && off >= -PAIRFUSE_STACK_SIZE)
			s->run->stack = off;
	}
}

static int step(struct pairfuse_step *s)
{
	const struct bpf_insn *insn = &s->node->insn;

	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		return step_imm64(s);
	case BPF_LDX:
		return pairfuse_step_load(s);
	case BPF_ALU:
	case BPF_ALU64:
		step_alu(s);
		return 0;
	case BPF_ST:
		return pairfuse_step_store(s);
	case BPF_STX:
		if (pairfuse_insn_is_atomic(insn))
			return pairfuse_step_atomic(s);
		return pairfuse_step_store(s);
	}
	if (pairfuse_insn_is_call(insn))
		return pairfuse_step_call(s);
	return 0;
}

/* Jumps and exits end a walk; other walks go on from where they lead to. */
static int walk_jump(struct fixpoint *fp, struct pairfuse_step *s, int i)
{
	struct pairfuse_state taken;
	__u8 edges = 0;
	int err;

	if (pairfuse_insn_is_exit(&s->node->insn))
		return add_return(fp, i, s->st);
	if (pairfuse_insn_is_ja(&s->node->insn))
		return arrive(fp, s->node->target, s->st);
	taken = *s->st;
	err = pairfuse_step_cond(s, &taken, &edges);
	if (err)
		return err;
	if (s->note)
		s->note->edges |= edges;
	if (edges & 2)
		err = arrive(fp, s->node->target, &taken);
	if (!err && (edges & 1))
		err = arrive(fp, i + 1, s->st);
	return err;
}

/* From a leader to the next one. */
static int walk(struct fixpoint *fp, int i, struct pairfuse_state *st)
{
	struct pairfuse_run *run = fp->run;
	struct pairfuse_step s = { .run = run, .st = st };
	int err;

	for (;;) {
		struct pairfuse_note *note = fp->noting ? &run->notes[i] : NULL;

		if (++fp->steps > MAX_STEPS)
			return pairfuse_refuse(run->why, PAIRFUSE_REASON_COMPLEX, -1,
					       "'%s' takes more than %d steps to follow",
					       run->prog->name, MAX_STEPS);
		s.node = &run->ir->nodes[i];
		s.note = note;
		if (note)
			note_before(fp, st, note);
		if (pairfuse_insn_is_jump(&s.node->insn) || pairfuse_insn_is_exit(&s.node->insn)) {
			err = walk_jump(fp, &s, i);
			if (note)
				note->reached = true;
			return err;
		}
		err = step(&s);
		if (err)
			return err;
		if (note)
			note_after(fp, st, s.node, note);
		i++;
		if (fp->leaders[i].is)
			return arrive(fp, i, st);
	}
}

static void find_leaders(struct fixpoint *fp)
{
	const struct pairfuse_ir *ir = fp->run->ir;
	size_t i;

	fp->leaders[0].is = true;
	for (i = 0; i < ir->nr; i++) {
		if (!pairfuse_insn_is_jump(&ir->nodes[i].insn))
			continue;
		fp->leaders[ir->nodes[i].target].is = true;
		if (!pairfuse_insn_is_ja(&ir->nodes[i].insn))
			fp->leaders[i + 1].is = true;
	}
}

static int iterate(struct fixpoint *fp)
{
	struct pairfuse_state st;
	unsigned int i;
	int err = 0;

	for (i = 0; i < fp->run->nr_start && !err; i++) {
		pairfuse_state_init(fp->run, &fp->run->start[i], &st);
		err = arrive(fp, 0, &st);
	}
	while (!err && fp->nr) {
		struct item it = fp->queue[--fp->nr];
		struct part *p = fp->leaders[it.node].part[it.part];

		p->queued = false;
		st = p->st;
		err = walk(fp, it.node, &st);
	}
	return err;
}

static int take_notes(struct fixpoint *fp)
{
	struct pairfuse_state st;
	size_t i;
	unsigned int p;
	int err;

	fp->noting = true;
	for (i = 0; i < fp->run->ir->nr; i++) {
		for (p = 0; p < fp->leaders[i].nr; p++) {
			st = fp->leaders[i].part[p]->st;
			err = walk(fp, i, &st);
			if (err)
				return err;
		}
	}
	return 0;
}

int pairfuse_run(struct pairfuse_run *run)
{
	struct fixpoint fp = { .run = run };
	unsigned int p;
	size_t i;
	int err = -ENOMEM;

	pairfuse_run_free(run);
	run->reads[0] = run->reads[1] = run->touched = 0;
	run->stores = run->loads = run->absent_seen = run->looks = false;
	run->effects_unarmed = run->tells = false;
	run->stack = 0;
	run->loose = false;
	run->lowest = 0;
	run->below = 0;
	run->deref = run->words = 0;
	run->regs = run->kernel_stack = false;
	run->surplus = 0;
	run->surplus_stacked = run->stack_told = false;
	run->notes = calloc(run->ir->nr, sizeof(*run->notes));
	fp.leaders = calloc(run->ir->nr + 1, sizeof(*fp.leaders));
	if (run->notes && fp.leaders) {
		find_leaders(&fp);
		err = iterate(&fp);
		if (!err)
			err = take_notes(&fp);
		if (run->x->failed)
			err = -ENOMEM;
		for (i = 0; i < run->ir->nr; i++)
			for (p = 0; p < fp.leaders[i].nr; p++)
				free(fp.leaders[i].part[p]);
	}
	free(fp.leaders);
	free(fp.queue);
	return err;
}

void pairfuse_run_free(struct pairfuse_run *run)
{
	free(run->notes);
	free(run->returns);
	run->notes = NULL;
	run->returns = NULL;
	run->nr_returns = 0;
}

/* The largest, and the smallest key or value of the maps that register 1 may hold. */
static bool map_sizes(const struct pairfuse_run *run, pairfuse_val v, bool key, __s64 *min,
		      __s64 *max)
{
	__u64 mask = 0;
	size_t m;

	if (pairfuse_expr(run->x, v)->kind == PAIRFUSE_E_MAP) {
		m = pairfuse_expr(run->x, v)->a;
		*min = *max = key ? run->in->maps[m].key_size : run->in->maps[m].value_size;
		return true;
	}
	if (!pairfuse_bounds_maps(run->x, v, &mask) || !mask)
		return false;
	*min = 1LL << 32;
	*max = 0;
	for (m = 0; m < run->in->nr_maps && m < 64; m++) {
		__s64 size = key ? run->in->maps[m].key_size : run->in->maps[m].value_size;

		if (!(mask & (1ULL << m)))
			continue;
		*min = size < *min ? size : *min;
		*max = size > *max ? size : *max;
	}
	return true;
}

__s64 pairfuse_mem_len(const struct pairfuse_run *run, const pairfuse_val reg[],
		       const struct pairfuse_mem *m)
{
	__s64 min, max;
	__u64 len;

	switch (m->size) {
	case PAIRFUSE_MEM_REG:
		if (!pairfuse_expr_is_const(run->x, reg[m->n], &len))
			return -1;
		return (__u32)len;
	case PAIRFUSE_MEM_FIXED:
		return m->n;
	case PAIRFUSE_MEM_KEY:
	case PAIRFUSE_MEM_VALUE:
		if (map_sizes(run, reg[1], m->size == PAIRFUSE_MEM_KEY, &min, &max) && min == max)
			return min;
	}
	return -1;
}

__s64 pairfuse_mem_max(const struct pairfuse_run *run, const pairfuse_val reg[],
		       const struct pairfuse_mem *m)
{
	__s64 len = pairfuse_mem_len(run, reg, m), min, max;
	__u64 lo, hi;

	if (len >= 0)
		return len;
	if (m->size == PAIRFUSE_MEM_REG)
		return pairfuse_bounds_number(run->x, reg[m->n], &lo, &hi) ? (__s64)hi : -1;
	return map_sizes(run, reg[1], m->size == PAIRFUSE_MEM_KEY, &min, &max) ? max : -1;
}
