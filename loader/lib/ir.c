// SPDX-License-Identifier: GPL-2.0
/*
 * Bytecode to editable nodes and back.
 *
 * Decoding validates: what passes has known opcodes, registers in range and
 * jumps that stay within their function, so that nobody after this has to look
 * again. Encoding computes jump offsets for whatever is left then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ir.h"

void pairfuse_ir_free(struct pairfuse_ir *ir)
{
	free(ir->nodes);
	memset(ir, 0, sizeof(*ir));
}

int pairfuse_ir_add(struct pairfuse_ir *ir, struct bpf_insn insn, int target, int orig)
{
	if (ir->nr == ir->cap) {
		size_t cap = ir->cap ? 2 * ir->cap : 64;
		struct pairfuse_node *nodes = realloc(ir->nodes, cap * sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		ir->nodes = nodes;
		ir->cap = cap;
	}
	ir->nodes[ir->nr] = (struct pairfuse_node){
		.insn = insn, .target = target, .orig = orig,
	};
	return ir->nr++;
}

int pairfuse_ir_add_imm64(struct pairfuse_ir *ir, __u8 dst, __u64 value, int orig)
{
	int i = pairfuse_ir_add(ir, PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0,
						  (__s32)value), -1, orig);

	if (i >= 0)
		ir->nodes[i].hi = value >> 32;
	return i;
}

/* --- decoding --- */

static int decode_nodes(const struct bpf_insn *insns, size_t nr, struct pairfuse_ir *ir,
			int *node_of, struct pairfuse_why *why)
{
	size_t i;
	int n;

	for (i = 0; i < nr; i++) {
		if (!pairfuse_insn_valid(&insns[i]))
			return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, i,
					       "insn %zu: unknown opcode or register (code 0x%02x)",
					       i, insns[i].code);
		n = pairfuse_ir_add(ir, insns[i], -1, i);
		if (n < 0)
			return n;
		node_of[i] = n;
		if (!pairfuse_insn_is_imm64(&insns[i]))
			continue;
		if (i + 1 == nr || insns[i + 1].code || insns[i + 1].dst_reg ||
		    insns[i + 1].src_reg || insns[i + 1].off)
			return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, i,
					       "insn %zu: 64-bit load without second half", i);
		ir->nodes[n].hi = insns[i + 1].imm;
		node_of[++i] = -1;
	}
	return 0;
}

static int decode_targets(size_t nr, struct pairfuse_ir *ir, const int *node_of,
			  struct pairfuse_why *why)
{
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		struct pairfuse_node *n = &ir->nodes[i];
		long long to = n->orig;

		if (pairfuse_insn_is_jump(&n->insn))
			to += n->insn.code == (BPF_JMP32 | BPF_JA) ? n->insn.imm : n->insn.off;
		else if (pairfuse_insn_is_call(&n->insn) && n->insn.src_reg == BPF_PSEUDO_CALL)
			to += n->insn.imm;
		else
			continue;
		to++;
		if (to < 0 || to >= (long long)nr || node_of[to] < 0)
			return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, n->orig,
					       "insn %d: jump or call to nowhere", n->orig);
		n->target = node_of[to];
		/* from now on every goto is a near one, see encode */
		if (n->insn.code == (BPF_JMP32 | BPF_JA))
			n->insn = PAIRFUSE_JA();
	}
	return 0;
}

/* Functions start where calls go to. */
static int find_funcs(const struct pairfuse_ir *ir, struct pairfuse_func **out, size_t *nr_out)
{
	struct pairfuse_func *funcs;
	bool *starts;
	size_t i, nr = 0;

	starts = calloc(ir->nr, sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	starts[0] = true;
	for (i = 0; i < ir->nr; i++)
		if (pairfuse_insn_is_call(&ir->nodes[i].insn) && ir->nodes[i].target >= 0)
			starts[ir->nodes[i].target] = true;
	for (i = 0; i < ir->nr; i++)
		nr += starts[i];
	funcs = calloc(nr, sizeof(*funcs));
	if (!funcs) {
		free(starts);
		return -ENOMEM;
	}
	for (i = 0, nr = 0; i < ir->nr; i++) {
		if (starts[i])
			funcs[nr++].start = i;
		funcs[nr - 1].end = i + 1;
	}
	free(starts);
	*out = funcs;
	*nr_out = nr;
	return 0;
}

static int check_func(const struct pairfuse_ir *ir, const struct pairfuse_func *fn,
		      struct pairfuse_why *why)
{
	const struct pairfuse_node *n = &ir->nodes[fn->end - 1];
	size_t i;

	if (!pairfuse_insn_is_exit(&n->insn) && !pairfuse_insn_is_ja(&n->insn))
		return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, n->orig,
				       "insn %d: the last one is neither exit nor jump", n->orig);
	for (i = fn->start; i < fn->end; i++) {
		n = &ir->nodes[i];
		if (!pairfuse_insn_is_jump(&n->insn))
			continue;
		if ((size_t)n->target < fn->start || (size_t)n->target >= fn->end)
			return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, n->orig,
					       "insn %d: jump into another function", n->orig);
	}
	return 0;
}

int pairfuse_ir_decode(const struct bpf_insn *insns, size_t nr, struct pairfuse_ir *ir,
		       struct pairfuse_func **funcs, size_t *nr_funcs,
		       struct pairfuse_why *why)
{
	int *node_of;
	size_t i;
	int err;

	*funcs = NULL;
	*nr_funcs = 0;
	if (nr == 0)
		return pairfuse_refuse(why, PAIRFUSE_REASON_BYTECODE, -1, "no instructions");
	if (nr > PAIRFUSE_MAX_NODES)
		return pairfuse_refuse(why, PAIRFUSE_REASON_COMPLEX, -1,
				       "%zu instructions; at most %d are followed", nr,
				       PAIRFUSE_MAX_NODES);
	node_of = calloc(nr, sizeof(*node_of));
	if (!node_of)
		return -ENOMEM;
	err = decode_nodes(insns, nr, ir, node_of, why);
	if (!err)
		err = decode_targets(nr, ir, node_of, why);
	free(node_of);
	if (!err)
		err = find_funcs(ir, funcs, nr_funcs);
	for (i = 0; !err && i < *nr_funcs; i++)
		err = check_func(ir, &(*funcs)[i], why);
	return err;
}

/* --- editing --- */

int pairfuse_ir_compact(struct pairfuse_ir *ir, const bool *dead)
{
	size_t i, nr = 0;
	int *to;

	/* a removed node's new index is that of the next one that stays */
	to = malloc((ir->nr + 1) * sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (i = 0; i < ir->nr; i++) {
		to[i] = nr;
		nr += !dead[i];
	}
	for (i = 0, nr = 0; i < ir->nr; i++) {
		if (dead[i])
			continue;
		ir->nodes[nr] = ir->nodes[i];
		if (ir->nodes[nr].target >= 0)
			ir->nodes[nr].target = to[ir->nodes[nr].target];
		nr++;
	}
	ir->nr = nr;
	free(to);
	return 0;
}

/* Mark what can be reached from node 0; stack[] has room for every node. */
static void reach(const struct pairfuse_ir *ir, bool *dead, int *stack)
{
	size_t depth = 0;

	memset(dead, 1, ir->nr * sizeof(*dead));
	dead[0] = false;
	stack[depth++] = 0;
	while (depth) {
		int i = stack[--depth];
		const struct pairfuse_node *n = &ir->nodes[i];
		bool falls = !pairfuse_insn_is_exit(&n->insn) && !pairfuse_insn_is_ja(&n->insn);

		if (falls && (size_t)i + 1 < ir->nr && dead[i + 1]) {
			dead[i + 1] = false;
			stack[depth++] = i + 1;
		}
		if (n->target >= 0 && dead[n->target]) {
			dead[n->target] = false;
			stack[depth++] = n->target;
		}
	}
}

int pairfuse_ir_prune(struct pairfuse_ir *ir)
{
	bool *dead = calloc(ir->nr + 1, sizeof(*dead));
	int *stack = calloc(ir->nr + 1, sizeof(*stack));

	int err = -ENOMEM;

	if (dead && stack) {
		reach(ir, dead, stack);
		err = pairfuse_ir_compact(ir, dead);
	}
	free(stack);
	free(dead);
	return err;
}

/* --- encoding --- */

static bool is_nop(const struct pairfuse_ir *ir, size_t i)
{
	const struct pairfuse_node *n = &ir->nodes[i];

	return pairfuse_insn_is_jump(&n->insn) && !pairfuse_insn_is_may_goto(&n->insn) &&
	       n->target == (int)i + 1;
}

/* Jumps to the next node; removing one may make another of the one before. */
int pairfuse_ir_drop_nops(struct pairfuse_ir *ir)
{
	bool *dead = calloc(ir->nr + 1, sizeof(*dead));
	size_t i, found;
	int err = 0;

	if (!dead)
		return -ENOMEM;
	do {
		found = 0;
		for (i = 0; i < ir->nr; i++) {
			dead[i] = is_nop(ir, i);
			found += dead[i];
		}
		if (found)
			err = pairfuse_ir_compact(ir, dead);
	} while (found && !err);
	free(dead);
	return err;
}

static int emit(const struct pairfuse_ir *ir, const int *pos, struct bpf_insn *out,
		struct pairfuse_why *why)
{
	size_t i;

	for (i = 0; i < ir->nr; i++) {
		const struct pairfuse_node *n = &ir->nodes[i];
		struct bpf_insn *insn = &out[pos[i]];
		int off;

		*insn = n->insn;
		if (pairfuse_insn_is_imm64(insn))
			insn[1].imm = n->hi;
		if (!pairfuse_insn_is_jump(insn))
			continue;
		off = pos[n->target] - pos[i] - 1;
		if (off != (__s16)off)
			return pairfuse_refuse(why, PAIRFUSE_REASON_COMPLEX, n->orig,
					       "the rewritten program has a jump over %d instructions",
					       off);
		insn->off = off;
		if (pairfuse_insn_is_ja(insn))
			insn->imm = 0;
	}
	return 0;
}

int pairfuse_ir_encode(const struct pairfuse_ir *ir, struct bpf_insn **insns, size_t *nr,
		       struct pairfuse_why *why)
{
	struct pairfuse_ir copy = { 0 };
	struct bpf_insn *out = NULL;
	size_t i, len = 0;
	int *pos = NULL;
	int err = -ENOMEM;

	copy.nodes = malloc((ir->nr + 1) * sizeof(*copy.nodes));
	if (!copy.nodes)
		return -ENOMEM;
	memcpy(copy.nodes, ir->nodes, ir->nr * sizeof(*copy.nodes));
	copy.nr = copy.cap = ir->nr;
	if (pairfuse_ir_prune(&copy) || pairfuse_ir_drop_nops(&copy))
		goto out;

	pos = calloc(copy.nr + 1, sizeof(*pos));
	if (!pos)
		goto out;
	for (i = 0; i < copy.nr; i++) {
		pos[i] = len;
		len += pairfuse_insn_is_imm64(&copy.nodes[i].insn) ? 2 : 1;
	}
	out = calloc(len + 1, sizeof(*out));
	if (!out)
		goto out;
	err = emit(&copy, pos, out, why);
	if (err)
		goto out;
	*insns = out;
	*nr = len;
	out = NULL;
out:
	free(out);
	free(pos);
	pairfuse_ir_free(&copy);
	return err;
}
