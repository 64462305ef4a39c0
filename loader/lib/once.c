// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_get_current_pid_tgid() is a call of some ten instructions; a store and a load
 * are two. Where the entry asks for it on its way to everything else, before any
 * jump, and the exit as well, the entry keeps the answer in the slot, behind the
 * state. The same with bpf_get_current_task(), which returns a number; typed pointers
 * cannot be kept there, and names change.
 *
 * Ids change in execve() of a thread that is not the leader. So that of the thread is
 * only kept where the map's key has it: where the exit finds state by it, it is the same
 * (see plan.h). The task is the same during the whole call.
 *
 * The exit must not run without the entry having run. With EXIT_ALWAYS it does, when
 * the entry was missed.
 */
#include <string.h>

#include "once.h"
#include "rewrite.h"

static const __s32 helpers[PAIRFUSE_NR_ONCE] = {
	BPF_FUNC_get_current_pid_tgid, BPF_FUNC_get_current_task,
};

static bool calls(const struct pairfuse_code *code, __s32 helper)
{
	return pairfuse_insns_call(code->insns, code->nr_insns, helper);
}

/* The first call of the helper, if every execution of the entry gets there; -1. */
static int first_call(const struct pairfuse_plan *plan, __s32 helper)
{
	const struct pairfuse_ir *ir = &plan->entry->ir;
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		const struct bpf_insn *insn = &ir->nodes[i].insn;

		if (pairfuse_insn_is_jump(insn) || pairfuse_insn_is_exit(insn))
			return -1;
		if (pairfuse_insn_is_helper(insn) && insn->imm == helper)
			return i;
	}
	return -1;
}

bool pairfuse_once(struct pairfuse_plan *plan, const struct pairfuse_code *entry,
		   const struct pairfuse_code *exit)
{
	unsigned int h, at = (pairfuse_plan_state_size(plan) + 7) & ~7U;
	bool found = false;
	int node;

	memset(plan->once, 0, sizeof(plan->once));
	if ((plan->in->without & PAIRFUSE_OPT_ONCE) || plan->task || plan->kept ||
	    plan->exit_always || plan->no_entry)
		return false;
	for (h = 0; h < PAIRFUSE_NR_ONCE && at + 8 <= PAIRFUSE_SLOT_BYTES; h++) {
		if (helpers[h] == BPF_FUNC_get_current_pid_tgid && !pairfuse_plan_has_tid(plan))
			continue;
		node = first_call(plan, helpers[h]);
		if (node < 0 || !calls(entry, helpers[h]) || !calls(exit, helpers[h]))
			continue;
		plan->once[h] = (struct pairfuse_once){
			.helper = helpers[h], .node = node, .at = at,
		};
		at += 8;
		found = true;
	}
	return found;
}

const struct pairfuse_once *pairfuse_once_of(const struct pairfuse_plan *plan, bool is_exit, int i)
{
	const struct pairfuse_flat *flat = is_exit ? plan->exit : plan->entry;
	const struct bpf_insn *insn = &flat->ir.nodes[i].insn;
	unsigned int h;

	for (h = 0; h < PAIRFUSE_NR_ONCE; h++)
		if (plan->once[h].helper && pairfuse_insn_is_helper(insn) &&
		    insn->imm == plan->once[h].helper && (is_exit || plan->once[h].node == i))
			return &plan->once[h];
	return NULL;
}

bool pairfuse_once_any(const struct pairfuse_plan *plan)
{
	unsigned int h;

	for (h = 0; h < PAIRFUSE_NR_ONCE; h++)
		if (plan->once[h].helper)
			return true;
	return false;
}
