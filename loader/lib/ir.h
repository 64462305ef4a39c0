/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytecode in a form that can be edited: one node for each instruction
 * (BPF_LD_IMM64 too), jumps by node index instead of by offset.
 */
#ifndef PAIRFUSE_IR_H
#define PAIRFUSE_IR_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "insn.h"
#include "why.h"

/* Programs beyond this are "complex"; libbpf-tools' largest has 2300. */
#define PAIRFUSE_MAX_NODES	30000

struct pairfuse_node {
	struct bpf_insn insn;	/* off of jumps, imm of calls: see target */
	__s32 hi;		/* BPF_LD_IMM64: imm of its second half */
	int target;		/* jumps, BPF_PSEUDO_CALL: node, else -1 */
	int orig;		/* instruction of the given bytecode, or -1 */
};

struct pairfuse_ir {
	struct pairfuse_node *nodes;
	size_t nr;
	size_t cap;
};

/* The main program comes first, subprograms follow. */
struct pairfuse_func {
	size_t start;
	size_t end;		/* one past the last node */
};

void pairfuse_ir_free(struct pairfuse_ir *ir);

/* Append a node, target and orig as given; returns its index or -ENOMEM. */
int pairfuse_ir_add(struct pairfuse_ir *ir, struct bpf_insn insn, int target, int orig);
int pairfuse_ir_add_imm64(struct pairfuse_ir *ir, __u8 dst, __u64 value, int orig);

/*
 * Bytecode to nodes. Everything that the rest of the analysis relies on is
 * checked here: known opcodes, registers, jump targets within their function,
 * no falling off a function's end. funcs[] is allocated, *nr_funcs is at least 1.
 */
int pairfuse_ir_decode(const struct bpf_insn *insns, size_t nr, struct pairfuse_ir *ir,
		       struct pairfuse_func **funcs, size_t *nr_funcs,
		       struct pairfuse_why *why);

/*
 * Nodes to bytecode. Unreachable nodes (the verifier does not want them) and
 * jumps to the next node are left out.
 */
int pairfuse_ir_encode(const struct pairfuse_ir *ir, struct bpf_insn **insns, size_t *nr,
		       struct pairfuse_why *why);

/*
 * Remove the nodes for which dead[] is set, renumbering targets; a jump to a
 * removed node goes to the next one that stays.
 */
int pairfuse_ir_compact(struct pairfuse_ir *ir, const bool *dead);

/* Remove what cannot be reached from node 0. */
int pairfuse_ir_prune(struct pairfuse_ir *ir);

/* Remove jumps to the next node. */
int pairfuse_ir_drop_nops(struct pairfuse_ir *ir);

#endif /* PAIRFUSE_IR_H */
