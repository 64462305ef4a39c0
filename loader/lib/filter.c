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
 *
 * Names ("only dd") are compared character by character. The stub compares the first
 * four, which is true of few other tasks, and the entry goes on comparing them all:
 * a name can change between the one and the other.
 */
#include <string.h>

#include "filter.h"

#define COMM_BYTES	sizeof(((struct pairfuse_plan *)0)->filter_value)

/* Something that is equal to a constant whenever there is state. */
struct equation {
	pairfuse_val v;
	__u64 imm;
};

static bool is_equation(const struct pairfuse_exprs *x, const struct pairfuse_fact *fact,
			struct equation *eq)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, fact->v);

	if (!fact->truth || e->kind != PAIRFUSE_E_OP || e->op != (BPF_JEQ | BPF_JMP))
		return false;
	eq->v = e->a;
	if (pairfuse_expr_is_const(x, e->b, &eq->imm))
		return true;
	eq->v = e->b;
	return pairfuse_expr_is_const(x, e->a, &eq->imm);
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

/* --- ids --- */

/* The lower or upper half of pid_tgid? */
static enum pairfuse_filter is_id(const struct pairfuse_exprs *x, const struct equation *eq)
{
	const struct pairfuse_expr *part = pairfuse_expr(x, eq->v);

	if (eq->imm > ~0U || part->kind != PAIRFUSE_E_PART || part->b != 4 ||
	    (part->imm != 0 && part->imm != 4) ||
	    pairfuse_expr(x, part->a)->kind != PAIRFUSE_E_PID_TGID)
		return PAIRFUSE_FILTER_NONE;
	return part->imm ? PAIRFUSE_FILTER_TGID : PAIRFUSE_FILTER_TID;
}

static int filter_id(struct pairfuse_plan *plan)
{
	enum pairfuse_filter filter;
	struct pairfuse_facts facts;
	struct equation eq;
	unsigned int i;
	int idle;

	for (i = 0; i < plan->facts.nr; i++) {
		if (!is_equation(plan->x, &plan->facts.f[i], &eq))
			continue;
		filter = is_id(plan->x, &eq);
		idle = filter ? is_idle_without(plan, &plan->facts.f[i]) : 0;
		if (idle < 0)
			return idle;
		if (!idle)
			continue;
		plan->filter = filter;
		plan->filter_value = eq.imm;
		facts = (struct pairfuse_facts){ .nr = 1, .f[0] = plan->facts.f[i] };
		return pairfuse_plan_run_entry(plan, &plan->entry_run, &facts);
	}
	return 0;
}

/* --- names --- */

/* Bytes of the first half of a name: which call's, from where, how many? */
static bool is_comm(const struct pairfuse_exprs *x, pairfuse_val v, __u32 *call,
		    unsigned int *from, unsigned int *len)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	*from = 0;
	*len = 8;
	if (e->kind == PAIRFUSE_E_PART) {
		*from = e->imm;
		*len = e->b;
		e = pairfuse_expr(x, e->a);
	}
	*call = e->a;
	return e->kind == PAIRFUSE_E_COMM && e->b == 0;
}

/* The characters that are known of what one call has found; a bit each in *known. */
static void known_comm(const struct pairfuse_plan *plan, __u32 call, __u32 *value,
		       unsigned int *known)
{
	unsigned int i, from, len, byte;
	struct equation eq;
	__u32 other;

	*value = 0;
	*known = 0;
	for (i = 0; i < plan->facts.nr; i++) {
		if (!is_equation(plan->x, &plan->facts.f[i], &eq) ||
		    !is_comm(plan->x, eq.v, &other, &from, &len) || other != call)
			continue;
		for (byte = from; byte < from + len && byte < COMM_BYTES; byte++) {
			*known |= 1U << byte;
			*value &= ~(0xffU << 8 * byte);
			*value |= (__u32)(eq.imm >> 8 * (byte - from) & 0xff) << 8 * byte;
		}
	}
}

/* Is the entry idle when any of these characters is another? */
static int is_idle_for_others(struct pairfuse_plan *plan, __u32 call)
{
	unsigned int i, from, len;
	struct equation eq;
	__u32 other;
	int idle = 1;

	for (i = 0; i < plan->facts.nr && idle > 0; i++)
		if (is_equation(plan->x, &plan->facts.f[i], &eq) &&
		    is_comm(plan->x, eq.v, &other, &from, &len) && other == call &&
		    from < COMM_BYTES)
			idle = is_idle_without(plan, &plan->facts.f[i]);
	return idle;
}

static int filter_comm(struct pairfuse_plan *plan)
{
	unsigned int i, from, len, known;
	struct equation eq;
	__u32 call, value;
	int idle;

	for (i = 0; i < plan->facts.nr; i++) {
		if (!is_equation(plan->x, &plan->facts.f[i], &eq) ||
		    !is_comm(plan->x, eq.v, &call, &from, &len))
			continue;
		known_comm(plan, call, &value, &known);
		if (known != (1U << COMM_BYTES) - 1)
			continue;
		idle = is_idle_for_others(plan, call);
		if (idle <= 0)
			return idle;
		plan->filter = PAIRFUSE_FILTER_COMM;
		plan->filter_value = value;
		return 0;
	}
	return 0;
}

int pairfuse_filter(struct pairfuse_plan *plan)
{
	int err;

	if (!plan->in->filter || (plan->in->without & PAIRFUSE_OPT_FILTER) || plan->task ||
	    plan->exit_always)
		return 0;
	err = filter_id(plan);
	return err || plan->filter ? err : filter_comm(plan);
}
