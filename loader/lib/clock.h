/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time that the stub takes (PAIRFUSE_ATTACH_ELAPSED) in place of two calls of
 * bpf_ktime_get_ns().
 */
#ifndef PAIRFUSE_CLOCK_H
#define PAIRFUSE_CLOCK_H

#include "insn.h"
#include "plan.h"

/*
 * Not an instruction of the kernel's: in the middle of the analysis,
 * dst := time from the entry to the exit. A BPF_LD_IMM64 with this src_reg.
 */
#define PAIRFUSE_PSEUDO_ELAPSED 15

static inline bool pairfuse_clock_is_elapsed(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       insn->src_reg == PAIRFUSE_PSEUDO_ELAPSED;
}

/*
 * After pairfuse_plan_decide() for a slot: where the exit only takes differences
 * between its time and the entry's, give it the elapsed time instead. Then
 * plan->exit is another program, plan->elapsed is set, and plan->dropped has the
 * bytes of state that nobody needs. 0, -ENOMEM, or PAIRFUSE_REFUSED as of the run.
 */
int pairfuse_clock(struct pairfuse_plan *plan);

/* The exit as it was. */
void pairfuse_clock_undo(struct pairfuse_plan *plan);

#endif /* PAIRFUSE_CLOCK_H */
