// SPDX-License-Identifier: GPL-2.0
/*
 * The check of all pairs of an analysis. Pairs that share a carrier run together,
 * as they will; they are fused together or not at all (attach.c says why), so what
 * is found refuses the group.
 */
#include <stdlib.h>

#include "hook.h"
#include "selfcheck.h"

#define SEED	1	/* always the same calls: what was found is found again */

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

static void check_group(const struct pairfuse_input *in, struct pairfuse_result *res,
			const void *const *contents, unsigned int calls, int carrier)
{
	const struct pairfuse_prog *unknown = lacks_proto(in, res, carrier);
	struct pairfuse_check check = {
		.in = in, .res = res, .contents = contents, .carrier = carrier, .seed = SEED,
		.calls = calls,
	};
	char text[256];
	size_t i;

	if (unknown) {
		snprintf(text, sizeof(text), "the arguments of function '%s' are not known here",
			 unknown->target ? unknown->target : "?");
		refuse_group(res, carrier, PAIRFUSE_REASON_UNCHECKED, text);
		return;
	}
	switch (pairfuse_check(&check)) {
	case PAIRFUSE_CHECK_DIFFERS:
		refuse_group(res, carrier, PAIRFUSE_REASON_SELF_CHECK, check.text);
		return;
	case PAIRFUSE_CHECK_CANNOT:
		refuse_group(res, carrier, PAIRFUSE_REASON_UNCHECKED, check.text);
		return;
	case PAIRFUSE_CHECK_SAME:
		break;
	}
	for (i = 0; i < res->nr_pairs; i++) {
		if (!is_checked(&res->pairs[i], carrier))
			continue;
		res->pairs[i].checked.calls = calls;
		res->pairs[i].checked.insns = check.insns;
		res->pairs[i].checked.insns_run = check.insns_run;
	}
}

void pairfuse_check_groups(const struct pairfuse_input *in, struct pairfuse_result *res,
			   const void *const *contents, unsigned int calls)
{
	size_t i;

	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *pair = &res->pairs[i];

		if (pair->reason == PAIRFUSE_REASON_NONE && !pair->checked.calls)
			check_group(in, res, contents, calls, pair->carrier);
	}
}
