// SPDX-License-Identifier: GPL-2.0
/*
 * Is a slot per invocation equivalent to the map?
 *
 * The map keeps one entry under the pair's key from the entry program to the
 * exit program. Fused, the state is in a slot that nobody else sees and that
 * is gone when the call returns. That makes a difference only where a program
 * would have seen what an *earlier* call had left in the map. Three ways to
 * know that none does, for calls that do not nest (for those that do, see the
 * design: each has its own slot):
 *
 *   removed  Whenever the exit ends, the entry is not in the map any more, if
 *            it was. So when the entry program begins, there is none. This
 *            holds by induction for all calls if it holds for each exit in the
 *            two cases "there is state" and "there is none".
 *   stored   However the entry program ends, it has put a complete new state
 *            there: all bytes that the exit reads.
 *   zeroed   For maps whose elements cannot go away (array) or stay (task
 *            storage): whenever the exit ends, some field is 0, and while it
 *            is 0 the exit reads nothing else. The entry program arms the slot
 *            by writing the field; not armed means 0.
 *
 * Exits that end early by a filter do not remove anything. That is fine where
 * the entry has the same filter, in terms of things that do not change during
 * the call (thread ids, arguments, options): the conditions that hold on the
 * entry's armed paths ("facts") are taken for granted in the exit's analysis
 * for the case that there is state.
 *
 * Without state, the exit is run only if it would have an effect.
 */
#include <string.h>

#include "clock.h"
#include "filter.h"
#include "leftover.h"
#include "plan.h"
#include "storage.h"
#include "sysexit.h"

static const char *map_name(const struct pairfuse_plan *plan)
{
	return plan->in->maps[plan->carrier].name;
}

static void setup(struct pairfuse_plan *plan, struct pairfuse_run *run,
		  struct pairfuse_flat *flat, bool is_exit)
{
	pairfuse_run_free(run);
	plan->why.prog = is_exit;
	*run = (struct pairfuse_run){
		.in = plan->in, .prog = flat->prog, .ir = &flat->ir, .x = plan->x,
		.why = &plan->why, .is_exit = is_exit,
		.carrier = plan->kept ? -1 : plan->carrier,
		.kind = plan->kind, .key = &plan->key, .live = flat->live,
		.proving = plan->proving,
	};
}

static void add_start(struct pairfuse_run *run, bool armed, bool present, __u64 zero)
{
	run->start[run->nr_start++] = (struct pairfuse_start){
		.armed = armed, .present = present, .zero = zero,
	};
}

int pairfuse_plan_run_entry(struct pairfuse_plan *plan, struct pairfuse_run *run,
			    const struct pairfuse_facts *facts)
{
	setup(plan, run, plan->entry, false);
	run->flag_bytes = plan->proof == PAIRFUSE_PROOF_ZEROED ? plan->flag_bytes : 0;
	add_start(run, false, plan->kind == PAIRFUSE_CARRIER_ARRAY, 0);
	if (facts)
		run->start[0].facts = *facts;
	return pairfuse_run(run);
}

static int run_entry(struct pairfuse_plan *plan)
{
	return pairfuse_plan_run_entry(plan, &plan->entry_run, NULL);
}

/* armed: with state; unarmed: (also) without. */
static int run_exit(struct pairfuse_plan *plan, struct pairfuse_run *run, bool armed,
		    bool unarmed)
{
	bool removed = plan->proof == PAIRFUSE_PROOF_REMOVED;

	setup(plan, run, plan->exit, true);
	if (armed) {
		add_start(run, true, true, 0);
		run->times = plan->times;
		run->start[0].facts = plan->facts;
	}
	if (unarmed && !removed)
		add_start(run, false, true, plan->flag_bytes);
	if (unarmed && (removed || plan->kind == PAIRFUSE_CARRIER_TASK))
		add_start(run, false, false, 0);
	return pairfuse_run(run);
}

/* Could there be state when the entry program ends like this? (The proof is not chosen yet.) */
static bool maybe_armed(const struct pairfuse_plan *plan, const struct pairfuse_return *ret)
{
	if (plan->kind == PAIRFUSE_CARRIER_ARRAY)
		return ret->written != 0;
	return ret->present;
}

bool pairfuse_plan_armed(const struct pairfuse_plan *plan, const struct pairfuse_return *ret)
{
	if (plan->task && plan->exit_always)
		return true;
	switch (plan->proof) {
	case PAIRFUSE_PROOF_REMOVED:
		return ret->present;
	case PAIRFUSE_PROOF_ZEROED:
		return ret->written & plan->flag_bytes;
	default:
		return true;
	}
}

/* The conditions that hold on all paths on which the entry leaves state, and times in it. */
static bool common_facts(struct pairfuse_plan *plan, struct pairfuse_facts *facts)
{
	const struct pairfuse_run *run = &plan->entry_run;
	unsigned int i, j, nr;
	bool any = false;
	size_t r;

	for (r = 0; r < run->nr_returns; r++) {
		const struct pairfuse_facts *f = &run->returns[r].facts;

		if (!maybe_armed(plan, &run->returns[r]))
			continue;
		if (!any)
			*facts = *f;
		plan->times = any ? plan->times & run->returns[r].times : run->returns[r].times;
		any = true;
		for (i = 0, nr = 0; i < facts->nr; i++)
			for (j = 0; j < f->nr; j++)
				if (f->f[j].v == facts->f[i].v &&
				    f->f[j].truth == facts->f[i].truth) {
					facts->f[nr++] = facts->f[i];
					break;
				}
		facts->nr = nr;
	}
	pairfuse_plan_lasting(plan, facts);
	return any;
}

static int no_carrier(struct pairfuse_plan *plan, const char *side, const char *what)
{
	return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_NO_CARRIER, -1,
			       "'%s' does not %s '%s'", side, what, map_name(plan));
}

static bool entry_deletes(const struct pairfuse_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->entry->ir.nr; i++)
		if (plan->entry_run.notes[i].op == PAIRFUSE_OP_DELETE)
			return true;
	return false;
}

/* Which proofs does this pair allow? */
static int study_proofs(struct pairfuse_plan *plan)
{
	struct pairfuse_run without = { 0 };
	const struct pairfuse_return *ret;
	size_t r;
	int err;

	plan->removes = plan->kind != PAIRFUSE_CARRIER_ARRAY;
	/* having written the field means that there is state, unless it is deleted again */
	plan->zeroes = plan->kind == PAIRFUSE_CARRIER_HASH || entry_deletes(plan) ? 0 : ~0ULL;
	for (r = 0; r < plan->exit_run.nr_returns; r++) {
		plan->removes &= !plan->exit_run.returns[r].present;
		plan->zeroes &= plan->exit_run.returns[r].zero;
	}
	plan->stores_always = true;
	for (r = 0; r < plan->entry_run.nr_returns; r++) {
		ret = &plan->entry_run.returns[r];
		/* all of them, so that the facts hold whenever there is state */
		plan->stores_always &= maybe_armed(plan, ret) && ret->present &&
				       !(plan->needed & ~ret->written);
	}
	if (plan->kind == PAIRFUSE_CARRIER_ARRAY)
		return 0;
	/* nor may it leave anything when there was nothing */
	plan->proof = PAIRFUSE_PROOF_REMOVED;
	err = run_exit(plan, &without, false, true);
	plan->proof = PAIRFUSE_PROOF_NONE;
	for (r = 0; !err && r < without.nr_returns; r++)
		plan->creates |= without.returns[r].present;
	plan->removes &= !plan->creates;
	pairfuse_run_free(&without);
	return err;
}

/* Stores or the like that are not reached: options (.rodata) say so. */
static bool is_switched_off(const struct pairfuse_plan *plan)
{
	const struct pairfuse_ir *ir = &plan->entry->ir;
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		const struct bpf_insn *insn = &ir->nodes[i].insn;

		if (!plan->entry_run.notes[i].reached && pairfuse_insn_is_helper(insn) &&
		    (insn->imm == BPF_FUNC_map_update_elem ||
		     insn->imm == BPF_FUNC_task_storage_get))
			return true;
	}
	return false;
}

static int no_state(struct pairfuse_plan *plan)
{
	if (is_switched_off(plan))
		return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_NO_CARRIER, -1,
				       "with the options as they are set, '%s' does not leave state in '%s'",
				       plan->entry->prog->name, map_name(plan));
	return no_carrier(plan, plan->entry->prog->name, "leave state in");
}

/* Registers without an argument are in the state. Does the exit look at them? (ctxread.h) */
static int check_surplus(struct pairfuse_plan *plan)
{
	const struct pairfuse_run *entry = &plan->entry_run;

	if (entry->surplus_stacked && entry->stack_told) {
		plan->why.prog = 0;
		return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_CONTEXT, entry->surplus_insn,
				       "insn %d saves byte %d of the context on the stack, whose address '%s' stores in memory: no argument is there",
				       entry->surplus_insn, entry->surplus_at,
				       plan->entry->prog->name);
	}
	if (!(entry->surplus & (plan->exit_run.reads[0] | plan->exit_run.reads[1])))
		return 0;
	plan->why.prog = 0;
	return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_CONTEXT, entry->surplus_insn,
			       "insn %d reads byte %d of the context for '%s': no argument is there",
			       entry->surplus_insn, entry->surplus_at, plan->exit->prog->name);
}

static int study(struct pairfuse_plan *plan)
{
	int err;

	if (!pairfuse_carrier_kind(plan->in->maps[plan->carrier].type, &plan->kind))
		return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_CARRIER_TYPE, -1,
				       "map '%s' is of a type that a slot cannot imitate",
				       map_name(plan));
	err = run_entry(plan);
	if (err)
		return err;
	if (!plan->entry_run.stores || !common_facts(plan, &plan->facts))
		return no_state(plan);
	err = run_exit(plan, &plan->exit_run, true, false);
	if (err)
		return err;
	if (!plan->exit_run.loads)
		return no_carrier(plan, plan->exit->prog->name, "read");
	plan->needed = plan->exit_run.reads[1];
	err = check_surplus(plan);
	if (!err)
		err = study_proofs(plan);
	return err ? err : pairfuse_leftover_slot(plan);
}

int pairfuse_plan_study(struct pairfuse_plan *plan)
{
	int err;

	plan->why.reason = PAIRFUSE_REASON_NONE;
	plan->proving = true;
	err = study(plan);
	plan->proving = false;
	return err;
}

/* --- with a proof chosen --- */

static int left_over(struct pairfuse_plan *plan, int prog, int insn, const char *what)
{
	plan->why.prog = prog;
	return pairfuse_refuse(&plan->why, PAIRFUSE_REASON_NOT_CONSUMED, insn, "%s '%s'", what,
			       map_name(plan));
}

/* The entry must not see what an earlier call has left, nor leave it to the exit. */
static int check_entry(struct pairfuse_plan *plan)
{
	struct pairfuse_run *run = &plan->entry_run;
	bool fresh = plan->proof == PAIRFUSE_PROOF_REMOVED;
	size_t r;

	if (run->absent_seen && !fresh)
		return left_over(plan, 0, run->absent_insn,
				 "the entry looks whether an earlier call has left something in");
	if (run->reads[0] && !fresh)
		return left_over(plan, 0, run->reads_insn[0],
				 "the entry reads what an earlier call has left in");
	/* new task storage is zero: where the entry or the exit relies on it, clear */
	plan->clear = run->reads[0];
	for (r = 0; r < run->nr_returns; r++) {
		const struct pairfuse_return *ret = &run->returns[r];

		if (!pairfuse_plan_armed(plan, ret) || !(plan->needed & ~ret->written))
			continue;
		if (!fresh)
			return left_over(plan, 0, plan->entry->ir.nodes[ret->node].orig,
					 "the entry leaves bytes of an earlier call in");
		plan->clear |= plan->needed & ~ret->written;
	}
	return 0;
}

/* The exit without state: does it do anything, and is that the same? */
static int check_unarmed(struct pairfuse_plan *plan)
{
	struct pairfuse_run run = { 0 };
	size_t r;
	int err;

	plan->exit_always = false;
	if (plan->proof == PAIRFUSE_PROOF_STORED)
		return 0;
	err = run_exit(plan, &run, false, true);
	plan->exit_always = run.effects_unarmed;
	if (!err && run.reads[0])
		err = left_over(plan, 1, run.reads_insn[0],
				"the exit reads what an earlier call has left in");
	for (r = 0; !err && plan->proof == PAIRFUSE_PROOF_ZEROED && r < run.nr_returns; r++)
		if (plan->flag_bytes & ~run.returns[r].zero && run.returns[r].present)
			err = left_over(plan, 1, plan->exit->ir.nodes[run.returns[r].node].orig,
					"the exit leaves state in");
	for (r = 0; !err && plan->kind == PAIRFUSE_CARRIER_ARRAY && r < run.nr_returns; r++)
		if (run.returns[r].changed & ~plan->flag_bytes)
			err = left_over(plan, 1, plan->exit->ir.nodes[run.returns[r].node].orig,
					"without state the exit leaves a result in");
	/* "never created" and "zero" would have to be told apart */
	if (!err && plan->exit_always && plan->proof == PAIRFUSE_PROOF_ZEROED &&
	    plan->kind == PAIRFUSE_CARRIER_TASK)
		err = left_over(plan, 1, -1,
				"the exit does something without state, depending on older");
	pairfuse_run_free(&run);
	return err;
}

/*
 * The programs as they are, with their map, from one stub: the exit always runs, and
 * nothing is known of what the entry has done.
 */
static int keep_map(struct pairfuse_plan *plan)
{
	int err;

	plan->kept = true;
	plan->task = false;
	plan->exact = false;
	plan->proof = PAIRFUSE_PROOF_STORED;
	plan->facts.nr = 0;
	plan->exit_always = false;
	plan->needed = plan->clear = plan->flag_bytes = 0;
	err = run_entry(plan);
	return err ? err : pairfuse_plan_run_exit(plan);
}

static int check_both(struct pairfuse_plan *plan)
{
	int err;

	plan->proving = true;
	err = run_entry(plan);
	if (!err)
		err = check_entry(plan);
	if (!err)
		err = check_unarmed(plan);
	plan->proving = false;
	return err;
}

int pairfuse_plan_decide(struct pairfuse_plan *plan)
{
	int err;

	pairfuse_clock_undo(plan);
	plan->filter = PAIRFUSE_FILTER_NONE;
	err = pairfuse_sys_exit(plan);
	if (err)
		return err;
	if (plan->in->without & PAIRFUSE_OPT_SLOT)
		return keep_map(plan);
	if (plan->task)
		return pairfuse_storage_decide(plan);
	err = check_both(plan);
	if (!err)
		err = run_entry(plan);
	if (err)
		return err;
	/* a slot that the entry has not armed must look like a zeroed one */
	if (plan->exit_always && plan->proof == PAIRFUSE_PROOF_ZEROED)
		plan->clear |= plan->flag_bytes;
	err = pairfuse_plan_run_exit(plan);
	if (!err)
		err = check_surplus(plan);
	if (!err)
		err = pairfuse_filter(plan);
	return err ? err : pairfuse_clock(plan);
}

int pairfuse_plan_run_exit(struct pairfuse_plan *plan)
{
	return run_exit(plan, &plan->exit_run, true, plan->exit_always);
}

int pairfuse_plan_run_without(struct pairfuse_plan *plan, struct pairfuse_run *run)
{
	bool kept = plan->kept;

	plan->kept = false;
	setup(plan, run, plan->exit, true);
	plan->kept = kept;
	if (plan->kind != PAIRFUSE_CARRIER_ARRAY)
		add_start(run, false, false, 0);
	if (plan->kind == PAIRFUSE_CARRIER_ARRAY || !plan->removes)
		add_start(run, false, true, plan->kind == PAIRFUSE_CARRIER_HASH ?
						    ~0ULL : plan->flag_bytes);
	return pairfuse_run(run);
}

void pairfuse_plan_free(struct pairfuse_plan *plan)
{
	pairfuse_clock_undo(plan);
	pairfuse_run_free(&plan->entry_run);
	pairfuse_run_free(&plan->exit_run);
}

/* --- the key --- */

/* Does expression v contain a leaf of that kind? */
static bool contains(const struct pairfuse_exprs *x, pairfuse_val v, enum pairfuse_expr_kind kind)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	if (e->kind == kind)
		return true;
	if (e->kind == PAIRFUSE_E_PART)
		return contains(x, e->a, kind);
	if (e->kind == PAIRFUSE_E_OP)
		return contains(x, e->a, kind) || contains(x, e->b, kind);
	return false;
}

bool pairfuse_plan_has_tid(const struct pairfuse_plan *plan)
{
	const struct pairfuse_key_bytes *key = &plan->key;
	unsigned int tid = 0, i;

	for (i = 0; i < key->size; i++)
		if (pairfuse_expr(plan->x, key->root[i])->kind == PAIRFUSE_E_PID_TGID)
			tid |= 1U << key->idx[i];
	return (tid & 0xf) == 0xf;
}

/* Is the number of the thread in it, or perhaps? */
static bool depends_on_tid(const struct pairfuse_exprs *x, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	switch (e->kind) {
	case PAIRFUSE_E_PID_TGID:
		return true;
	case PAIRFUSE_E_PART:	/* the upper half is the process */
		return (e->imm < 4 || pairfuse_expr(x, e->a)->kind != PAIRFUSE_E_PID_TGID) &&
		       depends_on_tid(x, e->a);
	case PAIRFUSE_E_OP:
		return depends_on_tid(x, e->a) || depends_on_tid(x, e->b);
	}
	return false;
}

bool pairfuse_plan_lasts(const struct pairfuse_plan *plan, pairfuse_val v)
{
	return !depends_on_tid(plan->x, v) || pairfuse_plan_has_tid(plan);
}

void pairfuse_plan_lasting(const struct pairfuse_plan *plan, struct pairfuse_facts *facts)
{
	unsigned int i, nr = 0;

	for (i = 0; i < facts->nr; i++)
		if (pairfuse_plan_lasts(plan, facts->f[i].v))
			facts->f[nr++] = facts->f[i];
	facts->nr = nr;
}

enum pairfuse_key pairfuse_plan_key(const struct pairfuse_plan *plan)
{
	const struct pairfuse_key_bytes *key = &plan->key;
	bool low = false, high = false, task = false, args = false;
	unsigned int i;

	for (i = 0; i < key->size; i++) {
		bool ids = contains(plan->x, key->root[i], PAIRFUSE_E_PID_TGID);
		bool whole = pairfuse_expr(plan->x, key->root[i])->kind == PAIRFUSE_E_PID_TGID;

		low |= ids && (!whole || key->idx[i] < 4);
		high |= ids && (!whole || key->idx[i] >= 4);
		task |= contains(plan->x, key->root[i], PAIRFUSE_E_TASK);
		args |= contains(plan->x, key->root[i], PAIRFUSE_E_WORD);
	}
	if (args)
		return PAIRFUSE_KEY_ARGS;
	if (task)
		return PAIRFUSE_KEY_TASK;
	if (low)
		return high ? PAIRFUSE_KEY_PID_TGID : PAIRFUSE_KEY_TID;
	return high ? PAIRFUSE_KEY_TGID : PAIRFUSE_KEY_CONST;
}
