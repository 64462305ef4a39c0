/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which registers are still read after an instruction.
 */
#ifndef PAIRFUSE_LIVE_H
#define PAIRFUSE_LIVE_H

#include "ir.h"

/*
 * live[i]: mask of registers that may be read after node i before they are
 * written; live has room for ir->nr.
 */
void pairfuse_live_regs(const struct pairfuse_ir *ir, __u16 *live);

/* Registers that may be read before they are written, before the node. */
__u16 pairfuse_live_before(const struct pairfuse_node *n, __u16 after);

/* Arguments that a call takes, -1 when not known (then all five count). */
int pairfuse_call_nargs(const struct bpf_insn *insn);

#endif /* PAIRFUSE_LIVE_H */
