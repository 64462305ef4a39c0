// SPDX-License-Identifier: GPL-2.0
/*
 * Liveness of registers: the usual backwards data flow, on nodes. Passes over
 * the program are repeated until nothing changes; programs are small and
 * mostly run forwards, so two or three passes do.
 */
#include <string.h>

#include "helper.h"
#include "live.h"

int pairfuse_call_nargs(const struct bpf_insn *insn)
{
	const struct pairfuse_helper *h;

	if (!pairfuse_insn_is_helper(insn))
		return -1;
	h = pairfuse_helper(insn->imm);
	return h ? h->nargs : -1;
}

__u16 pairfuse_live_before(const struct pairfuse_node *n, __u16 after)
{
	__u16 kill = pairfuse_insn_defs(&n->insn);

	if (pairfuse_insn_is_call(&n->insn))
		kill = 0x3f;
	return (after & ~kill) | pairfuse_insn_uses(&n->insn, pairfuse_call_nargs(&n->insn));
}

void pairfuse_live_regs(const struct pairfuse_ir *ir, __u16 *live)
{
	bool changed;
	size_t i;

	memset(live, 0, ir->nr * sizeof(*live));
	do {
		changed = false;
		for (i = ir->nr; i-- > 0;) {
			const struct pairfuse_node *n = &ir->nodes[i];
			__u16 out = 0;

			if (pairfuse_insn_is_jump(&n->insn))
				out |= pairfuse_live_before(&ir->nodes[n->target], live[n->target]);
			if (!pairfuse_insn_is_exit(&n->insn) && !pairfuse_insn_is_ja(&n->insn) &&
			    i + 1 < ir->nr)
				out |= pairfuse_live_before(&ir->nodes[i + 1], live[i + 1]);
			changed |= out != live[i];
			live[i] = out;
		}
	} while (changed);
}
