// SPDX-License-Identifier: GPL-2.0
/*
 * The slot, or the storage of the task?
 *
 * A slot gives each invocation a state of its own. A map keyed by the thread has
 * one for each thread: a call inside a call overwrites it, and whichever exit
 * comes first takes it. Task storage (BPF_MAP_TYPE_TASK_STORAGE, one value and
 * a word "is there state" for each task) has exactly that, costs two calls of a
 * helper more than the slot, and leaves the programs' structure alone: what a
 * slot cannot imitate (large states, addresses that escape, flags, left-overs)
 * works there.
 *
 * For that the key has to be the thread, all of it and nothing else, and all
 * programs that use the map have to be moved together; group.c sees to both.
 * Differences that remain: there is no limit on the number of entries, creation
 * can fail when memory is short, what is keyed by number (a thread that becomes
 * the leader in execve(), idle tasks, which all have number 0) goes by task.
 *
 * The exit has to run whenever there is state, not just when its own entry has
 * stored it: that of an outer call may be there. Not running it is sound only if
 * it does nothing without state, and if an entry that stores nothing means that
 * the thread has no state at all. That is known where the entries of the group
 * decline by a condition on the thread alone ("not the process that I want"),
 * since then they decline in all calls of the thread (and no exit stores).
 *
 * One function that is called again while it runs (recursion, interrupts) is given a state
 * for each call as long as nobody can tell but by there being more results: the programs
 * must not look. An entry does that looks whether there is state, and an exit that has
 * part of its state in another map, where an inner call takes it. Both get the task's
 * storage, or are refused. So is an entry that looks for a call of another thread, with
 * a key that the two have in common. System calls of a thread do not nest.
 *
 * Where that is known, and every exit removes what it finds, even the slot can do
 * what the map does: calls of a thread store alike, so an inner call has always
 * overwritten and removed what an outer one had stored. All that an exit needs to
 * know is whether there was an inner call, and that the kernel module can tell
 * (PAIRFUSE_ATTACH_EXACT) for a few instructions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leftover.h"
#include "storage.h"

/* As large as an element is allocated without sleeping on all kernels. */
#define MAX_SIZE	7936

/* --- is it possible for a pair? --- */

static bool is_leaf(const struct pairfuse_plan *plan, unsigned int i, enum pairfuse_expr_kind kind)
{
	return pairfuse_expr(plan->x, plan->key.root[i])->kind == kind;
}

bool pairfuse_storage_key_is_thread(const struct pairfuse_plan *plan)
{
	unsigned int tid = 0, task = 0, i;

	for (i = 0; i < plan->key.size; i++) {
		if (is_leaf(plan, i, PAIRFUSE_E_PID_TGID))
			tid |= 1U << plan->key.idx[i];
		else if (is_leaf(plan, i, PAIRFUSE_E_TASK))
			task |= 1U << plan->key.idx[i];
		else if (!is_leaf(plan, i, PAIRFUSE_E_CONST))
			return false;
	}
	return (tid & 0xf) == 0xf || task == 0xff;
}

static bool map_is_simple(const struct pairfuse_map *map)
{
	switch (map->type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		return pairfuse_storage_size(map->value_size) <= MAX_SIZE;
	case BPF_MAP_TYPE_TASK_STORAGE:	/* stays as it is */
		return true;
	default:
		return false;
	}
}

static int run(struct pairfuse_plan *plan, struct pairfuse_run *run, bool is_exit,
	       struct pairfuse_start start, bool follow)
{
	struct pairfuse_flat *flat = is_exit ? plan->exit : plan->entry;

	pairfuse_run_free(run);
	plan->why.prog = is_exit;
	*run = (struct pairfuse_run){
		.in = plan->in, .prog = flat->prog, .ir = &flat->ir, .x = plan->x,
		.why = &plan->why, .is_exit = is_exit, .carrier = plan->carrier,
		.kind = plan->kind, .key = &plan->key, .task = true, .follow = follow,
		.live = flat->live, .proving = plan->proving, .start[0] = start, .nr_start = 1,
	};
	return pairfuse_run(run);
}

static int run_entry(struct pairfuse_plan *plan)
{
	return run(plan, &plan->entry_run, false, (struct pairfuse_start){ 0 }, false);
}

static int run_exit(struct pairfuse_plan *plan)
{
	struct pairfuse_start start = { .armed = true, .present = true };

	if (!plan->exit_always)
		start.facts = plan->facts;
	return run(plan, &plan->exit_run, true, start, false);
}

/* Refusals that are about the slot alone. */
static bool is_about_slot(enum pairfuse_reason reason)
{
	switch (reason) {
	case PAIRFUSE_REASON_UPDATE_FLAGS:
	case PAIRFUSE_REASON_NOT_CONSUMED:
	case PAIRFUSE_REASON_STATE_SIZE:
	case PAIRFUSE_REASON_STATE_ESCAPES:
	case PAIRFUSE_REASON_STATE_OFFSET:
	case PAIRFUSE_REASON_STATE_UNKNOWN:
	case PAIRFUSE_REASON_STACK:
	case PAIRFUSE_REASON_COMPLEX:
		return true;
	default:
		return false;
	}
}

static bool is_armed(const struct pairfuse_return *ret)
{
	return ret->present;
}

static bool has_fact(const struct pairfuse_facts *facts, pairfuse_val v, bool truth)
{
	unsigned int i;

	for (i = 0; i < facts->nr; i++)
		if (facts->f[i].v == v && facts->f[i].truth == truth)
			return true;
	return false;
}

/* The facts that hold on all armed paths. */
static void common_facts(struct pairfuse_plan *plan)
{
	const struct pairfuse_run *run = &plan->entry_run;
	struct pairfuse_facts *facts = &plan->facts;
	unsigned int i, nr;
	bool any = false;
	size_t r;

	facts->nr = 0;
	for (r = 0; r < run->nr_returns; r++) {
		if (!is_armed(&run->returns[r]))
			continue;
		if (!any)
			*facts = run->returns[r].facts;
		any = true;
		for (i = 0, nr = 0; i < facts->nr; i++)
			if (has_fact(&run->returns[r].facts, facts->f[i].v, facts->f[i].truth))
				facts->f[nr++] = facts->f[i];
		facts->nr = nr;
	}
	pairfuse_plan_lasting(plan, facts);
}

/* What may be left, where the conditions hold under which the entry has stored. */
static int study_leftover(struct pairfuse_plan *plan)
{
	struct pairfuse_start start = { .armed = true, .present = true };
	struct pairfuse_run exit = { 0 };
	int err;

	common_facts(plan);
	start.facts = plan->facts;
	plan->proving = true;
	err = run(plan, &exit, true, start, false);
	plan->proving = false;
	if (!err)
		err = pairfuse_leftover_task(plan, &exit);
	pairfuse_run_free(&exit);
	return err;
}

static int study(struct pairfuse_plan *plan)
{
	int err;

	plan->facts.nr = 0;
	plan->exit_always = true;
	plan->key.set = false;
	err = run_entry(plan);
	if (!err)
		err = run_exit(plan);
	plan->exit_always = false;
	if (err)
		return err;
	plan->exit_stores = plan->exit_run.stores;
	err = plan->slot_ok ? 0 : study_leftover(plan);
	if (err)
		return err;
	plan->task_ok = plan->entry_run.stores && plan->exit_run.loads &&
			pairfuse_storage_key_is_thread(plan);
	return 0;
}

int pairfuse_storage_study(struct pairfuse_plan *plan, int err)
{
	struct pairfuse_facts facts = plan->facts;
	bool nest_ok;

	plan->slot_ok = !err;
	plan->looks = plan->entry_run.looks || plan->entry_run.reads[0];
	/* the entry must not see the state of an outer call, all or in part */
	nest_ok = !err && plan->kind == PAIRFUSE_CARRIER_HASH && !plan->entry_run.absent_seen &&
		  !plan->entry_run.reads[0];
	if (err && (err != PAIRFUSE_REFUSED || !is_about_slot(plan->why.reason)))
		return err;
	plan->slot_why = plan->why;
	if (!map_is_simple(&plan->in->maps[plan->carrier]) ||
	    (plan->slot_ok && !pairfuse_storage_key_is_thread(plan)))
		return err;
	err = study(plan);
	if (err && err != PAIRFUSE_REFUSED)
		return err;
	plan->facts = facts;
	plan->why = plan->slot_why;
	plan->nest_ok = nest_ok && plan->task_ok;
	return plan->slot_ok || plan->task_ok ? 0 : PAIRFUSE_REFUSED;
}

bool pairfuse_storage_carries(struct pairfuse_plan *plan)
{
	if (!pairfuse_carrier_kind(plan->in->maps[plan->carrier].type, &plan->kind) ||
	    plan->kind == PAIRFUSE_CARRIER_ARRAY)
		return false;
	if (study(plan))
		return plan->why.reason != PAIRFUSE_REASON_KEY_UNKNOWN;
	return plan->entry_run.stores && plan->exit_run.loads &&
	       pairfuse_plan_key(plan) != PAIRFUSE_KEY_CONST;
}

/* --- may the exit be left out? --- */

/* Is it about the thread, and the same in all its calls? */
static bool about_thread(const struct pairfuse_exprs *x, pairfuse_val v)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);

	switch (e->kind) {
	case PAIRFUSE_E_CONST:
	case PAIRFUSE_E_PID_TGID:
	case PAIRFUSE_E_TASK:
		return true;
	case PAIRFUSE_E_PART:
		return about_thread(x, e->a);
	case PAIRFUSE_E_OP:
		return about_thread(x, e->a) && about_thread(x, e->b);
	}
	return false;
}

static bool in_group(const struct pairfuse_study *st, size_t p, int group)
{
	return st->plans[p].group == group;
}

/* Does the opposite hold wherever a program of the group leaves state? */
static bool excludes(const struct pairfuse_study *st, int group, const struct pairfuse_fact *f)
{
	size_t p, r;

	if (!about_thread(&st->exprs, f->v))
		return false;
	for (p = 0; p < st->res->nr_pairs; p++) {
		const struct pairfuse_run *run = &st->plans[p].entry_run;

		/* nor does it change while the state of an outer call is there */
		if (in_group(st, p, group) && !pairfuse_plan_lasts(&st->plans[p], f->v))
			return false;

		for (r = 0; in_group(st, p, group) && r < run->nr_returns; r++)
			if (is_armed(&run->returns[r]) &&
			    !has_fact(&run->returns[r].facts, f->v, !f->truth))
				return false;
	}
	return true;
}

/* Where the entries of the group leave no state, has the thread none? */
static bool declines_for_thread(const struct pairfuse_study *st, int group)
{
	unsigned int i;
	size_t p, r;

	for (p = 0; p < st->res->nr_pairs; p++) {
		const struct pairfuse_run *run = &st->plans[p].entry_run;

		/* where an exit stores, no entry's condition has to hold */
		if (in_group(st, p, group) && st->plans[p].exit_stores)
			return false;
		for (r = 0; in_group(st, p, group) && r < run->nr_returns; r++) {
			const struct pairfuse_facts *facts = &run->returns[r].facts;

			if (is_armed(&run->returns[r]))
				continue;
			for (i = 0; i < facts->nr; i++)
				if (excludes(st, group, &facts->f[i]))
					break;
			if (i == facts->nr)
				return false;
		}
	}
	return true;
}

/* --- the choice --- */

static bool all_can(const struct pairfuse_study *st, int group)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, group) && !st->plans[p].task_ok)
			return false;
	return true;
}

/* The same for a slot with exact nesting. */
static bool all_can_nest(const struct pairfuse_study *st, int group)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, group) && (!st->plans[p].nest_ok ||
					     st->plans[p].proof != PAIRFUSE_PROOF_REMOVED))
			return false;
	return true;
}

/* The entries' runs for task storage; they were possible before. */
static bool run_entries(struct pairfuse_study *st, int group)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++)
		if (in_group(st, p, group) && run_entry(&st->plans[p]))
			return false;
	return true;
}

static void take_task(struct pairfuse_study *st, int group, enum pairfuse_choice choice, bool skip)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		struct pairfuse_plan *plan = &st->plans[p];

		if (!in_group(st, p, group))
			continue;
		plan->task = true;
		plan->exact = false;
		plan->skip = skip;
		plan->choice = choice;
		plan->proof = PAIRFUSE_PROOF_REMOVED;
		plan->flag_bytes = 0;
		plan->clear = 0;
		common_facts(plan);
	}
}

static void take_slot(struct pairfuse_study *st, int group, enum pairfuse_choice choice, bool exact)
{
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		if (!in_group(st, p, group))
			continue;
		st->plans[p].choice = choice;
		st->plans[p].exact = exact;
	}
}

static bool take_exact(struct pairfuse_study *st, int group, enum pairfuse_choice choice, bool slot)
{
	bool alike;

	if (!run_entries(st, group))
		return false;
	alike = declines_for_thread(st, group);
	if (slot && alike && !st->in->no_groups && all_can_nest(st, group))
		take_slot(st, group, choice, true);
	else
		take_task(st, group, choice, alike);
	return true;
}

/* A thread is in one system call at a time. */
static bool is_syscall(const char *target)
{
	return target && !strncmp(target, "__x64_sys_", strlen("__x64_sys_"));
}

/* What functions are the group's pairs on? */
static enum pairfuse_choice targets(const struct pairfuse_study *st, int group)
{
	const char *first = NULL, *target;
	bool several = false, syscalls = true;
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		if (!in_group(st, p, group))
			continue;
		target = st->in->progs[st->res->pairs[p].entry].target;
		several |= first && target && strcmp(first, target);
		syscalls &= is_syscall(target);
		first = target;
	}
	return !several ? PAIRFUSE_CHOICE_ONE :
	       syscalls ? PAIRFUSE_CHOICE_SYSCALLS : PAIRFUSE_CHOICE_SEVERAL;
}

/* Of several functions, would inner calls find, overwrite and remove the state of outer ones? */
static bool meets_itself(const struct pairfuse_study *st, int group, enum pairfuse_choice choice)
{
	size_t p;

	for (p = 0; choice == PAIRFUSE_CHOICE_SEVERAL && p < st->res->nr_pairs; p++)
		if (in_group(st, p, group) && pairfuse_storage_key_is_thread(&st->plans[p]))
			return true;
	return false;
}

/* Does it matter to the group what a call finds of those that it is in, or that overlap? */
static bool cares_for_others(const struct pairfuse_study *st, int group)
{
	const struct pairfuse_plan *plan;
	const char *target;
	bool alone;
	size_t p;

	for (p = 0; p < st->res->nr_pairs; p++) {
		plan = &st->plans[p];
		if (!in_group(st, p, group))
			continue;
		target = st->in->progs[st->res->pairs[p].entry].target;
		alone = is_syscall(target);
		/* what an earlier call has left is another question: pairfuse_plan_decide() */
		if ((plan->looks && plan->proof == PAIRFUSE_PROOF_REMOVED &&
		     !(alone && pairfuse_storage_key_is_thread(plan))) ||
		    (plan->second >= 0 && !alone))
			return true;
	}
	return false;
}

bool pairfuse_storage_choose(struct pairfuse_study *st, int group, bool slot)
{
	enum pairfuse_nesting nesting = st->in->nesting;
	enum pairfuse_choice choice = targets(st, group);
	bool task = all_can(st, group);

	if (nesting == PAIRFUSE_NESTING_EXACT)
		return task && take_exact(st, group, PAIRFUSE_CHOICE_ASKED, slot);
	if (nesting == PAIRFUSE_NESTING_PER_CALL) {
		take_slot(st, group, PAIRFUSE_CHOICE_ASKED, false);
		return slot;
	}
	if (task && choice == PAIRFUSE_CHOICE_SEVERAL)
		return take_exact(st, group, PAIRFUSE_CHOICE_SEVERAL, slot);
	if (task && !slot)
		return take_exact(st, group, PAIRFUSE_CHOICE_FALLBACK, false);
	if (slot && cares_for_others(st, group))
		return task && take_exact(st, group, PAIRFUSE_CHOICE_OUTER, slot);
	if (meets_itself(st, group, choice))
		return false;
	if (choice == PAIRFUSE_CHOICE_SEVERAL)
		choice = PAIRFUSE_CHOICE_KEY;
	take_slot(st, group, choice, false);
	return slot;
}

bool pairfuse_storage_retry(struct pairfuse_study *st, int group)
{
	bool wanted = false;
	size_t p;

	if (st->in->nesting == PAIRFUSE_NESTING_PER_CALL)
		return false;
	for (p = 0; p < st->res->nr_pairs; p++) {
		struct pairfuse_plan *plan = &st->plans[p];

		if (!in_group(st, p, group))
			continue;
		if (plan->task)
			return false;
		if (plan->refused && is_about_slot(plan->why.reason)) {
			wanted = true;
			plan->slot_why = plan->why;
		}
	}
	return wanted && all_can(st, group) &&
	       take_exact(st, group, PAIRFUSE_CHOICE_FALLBACK, false);
}

/* --- with the choice made --- */

int pairfuse_storage_run_without(struct pairfuse_plan *plan, struct pairfuse_run *without)
{
	return run(plan, without, true, (struct pairfuse_start){ 0 }, true);
}

int pairfuse_storage_decide(struct pairfuse_plan *plan)
{
	struct pairfuse_run without = { 0 };
	int err;

	err = pairfuse_storage_run_without(plan, &without);
	plan->exit_always = without.effects_unarmed || !plan->skip;
	pairfuse_run_free(&without);
	if (!err)
		err = run_exit(plan);
	return err;
}

static const char *choice_text(const struct pairfuse_plan *plan)
{
	switch (plan->choice) {
	case PAIRFUSE_CHOICE_ONE:
		break;
	case PAIRFUSE_CHOICE_SYSCALLS:
		return "system calls are not nested";
	case PAIRFUSE_CHOICE_ASKED:
		return "as asked for";
	case PAIRFUSE_CHOICE_SEVERAL:
		return "as several functions share it";
	case PAIRFUSE_CHOICE_OUTER:
		return "as calls can see that they are inside of one";
	case PAIRFUSE_CHOICE_FALLBACK:
		return plan->slot_why.reason ? pairfuse_reason_text(plan->slot_why.reason) :
		       !plan->removes && !plan->stores_always ?
		       "later calls may find what the exit has left" :
		       "another pair of the map has no other way";
	case PAIRFUSE_CHOICE_KEY:
		return "several functions share the map, but its key is not just the thread";
	}
	return "";
}

/* Whose calls would meet in the map, where it is not just this thread's; or NULL. */
static const char *sharers(const struct pairfuse_plan *plan)
{
	unsigned int tid = 0, task = 0, i;

	for (i = 0; i < plan->key.size; i++) {
		if (is_leaf(plan, i, PAIRFUSE_E_PID_TGID))
			tid |= 1U << plan->key.idx[i];
		else if (is_leaf(plan, i, PAIRFUSE_E_TASK))
			task |= 1U << plan->key.idx[i];
	}
	if ((tid & 0xf) == 0xf || task == 0xff)
		return NULL;
	switch (pairfuse_plan_key(plan)) {
	case PAIRFUSE_KEY_TGID:
		return "of a process";
	case PAIRFUSE_KEY_ARGS:
		return "with the same arguments";
	default:
		return "of all threads";
	}
}

void pairfuse_storage_tell(const struct pairfuse_plan *plan, struct pairfuse_pair *pair)
{
	const struct pairfuse_map *map = &plan->in->maps[plan->carrier];
	const char *why = choice_text(plan), *whose = sharers(plan);

	if (plan->kept) {
		pair->storage = PAIRFUSE_STORAGE_MAP;
		pair->exact = true;
		snprintf(pair->nesting, sizeof(pair->nesting), "calls inside calls use the map");
		return;
	}
	pair->storage = plan->task ? PAIRFUSE_STORAGE_TASK : PAIRFUSE_STORAGE_SLOT;
	pair->exact = plan->task || plan->exact;
	if (plan->task && plan->kind != PAIRFUSE_CARRIER_TASK)
		pair->storage_size = pairfuse_storage_size(map->value_size);
	snprintf(pair->nesting, sizeof(pair->nesting), "%s%s%s%s%s%s",
		 pair->exact ? "calls inside calls find what the map would hold" :
			       "every invocation has its own state",
		 why[0] ? ": " : "", why, whose ? "; in the map, calls " : "", whose ?: "",
		 whose ? " that overlap share one" : "");
}
