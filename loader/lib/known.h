/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a register at a place of a program: a number, the address of
 * a byte of a map's only value (.rodata, .bss), or an upper bound.
 *
 * It is never more than what the kernel's verifier knows there. A comparison that
 * is decided by it goes, and with it goes what the verifier would have learnt
 * from that comparison.
 */
#ifndef PAIRFUSE_KNOWN_H
#define PAIRFUSE_KNOWN_H

#include "analysis.h"
#include "ir.h"

struct pairfuse_known {
	enum pairfuse_known_kind {
		PAIRFUSE_K_MOST = 0,	/* at most n; of a pointer: ~0 */
		PAIRFUSE_K_NUMBER,	/* n */
		PAIRFUSE_K_ADDRESS,	/* of byte n of the value of a map */
	} kind;
	__u64 n;
	struct bpf_insn map;	/* K_ADDRESS: a BPF_LD_IMM64 of it */
};

/* Of all registers but r10. */
struct pairfuse_knowledge {
	struct pairfuse_known reg[PAIRFUSE_NR_REGS - 1];
};

static inline struct pairfuse_known pairfuse_known_number(__u64 n)
{
	return (struct pairfuse_known){ .kind = PAIRFUSE_K_NUMBER, .n = n };
}

static inline struct pairfuse_known pairfuse_known_most(__u64 n)
{
	return (struct pairfuse_known){ .kind = PAIRFUSE_K_MOST, .n = n };
}

bool pairfuse_known_same(const struct pairfuse_known *a, const struct pairfuse_known *b);

/* What is known where two paths meet. */
struct pairfuse_known pairfuse_known_join(const struct pairfuse_known *a,
					  const struct pairfuse_known *b);

/* Into *k what is known after a node that does not jump. */
void pairfuse_known_step(struct pairfuse_knowledge *k, const struct pairfuse_node *n);

/* The operands of an ALU instruction or a conditional jump. */
struct pairfuse_known pairfuse_known_dst(const struct pairfuse_knowledge *k,
					 const struct bpf_insn *insn);
struct pairfuse_known pairfuse_known_src(const struct pairfuse_knowledge *k,
					 const struct bpf_insn *insn);

/*
 * A conditional jump: which edges can be taken, 1: not taken, 2: taken. *fall and
 * *taken, copies of what is known before, get what it tells.
 */
unsigned int pairfuse_known_jump(const struct pairfuse_knowledge *k, const struct bpf_insn *insn,
				 struct pairfuse_knowledge *fall,
				 struct pairfuse_knowledge *taken);

#endif /* PAIRFUSE_KNOWN_H */
