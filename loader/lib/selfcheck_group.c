// SPDX-License-Identifier: GPL-2.0
/*
 * The check of all pairs of an analysis. Pairs that share a carrier run together,
 * as they will; they are fused together or not at all (attach.c says why), so what
 * is found refuses the group.
 */
#include <stdlib.h>
#include <string.h>

#include "hook.h"
#include "json.h"
#include "selfcheck.h"

#define SEED 1 /* always the same calls: what was found is found again */

static void refuse(struct pairfuse_pair *pair, enum pairfuse_reason reason, const char *text)
{
	pair->reason = reason;
	pair->reason_prog = -1;
	pair->reason_insn = -1;
	snprintf(pair->reason_text, sizeof(pair->reason_text), "%s", text);
	free(pair->entry_code.insns);
	free(pair->exit_code.insns);
	pair->entry_code = (struct pairfuse_code){ 0 };
	pair->exit_code = (struct pairfuse_code){ 0 };
	pair->opts = 0;
	pair->checked = (struct pairfuse_checked){ 0 };
}

static bool is_checked(const struct pairfuse_pair *pair, int carrier)
{
	return pair->reason == PAIRFUSE_REASON_NONE && pair->carrier == carrier;
}

static void refuse_group(struct pairfuse_result *res, int carrier, enum pairfuse_reason reason,
			 const char *text)
{
	size_t i;

	for (i = 0; i < res->nr_pairs; i++)
		if (is_checked(&res->pairs[i], carrier))
			refuse(&res->pairs[i], reason, text);
}

/* Without a prototype the code is for display: which context words it wants was guessed. */
static const struct pairfuse_prog *lacks_proto(const struct pairfuse_input *in,
					       const struct pairfuse_result *res, int carrier)
{
	size_t i;

	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *pair = &res->pairs[i];
		const struct pairfuse_prog *exit = &in->progs[pair->exit];

		if (is_checked(pair, carrier) && !exit->proto &&
		    (pairfuse_hook_is_typed(exit->at) || pairfuse_hook_is_syscall(exit->at)))
			return exit;
	}
	return NULL;
}

/* What is checked together. */
struct group {
	const struct pairfuse_input *in;
	struct pairfuse_result *res;
	int carrier;
	bool brief;
};

/* A brief check that says nothing changes nothing. */
static void cannot(const struct group *g, int only, const char *text)
{
	size_t i;

	if (!g->brief) {
		refuse_group(g->res, g->carrier, PAIRFUSE_REASON_UNCHECKED, text);
		return;
	}
	for (i = 0; i < g->res->nr_pairs; i++) {
		struct pairfuse_pair *pair = &g->res->pairs[i];

		if (is_checked(pair, g->carrier) && (only < 0 || (size_t)only == i))
			snprintf(pair->checked.unchecked, sizeof(pair->checked.unchecked), "%s",
				 text);
	}
}

static void take_numbers(const struct group *g, const struct pairfuse_check *check)
{
	size_t i;

	for (i = 0; i < g->res->nr_pairs; i++)
		if (is_checked(&g->res->pairs[i], g->carrier))
			g->res->pairs[i].checked = (struct pairfuse_checked){
				.calls = check->made,
				.insns = check->insns,
				.insns_run = check->insns_run,
				.entry = check->pairs[i].entry,
				.exit = check->pairs[i].exit,
			};
}

/* No difference. Was there something that could have differed? */
static void is_blind(const struct group *g, const struct pairfuse_check *check)
{
	char text[160];
	size_t i;

	for (i = 0; i < g->res->nr_pairs; i++) {
		if (!is_checked(&g->res->pairs[i], g->carrier) ||
		    (check->pairs[i].stored && check->pairs[i].read))
			continue;
		snprintf(text, sizeof(text), "in %lu calls '%s' has never %s", check->made,
			 g->in->progs[check->pairs[i].stored ? g->res->pairs[i].exit
							     : g->res->pairs[i].entry]
				 .name,
			 check->pairs[i].stored ? "read what the entry program has stored"
						: "stored anything for the exit program");
		cannot(g, i, text);
	}
}

static bool is_spent(const struct group *g, const struct pairfuse_check *check)
{
	return g->brief && check->spent >= PAIRFUSE_CHECK_BUDGET_MOST;
}

static void check_group(const struct group *g, struct pairfuse_check *check)
{
	const struct pairfuse_prog *unknown = lacks_proto(g->in, g->res, g->carrier);
	char text[256];

	if (unknown) {
		snprintf(text, sizeof(text), "the arguments of function '%s' are not known here",
			 unknown->target ? unknown->target : "?");
		cannot(g, -1, text);
		return;
	}
	if (is_spent(g, check)) {
		cannot(g, -1, "the other pairs took too long to try");
		return;
	}
	switch (pairfuse_check(check)) {
	case PAIRFUSE_CHECK_DIFFERS:
		refuse_group(g->res, g->carrier, PAIRFUSE_REASON_SELF_CHECK, check->text);
		return;
	case PAIRFUSE_CHECK_CANNOT:
		cannot(g, -1, check->text);
		return;
	case PAIRFUSE_CHECK_SAME:
		break;
	}
	take_numbers(g, check);
	is_blind(g, check);
}

static bool is_new(const struct pairfuse_pair *pair)
{
	return pair->reason == PAIRFUSE_REASON_NONE && !pair->checked.calls &&
	       !pair->checked.unchecked[0];
}

/* How far a check of pairs with this carrier goes. */
static void set_bounds(const struct group *g, unsigned int calls, struct pairfuse_check *check)
{
	size_t i, all = 0, mine = 0;
	__u64 each;

	check->calls = calls;
	if (!g->brief)
		return;
	for (i = 0; i < g->res->nr_pairs; i++) {
		all += g->res->pairs[i].reason == PAIRFUSE_REASON_NONE;
		mine += is_checked(&g->res->pairs[i], g->carrier);
	}
	each = PAIRFUSE_CHECK_BUDGET_ALL / (all ? all : 1);
	check->budget = mine * (each < PAIRFUSE_CHECK_BUDGET ? each : PAIRFUSE_CHECK_BUDGET);
	check->calls = mine * PAIRFUSE_CHECK_BRIEF_CALLS;
}

static const char *function_of(const struct group *g, size_t i)
{
	const struct pairfuse_pair *pair = &g->res->pairs[i];

	return pair->reason ? NULL : g->in->progs[pair->entry].target;
}

/* A pair of another group that is on the same function, behind this one. */
static bool has_neighbour(const struct group *g, size_t i)
{
	const char *mine = function_of(g, i), *other;
	size_t j;

	for (j = i + 1; mine && j < g->res->nr_pairs; j++) {
		other = function_of(g, j);
		if (other && !strcmp(mine, other) &&
		    g->res->pairs[i].carrier != g->res->pairs[j].carrier)
			return true;
	}
	return false;
}

/*
 * Groups have passed alone. Those on one function are tried together, as their programs
 * run in another order when they are fused.
 */
static void check_functions(struct group *g, struct pairfuse_check *check, unsigned int calls)
{
	const char *function;
	size_t i, j;

	for (i = 0; check->pairs && i < g->res->nr_pairs; i++) {
		function = function_of(g, i);
		if (!function || !g->res->pairs[i].checked.calls || !has_neighbour(g, i))
			continue;
		g->carrier = g->res->pairs[i].carrier;
		set_bounds(g, calls, check);
		check->carrier = -1;
		check->function = function;
		if (is_spent(g, check) || pairfuse_check(check) != PAIRFUSE_CHECK_DIFFERS)
			continue;
		for (j = 0; j < g->res->nr_pairs; j++)
			if (function_of(g, j) && !strcmp(function_of(g, j), function))
				refuse_group(g->res, g->res->pairs[j].carrier,
					     PAIRFUSE_REASON_SELF_CHECK, check->text);
	}
}

void pairfuse_check_groups(const struct pairfuse_input *in, struct pairfuse_result *res,
			   const void *const *contents, unsigned int calls)
{
	struct group g = { .in = in, .res = res, .brief = calls == PAIRFUSE_CHECK_BRIEF };
	struct pairfuse_check check = {
		.in = in,
		.res = res,
		.contents = contents,
		.seed = SEED,
		.steer = true,
		.pairs = calloc(res->nr_pairs + 1, sizeof(*check.pairs)),
	};
	size_t i;

	for (i = 0; i < res->nr_pairs; i++) {
		if (!is_new(&res->pairs[i]))
			continue;
		g.carrier = check.carrier = res->pairs[i].carrier;
		if (!check.pairs) {
			cannot(&g, -1, "no memory");
			continue;
		}
		set_bounds(&g, calls, &check);
		check_group(&g, &check);
	}
	check_functions(&g, &check, calls);
	free(check.pairs);
}

/* --- for people and scripts --- */

const char *pairfuse_checked_text(const struct pairfuse_checked *c, char *buf, size_t len)
{
	buf[0] = '\0';
	if (c->unchecked[0])
		snprintf(buf, len, "unchecked: %s", c->unchecked);
	else if (c->calls)
		snprintf(
			buf, len,
			"%u calls, no difference; %u of the %u rewritten instructions of the group have run",
			c->calls, c->insns_run, c->insns);
	return buf;
}

void pairfuse_checked_json(struct pairfuse_json *w, const struct pairfuse_checked *c)
{
	if (!c->calls && !c->unchecked[0])
		return;
	pairfuse_json_string(w, "checked", c->unchecked[0] ? "unchecked" : "same");
	if (c->unchecked[0])
		pairfuse_json_string(w, "checked_text", c->unchecked);
	if (!c->calls)
		return;
	pairfuse_json_uint(w, "checked_calls", c->calls);
	pairfuse_json_uint(w, "checked_instructions", c->insns);
	pairfuse_json_uint(w, "checked_instructions_run", c->insns_run);
	pairfuse_json_uint(w, "checked_entry_instructions", c->entry.insns);
	pairfuse_json_uint(w, "checked_entry_instructions_run", c->entry.run);
	pairfuse_json_uint(w, "checked_exit_instructions", c->exit.insns);
	pairfuse_json_uint(w, "checked_exit_instructions_run", c->exit.run);
}
