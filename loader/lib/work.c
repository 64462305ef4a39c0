// SPDX-License-Identifier: GPL-2.0
/*
 * The longest way to an instruction.
 *
 * Lengths grow along the edges until nothing changes; what is beyond the limit stays
 * there, so loops end, and everything behind a loop is too far. Helpers that do the same
 * whatever they are given are priced by what they move; those whose work depends on other
 * things (taking stacks, output, kfuncs) are too far by themselves.
 */
#include <errno.h>
#include <stdlib.h>

#include "work.h"

#define TOO_FAR		(PAIRFUSE_WORK_LITTLE + 1)
#define CALL		20	/* a helper that just returns something */
#define SLOW		20
#define LOOKUP		80
#define CHANGE		200	/* of a map */

static unsigned int moved(const struct pairfuse_run *run, size_t i, const struct pairfuse_helper *h)
{
	unsigned int m, sum = CALL;
	__s64 len;

	for (m = 0; m < 2; m++) {
		if (h->mem[m].size == PAIRFUSE_MEM_NONE)
			continue;
		len = pairfuse_mem_len(run, run->notes[i].in, &h->mem[m]);
		if (len < 0 || len > TOO_FAR)
			return TOO_FAR;
		sum += len;
	}
	return sum;
}

/* What is no call: divisions and atomics take long. */
static unsigned int price_of_plain(const struct bpf_insn *insn)
{
	__u8 class = pairfuse_insn_class(insn), op = BPF_OP(insn->code);

	if (class == BPF_ALU || class == BPF_ALU64)
		return op == BPF_DIV || op == BPF_MOD ? SLOW : op == BPF_MUL ? 3 : 1;
	return pairfuse_insn_is_atomic(insn) ? SLOW : 1;
}

static unsigned int price(const struct pairfuse_run *run, size_t i)
{
	const struct bpf_insn *insn = &run->ir->nodes[i].insn;
	const struct pairfuse_helper *h;

	if (!pairfuse_insn_is_call(insn))
		return price_of_plain(insn);
	if (run->notes[i].op != PAIRFUSE_OP_NONE)
		return 1;	/* fused, it is gone or little else */
	h = pairfuse_insn_is_helper(insn) ? pairfuse_helper(insn->imm) : NULL;
	if (!h)
		return TOO_FAR;
	switch (insn->imm) {
	case BPF_FUNC_map_lookup_elem:
		return LOOKUP;
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
		return CHANGE;
	}
	return h->flags & PAIRFUSE_H_PURE ? moved(run, i, h) : TOO_FAR;
}

/* Where control goes from node i: at most two nodes. */
static unsigned int next(const struct pairfuse_run *run, size_t i, size_t to[2])
{
	const struct pairfuse_node *n = &run->ir->nodes[i];
	unsigned int nr = 0;

	if (pairfuse_insn_is_exit(&n->insn))
		return 0;
	if (!pairfuse_insn_is_jump(&n->insn)) {
		to[nr++] = i + 1;
		return nr;
	}
	if (pairfuse_insn_is_ja(&n->insn) || (run->notes[i].edges & 2))
		to[nr++] = n->target;
	if (!pairfuse_insn_is_ja(&n->insn) && (run->notes[i].edges & 1))
		to[nr++] = i + 1;
	return nr;
}

/* One round over all nodes: has any become farther? */
static bool spread(const struct pairfuse_run *run, unsigned int *far)
{
	bool any = false;
	unsigned int nr, len;
	size_t i, to[2];

	for (i = 0; i < run->ir->nr; i++) {
		if (!far[i] || !run->notes[i].reached)
			continue;
		len = far[i] + price(run, i);
		len = len > TOO_FAR ? TOO_FAR : len;
		for (nr = next(run, i, to); nr--;) {
			if (far[to[nr]] >= len)
				continue;
			far[to[nr]] = len;
			any = true;
		}
	}
	return any;
}

int pairfuse_work_before(const struct pairfuse_run *run, size_t node)
{
	unsigned int *far = calloc(run->ir->nr + 1, sizeof(*far));
	int err;

	if (!far)
		return -ENOMEM;
	far[0] = 1;
	while (spread(run, far))
		;
	err = far[node] >= TOO_FAR;
	free(far);
	return err;
}

int pairfuse_work_again(const struct pairfuse_run *run, size_t node, const bool *these)
{
	size_t *stack = calloc(2 * run->ir->nr + 2, sizeof(*stack)), depth, i;
	bool *seen = calloc(run->ir->nr + 1, sizeof(*seen));
	int found = stack && seen ? 0 : -ENOMEM;

	for (depth = found ? 0 : next(run, node, stack); !found && depth;) {
		i = stack[--depth];
		if (seen[i])
			continue;
		seen[i] = true;
		found = these[i];
		depth += next(run, i, &stack[depth]);
	}
	free(stack);
	free(seen);
	return found;
}
