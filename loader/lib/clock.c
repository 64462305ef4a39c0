// SPDX-License-Identifier: GPL-2.0
/*
 * Nearly every pair measures a time: the entry stores bpf_ktime_get_ns(), the exit
 * subtracts that from its own. The stub can take the difference for a sixth of the
 * cost, and then there may be nothing left for the entry to do.
 *
 * What has to be true, for 8 bytes of the state:
 *
 *   - whenever the entry leaves state, they are what one call of
 *     bpf_ktime_get_ns() has returned (its abstract value at every return);
 *   - the entry itself does nothing with them but store them;
 *   - all that the exit does with them is to subtract them, whole, from what one
 *     of its own calls has returned. So the subtraction is replaced, dead code
 *     is removed, and then nobody may be reading these bytes.
 *
 *   - it does so with what one call of its own clock has returned: differences of two
 *     readings (how long is what the exit does itself?) are no elapsed times, nor are
 *     those of two times of the entry. So there is one place in the state, and no
 *     call of the clock that a difference is taken of can come after another one.
 *
 * The stub takes its times before the programs begin: what the entry does until it reads
 * the clock counts, and what the exit does until then does not. So that has to be
 * little (work.h), or the clock stays the programs'. What stays in front of it makes at
 * most one or two tenths of a microsecond at either end, less than what the two hooks and the
 * map took, which the original counted.
 *
 * With task storage the state may be of another call than the exit's, and without state
 * there is no time: left alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dead.h"
#include "work.h"

/* State bytes that are times on all ways out that leave state: a bit for the first of 8. */
static __u64 entry_times(const struct pairfuse_plan *plan)
{
	const struct pairfuse_run *run = &plan->entry_run;
	__u64 times = ~0ULL;
	size_t i;

	for (i = 0; i < run->nr_returns; i++)
		if (pairfuse_plan_armed(plan, &run->returns[i]))
			times &= run->returns[i].times;
	/* stored, nothing else */
	for (i = 0; i < plan->entry->ir.nr; i++) {
		const struct pairfuse_note *note = &run->notes[i];
		unsigned int off;

		if (!note->reached || (note->state_write &&
				       pairfuse_insn_is_store(&plan->entry->ir.nodes[i].insn)))
			continue;
		for (off = 0; off < PAIRFUSE_SLOT_BYTES; off += 8)
			if (note->state_bytes & pairfuse_bytes(off, 8))
				times &= ~(1ULL << off);
	}
	return run->nr_returns ? times : 0;
}

/* Does node i subtract a time of the entry from one of the exit? Where it was: *off. */
static bool is_difference(const struct pairfuse_plan *plan, size_t i, __u64 times,
			  unsigned int *off)
{
	const struct bpf_insn *insn = &plan->exit->ir.nodes[i].insn;
	const struct pairfuse_note *note = &plan->exit_run.notes[i];
	const struct pairfuse_expr *now, *then;

	if (insn->code != (BPF_ALU64 | BPF_SUB | BPF_X) || !note->reached)
		return false;
	now = pairfuse_expr(plan->x, note->in[insn->dst_reg]);
	then = pairfuse_expr(plan->x, note->in[insn->src_reg]);
	*off = then->a;
	return now->kind == PAIRFUSE_E_TIME && then->kind == PAIRFUSE_E_LOAD && then->b == 8 &&
	       then->a < PAIRFUSE_SLOT_BYTES && (times & (1ULL << then->a));
}

static int copy_exit(struct pairfuse_plan *plan)
{
	const struct pairfuse_flat *old = plan->exit;
	struct pairfuse_flat *new = &plan->timed_exit;

	*new = *old;
	new->ir.cap = old->ir.nr;
	new->ir.nodes = malloc(old->ir.nr * sizeof(*old->ir.nodes));
	if (!new->ir.nodes)
		return -ENOMEM;
	memcpy(new->ir.nodes, old->ir.nodes, old->ir.nr * sizeof(*old->ir.nodes));
	plan->plain_exit = plan->exit;
	plan->exit = new;
	return 0;
}

void pairfuse_clock_undo(struct pairfuse_plan *plan)
{
	if (plan->plain_exit)
		plan->exit = plan->plain_exit;
	plan->plain_exit = NULL;
	pairfuse_ir_free(&plan->timed_exit.ir);
	plan->elapsed = false;
	plan->dropped = 0;
}

/* Nobody but the subtractions has read the bytes: the run of the new exit tells. */
static int try_without(struct pairfuse_plan *plan, __u64 dropped)
{
	struct pairfuse_dead_result dead;
	int err;

	err = pairfuse_dead_code(plan->in, plan->exit->prog, plan->x, &plan->timed_exit.ir, &dead,
				 &plan->why);
	if (!err)
		err = pairfuse_plan_run_exit(plan);
	if (err)
		return err;
	if (plan->exit_run.reads[1] & dropped) {
		pairfuse_clock_undo(plan);
		return pairfuse_plan_run_exit(plan);
	}
	plan->elapsed = true;
	plan->dropped = dropped;
	plan->needed &= ~dropped;
	return 0;
}

/* Does the entry do little before any of its clocks? 0, 1 or -ENOMEM */
static int entry_is_heavy(const struct pairfuse_plan *plan)
{
	const struct pairfuse_ir *ir = &plan->entry->ir;
	int heavy = 0;
	size_t i;

	for (i = 0; !heavy && i < ir->nr; i++)
		if (plan->entry_run.notes[i].reached &&
		    pairfuse_insn_is_helper(&ir->nodes[i].insn) &&
		    ir->nodes[i].insn.imm == BPF_FUNC_ktime_get_ns)
			heavy = pairfuse_work_before(&plan->entry_run, i);
	return heavy;
}

/* Is it one reading, and early, that the exit takes differences of? 0, 1 or -ENOMEM */
static int exit_is_odd(const struct pairfuse_plan *plan, const bool *clocks)
{
	int odd = 0;
	size_t i;

	for (i = 0; !odd && i < plan->exit->ir.nr; i++) {
		if (!clocks[i])
			continue;
		odd = pairfuse_work_again(&plan->exit_run, i, clocks);
		if (!odd)
			odd = pairfuse_work_before(&plan->exit_run, i);
	}
	return odd;
}

/* Where the time is that the exit subtracts: *dropped, 0 if it is not to be taken by the stub. */
static int find_time(const struct pairfuse_plan *plan, __u64 times, __u64 *dropped)
{
	bool *clocks = calloc(plan->exit->ir.nr + 1, sizeof(*clocks));
	unsigned int off;
	size_t i;
	int odd;

	*dropped = 0;
	if (!clocks)
		return -ENOMEM;
	for (i = 0; i < plan->exit->ir.nr; i++) {
		const struct pairfuse_note *note = &plan->exit_run.notes[i];

		if (!is_difference(plan, i, times, &off))
			continue;
		clocks[pairfuse_expr(plan->x, note->in[plan->exit->ir.nodes[i].insn.dst_reg])->a] =
			true;
		*dropped |= pairfuse_bytes(off, 8);
	}
	odd = *dropped ? exit_is_odd(plan, clocks) : 0;
	free(clocks);
	if (!odd && *dropped)
		odd = entry_is_heavy(plan);
	if (odd || __builtin_popcountll(*dropped) != 8)
		*dropped = 0;
	return odd < 0 ? odd : 0;
}

static int take_time(struct pairfuse_plan *plan, __u64 times)
{
	unsigned int off;
	size_t i;
	int err;

	err = copy_exit(plan);
	for (i = 0; !err && i < plan->exit->ir.nr; i++) {
		struct pairfuse_node *n = &plan->timed_exit.ir.nodes[i];
		__u8 dst = n->insn.dst_reg;

		if (!is_difference(plan, i, times, &off))
			continue;
		n->insn = PAIRFUSE_INSN(BPF_LD | BPF_IMM | BPF_DW, dst, PAIRFUSE_PSEUDO_ELAPSED,
					0, 0);
		n->hi = 0;
	}
	return err;
}

int pairfuse_clock(struct pairfuse_plan *plan)
{
	__u64 times, dropped = 0;
	int err;

	if (!plan->in->clock || (plan->in->without & PAIRFUSE_OPT_CLOCK) || plan->task ||
	    plan->exit_always)
		return 0;
	times = entry_times(plan);
	err = times ? find_time(plan, times, &dropped) : 0;
	if (err || !dropped)
		return err;
	err = take_time(plan, times);
	return err ? err : try_without(plan, dropped);
}
