// SPDX-License-Identifier: GPL-2.0
/*
 * "Only this process" is what most tools can be asked for, and then most calls are
 * of others. Where state is left only under the condition that the process or
 * thread id is a constant, the stub compares before it saves anything.
 *
 * Calls that do not match then run neither program, so neither may do anything for
 * them: the entry is interpreted under the opposite condition, and has to end
 * without effects and without state; the exit is not run without state anyway. The
 * entry is then rewritten for calls that do match, and the test in it disappears.
 */
#include <string.h>

#include "filter.h"

/* v: the lower or upper half of pid_tgid compared with a constant? */
static bool is_id(const struct pairfuse_exprs *x, pairfuse_val v, pairfuse_val c,
		  enum pairfuse_filter *filter, __u32 *value)
{
	const struct pairfuse_expr *part = pairfuse_expr(x, v);
	__u64 imm;

	if (!pairfuse_expr_is_const(x, c, &imm) || imm > ~0U ||
	    part->kind != PAIRFUSE_E_PART || part->b != 4 || (part->imm != 0 && part->imm != 4) ||
	    pairfuse_expr(x, part->a)->kind != PAIRFUSE_E_PID_TGID)
		return false;
	*filter = part->imm ? PAIRFUSE_FILTER_TGID : PAIRFUSE_FILTER_TID;
	*value = imm;
	return true;
}

static bool is_filter(const struct pairfuse_exprs *x, const struct pairfuse_fact *fact,
		      enum pairfuse_filter *filter, __u32 *value)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, fact->v);

	return fact->truth && e->kind == PAIRFUSE_E_OP && e->op == (BPF_JEQ | BPF_JMP) &&
	       (is_id(x, e->a, e->b, filter, value) || is_id(x, e->b, e->a, filter, value));
}

/* 1: nothing happens when the condition does not hold; 0: something may; or an error. */
static int is_idle_without(struct pairfuse_plan *plan, const struct pairfuse_fact *fact)
{
	struct pairfuse_facts facts = { .nr = 1, .f[0] = { .v = fact->v, .truth = false } };
	struct pairfuse_run run = { 0 };
	size_t r;
	int err;

	err = pairfuse_plan_run_entry(plan, &run, &facts);
	if (!err)
		err = !run.effects_unarmed;
	for (r = 0; r < run.nr_returns; r++)
		if (pairfuse_plan_armed(plan, &run.returns[r]))
			err = err > 0 ? 0 : err;
	pairfuse_run_free(&run);
	return err;
}

int pairfuse_filter(struct pairfuse_plan *plan)
{
	enum pairfuse_filter filter;
	struct pairfuse_facts facts;
	unsigned int i;
	__u32 value;
	int idle;

	if (!plan->in->filter || (plan->in->without & PAIRFUSE_OPT_FILTER) || plan->task ||
	    plan->exit_always)
		return 0;
	for (i = 0; i < plan->facts.nr; i++) {
		if (!is_filter(plan->x, &plan->facts.f[i], &filter, &value))
			continue;
		idle = is_idle_without(plan, &plan->facts.f[i]);
		if (idle < 0)
			return idle;
		if (!idle)
			continue;
		plan->filter = filter;
		plan->filter_value = value;
		facts = (struct pairfuse_facts){ .nr = 1, .f[0] = plan->facts.f[i] };
		return pairfuse_plan_run_entry(plan, &plan->entry_run, &facts);
	}
	return 0;
}
