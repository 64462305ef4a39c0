// SPDX-License-Identifier: GPL-2.0
/*
 * Inlining of bpf-to-bpf calls.
 *
 * Each call site gets a copy of the function. What a call does is imitated:
 *
 *   frame    the callee's r10 is the caller's minus what the caller uses;
 *            direct accesses get another offset, `rX = r10` an addition
 *   r6-r9    those that the callee writes and the caller still needs are
 *            kept on the stack between the two frames
 *   exit     a jump behind the copy
 *   r1-r5    undefined afterwards, and so they are: the verifier has made
 *            sure that the caller does not read them
 *
 *        r10 ->+------------------+
 *              | caller's frame   |  as deep as the caller goes
 *              +------------------+
 *              | saved r6-r9      |
 *      r10' -> +------------------+
 *              | callee's frame   |
 *              +------------------+
 *
 * How deep does it go? Accesses at constant offsets tell. A *loose* function also has
 * others (`r2 = r10; r2 += index`), and they may go down to any byte, but never above
 * its own r10: the verifier has seen to that. So a loose frame has to be the lowest: what
 * else is needed is put on top of it, and nothing below. That goes for the rewriter's own
 * words, too, for which some bytes are reserved on top of everything:
 *
 *        r10 ->+------------------+
 *              | reserved         |  the rewriter's
 *              +------------------+
 *              | saved, callees   |
 *     r10'' -> +------------------+
 *              | loose frame      |  as deep as it likes
 *              +------------------+
 *
 * Two loose functions, one of which calls the other, are refused. A function that uses
 * what is below a pointer that it was given, or where that is not known, makes those
 * loose that give it pointers to their own frames.
 *
 * How much is reserved? What the rewriter has found to be too little when it tried: the
 * analysis begins anew then, with as much as it wanted (analysis.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "absint.h"
#include "hook.h"
#include "inline.h"
#include "live.h"

#define MAX_CALL_DEPTH 8	/* as in the kernel's verifier */

struct func {
	struct pairfuse_ir ir;	/* targets of calls: function, of jumps: node here */
	__u16 *live;
	int depth;		/* bytes of stack, a multiple of 8 */
	bool loose;		/* that is not all */
	bool measured;
	unsigned int writes;	/* of r6-r9, with everything that it calls */
};

struct inliner {
	const struct pairfuse_prog *prog;
	struct func *funcs;
	size_t nr_funcs;
	__u8 *below;		/* by function, see pairfuse_run */
	size_t visits;
	struct pairfuse_ir *out;
	struct pairfuse_why *why;
};

static int refuse(struct inliner *il, const struct pairfuse_node *n, const char *what)
{
	return pairfuse_refuse(il->why, PAIRFUSE_REASON_SUBPROG, n->orig, "insn %d of '%s': %s",
			       n->orig, il->prog->name, what);
}

/* --- functions apart --- */

static int split_func(struct inliner *il, const struct pairfuse_ir *all,
		      const struct pairfuse_func *bounds, size_t f)
{
	struct func *fn = &il->funcs[f];
	size_t i, g;
	int n;

	for (i = bounds[f].start; i < bounds[f].end; i++) {
		struct pairfuse_node node = all->nodes[i];

		if (pairfuse_insn_is_jump(&node.insn))
			node.target -= bounds[f].start;
		for (g = 0; pairfuse_insn_is_call(&node.insn) && node.target >= 0 &&
			    g < il->nr_funcs; g++) {
			if (bounds[g].start == (size_t)node.target) {
				node.target = g;
				break;
			}
		}
		n = pairfuse_ir_add(&fn->ir, node.insn, node.target, node.orig);
		if (n < 0)
			return n;
		fn->ir.nodes[n].hi = node.hi;
		fn->writes |= pairfuse_insn_defs(&node.insn) & 0x3c0;
	}
	fn->live = calloc(fn->ir.nr, sizeof(*fn->live));
	if (!fn->live)
		return -ENOMEM;
	pairfuse_live_regs(&fn->ir, fn->live);
	return 0;
}

static bool is_subcall(const struct pairfuse_node *n)
{
	return pairfuse_insn_is_call(&n->insn) && n->insn.src_reg == BPF_PSEUDO_CALL;
}

/* How deep does its own frame go? Those that it calls come first. */
static int measure_func(const struct pairfuse_input *in, struct inliner *il,
			struct pairfuse_exprs *x, size_t f)
{
	struct func *fn = &il->funcs[f];
	struct pairfuse_run run = {
		.in = in, .prog = il->prog, .ir = &fn->ir, .x = x, .why = il->why,
		.is_exit = pairfuse_hook_is_exit(il->prog->at), .is_part = true,
		.is_sub = f > 0, .below_of = il->below, .carrier = -1,
		.nr_start = 1, .start[0] = { .armed = true },
	};
	size_t i;
	int err = 0;

	if (fn->measured)
		return 0;
	fn->measured = true;
	for (i = 0; !err && i < fn->ir.nr; i++)
		if (is_subcall(&fn->ir.nodes[i]))
			err = measure_func(in, il, x, fn->ir.nodes[i].target);
	if (!err)
		err = pairfuse_run(&run);
	fn->depth = (-run.stack + 7) & ~7;
	fn->loose = run.loose;
	il->below[f] = run.below;
	pairfuse_run_free(&run);
	return err;
}

/* What callees write counts as written by the caller. */
static int collect_writes(struct inliner *il, size_t f, unsigned int depth)
{
	struct func *fn = &il->funcs[f];
	size_t i;
	int err;

	if (depth > MAX_CALL_DEPTH)
		return pairfuse_refuse(il->why, PAIRFUSE_REASON_BYTECODE, fn->ir.nodes[0].orig,
				       "calls are nested more than %d deep, or for ever",
				       MAX_CALL_DEPTH);
	if (++il->visits > PAIRFUSE_MAX_NODES)
		return refuse(il, &fn->ir.nodes[0], "too many calls to inline");
	for (i = 0; i < fn->ir.nr; i++) {
		if (!is_subcall(&fn->ir.nodes[i]))
			continue;
		err = collect_writes(il, fn->ir.nodes[i].target, depth + 1);
		if (err)
			return err;
		fn->writes |= il->funcs[fn->ir.nodes[i].target].writes;
	}
	return 0;
}

/* --- where frames go --- */

#define SAVED	(8 * 4)		/* r6-r9, at most */

/* Bytes that it takes, with everything that it calls; those of a loose frame not counted. */
static int chain_size(const struct inliner *il, size_t f)
{
	const struct func *fn = &il->funcs[f];
	int most = 0, size;
	size_t i;

	for (i = 0; i < fn->ir.nr; i++) {
		if (!is_subcall(&fn->ir.nodes[i]))
			continue;
		size = SAVED + chain_size(il, fn->ir.nodes[i].target);
		most = size > most ? size : most;
	}
	return most + (fn->loose ? 0 : fn->depth);
}

/* Is the function loose, or one that it calls? */
static bool chain_loose(const struct inliner *il, size_t f)
{
	const struct func *fn = &il->funcs[f];
	bool loose = fn->loose;
	size_t i;

	for (i = 0; !loose && i < fn->ir.nr; i++)
		if (is_subcall(&fn->ir.nodes[i]))
			loose = chain_loose(il, fn->ir.nodes[i].target);
	return loose;
}

/* A loose function calls only such as are not. */
static int check_loose(struct inliner *il, size_t f)
{
	const struct func *fn = &il->funcs[f];
	size_t i;

	for (i = 0; fn->loose && i < fn->ir.nr; i++)
		if (is_subcall(&fn->ir.nodes[i]) && chain_loose(il, fn->ir.nodes[i].target))
			return pairfuse_refuse(il->why, PAIRFUSE_REASON_STACK,
					       fn->ir.nodes[i].orig,
					       "insn %d of '%s' calls a function, and both index their stack with variables: __always_inline makes one of the two",
					       fn->ir.nodes[i].orig, il->prog->name);
	return 0;
}

/* --- copying --- */

static int copy_func(struct inliner *il, size_t f, int base);

/* Makes a pointer of r10: into the frame, when base is subtracted. */
static bool is_frame_address(const struct bpf_insn *insn)
{
	return insn->src_reg == 10 && !insn->off &&
	       (insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) ||
		insn->code == (BPF_ALU64 | BPF_ADD | BPF_X));
}

/* An instruction of a callee, whose frame begins base bytes below r10. */
static int copy_insn(struct inliner *il, const struct pairfuse_node *n, int base)
{
	unsigned int uses = pairfuse_insn_uses(&n->insn, pairfuse_call_nargs(&n->insn));
	struct bpf_insn insn = n->insn;
	int i;

	if (base && (uses & (1U << 10))) {
		bool value = pairfuse_insn_class(&insn) == BPF_STX && insn.src_reg == 10;

		if (pairfuse_insn_is_load(&insn) || (pairfuse_insn_is_store(&insn) && !value) ||
		    (pairfuse_insn_is_atomic(&insn) && !value)) {
			if (insn.off - base < -PAIRFUSE_STACK_SIZE)
				return pairfuse_refuse(il->why, PAIRFUSE_REASON_STACK, n->orig,
						       "'%s' inlined needs more than %d bytes of stack",
						       il->prog->name, PAIRFUSE_STACK_SIZE);
			insn.off -= base;
		} else if (!is_frame_address(&insn)) {
			return refuse(il, n, "the frame pointer is used in an unusual way");
		}
	}
	i = pairfuse_ir_add(il->out, insn, n->target, n->orig);
	if (i < 0)
		return i;
	il->out->nodes[i].hi = n->hi;
	if (base && is_frame_address(&insn))
		i = pairfuse_ir_add(il->out, PAIRFUSE_ADD_IMM(insn.dst_reg, -base), -1, n->orig);
	return i < 0 ? i : 0;
}

/* Save, copy of the callee, restore. */
static int copy_call(struct inliner *il, const struct func *fn, size_t i, int base)
{
	const struct pairfuse_node *n = &fn->ir.nodes[i];
	unsigned int keep = fn->live[i] & il->funcs[n->target].writes, r;
	int off = base + (fn->loose ? 0 : fn->depth), at = off, err;

	if (off + SAVED + il->funcs[n->target].depth > PAIRFUSE_STACK_SIZE)
		return pairfuse_refuse(il->why, PAIRFUSE_REASON_STACK, n->orig,
				       "'%s' inlined needs more than %d bytes of stack",
				       il->prog->name, PAIRFUSE_STACK_SIZE);
	for (r = 6; r <= 9; r++) {
		if (!(keep & (1U << r)))
			continue;
		at += 8;
		err = pairfuse_ir_add(il->out, PAIRFUSE_STX(BPF_DW, 10, r, -at), -1, n->orig);
		if (err < 0)
			return err;
	}
	err = copy_func(il, n->target, at);
	for (r = 6, at = off; !err && r <= 9; r++) {
		if (!(keep & (1U << r)))
			continue;
		at += 8;
		err = pairfuse_ir_add(il->out, PAIRFUSE_LDX(BPF_DW, r, 10, -at), -1, n->orig);
		err = err < 0 ? err : 0;
	}
	return err;
}

/* A callee's exit goes behind its copy; the target comes later. */
static int copy_exit(struct inliner *il, const struct pairfuse_node *n)
{
	int i = pairfuse_ir_add(il->out, PAIRFUSE_JA(), 0, n->orig);

	return i < 0 ? i : 0;
}

static int copy_nodes(struct inliner *il, size_t f, int base, int *to)
{
	const struct func *fn = &il->funcs[f];
	int frame = base + (fn->loose ? chain_size(il, f) : 0), err;
	bool is_main = f == 0;
	size_t i;

	for (i = 0; i < fn->ir.nr; i++) {
		const struct pairfuse_node *node = &fn->ir.nodes[i];

		to[i] = il->out->nr;
		if (il->out->nr > PAIRFUSE_MAX_NODES)
			return refuse(il, node, "too large after inlining");
		if (is_subcall(node))
			err = copy_call(il, fn, i, base);
		else if (pairfuse_insn_is_exit(&node->insn) && !is_main)
			err = copy_exit(il, node);
		else
			err = copy_insn(il, node, frame);
		if (err)
			return err;
	}
	to[fn->ir.nr] = il->out->nr;
	return 0;
}

/*
 * Append function f. Jumps in its own nodes still hold local targets when they
 * are copied; which of the new nodes are its own (and not a callee's, already
 * done) is told by walking the old ones again.
 */
static int copy_func(struct inliner *il, size_t f, int base)
{
	const struct func *fn = &il->funcs[f];
	int *to = calloc(fn->ir.nr + 1, sizeof(*to));
	size_t i;
	int err;

	if (!to)
		return -ENOMEM;
	err = copy_nodes(il, f, base, to);
	for (i = 0; !err && i < fn->ir.nr; i++) {
		const struct pairfuse_node *node = &fn->ir.nodes[i];

		if (pairfuse_insn_is_jump(&node->insn))
			il->out->nodes[to[i]].target = to[node->target];
		else if (pairfuse_insn_is_exit(&node->insn) && f != 0)
			il->out->nodes[to[i]].target = to[fn->ir.nr];
	}
	free(to);
	return err;
}

static int check_callbacks(struct inliner *il, const struct pairfuse_ir *all)
{
	size_t i;

	for (i = 0; i < all->nr; i++)
		if (pairfuse_insn_is_imm64(&all->nodes[i].insn) &&
		    all->nodes[i].insn.src_reg == BPF_PSEUDO_FUNC)
			return refuse(il, &all->nodes[i], "passes a function as callback");
	return 0;
}

static int measure_all(const struct pairfuse_input *in, struct inliner *il,
		       struct pairfuse_exprs *x)
{
	int err = measure_func(in, il, x, 0);

	if (err != PAIRFUSE_REFUSED || il->nr_funcs > 1)
		return err;
	/* whoever looks at it with a map in mind has a better reason */
	il->why->reason = PAIRFUSE_REASON_NONE;
	il->funcs[0].depth = 0;
	il->funcs[0].loose = true;
	return 0;
}

static int inline_all(const struct pairfuse_input *in, struct inliner *il,
		      const struct pairfuse_ir *all, const struct pairfuse_func *bounds,
		      struct pairfuse_exprs *x, struct pairfuse_flat *flat)
{
	size_t f;
	int err = 0;

	il->funcs = calloc(il->nr_funcs, sizeof(*il->funcs));
	il->below = calloc(il->nr_funcs, sizeof(*il->below));
	if (!il->funcs || !il->below)
		err = -ENOMEM;
	for (f = 0; !err && f < il->nr_funcs; f++)
		err = split_func(il, all, bounds, f);
	if (!err)
		err = collect_writes(il, 0, 0);
	if (!err)
		err = measure_all(in, il, x);
	for (f = 0; !err && f < il->nr_funcs; f++)
		err = check_loose(il, f);
	flat->loose = !err && chain_loose(il, 0);
	if (!err)
		err = copy_func(il, 0, flat->loose ? flat->reserved : 0);
	for (f = 0; il->funcs && f < il->nr_funcs; f++) {
		pairfuse_ir_free(&il->funcs[f].ir);
		free(il->funcs[f].live);
	}
	free(il->funcs);
	free(il->below);
	return err;
}

int pairfuse_flatten(const struct pairfuse_input *in, struct pairfuse_exprs *x,
		     struct pairfuse_flat *flat)
{
	const struct pairfuse_prog *prog = flat->prog;
	struct inliner il = { .prog = prog, .out = &flat->ir, .why = &flat->why };
	struct pairfuse_ir all = { 0 };
	struct pairfuse_func *bounds;
	int err;

	flat->why.reason = PAIRFUSE_REASON_NONE;
	err = pairfuse_ir_decode(prog->insns, prog->nr_insns, &all, &bounds, &il.nr_funcs,
				 il.why);
	if (!err)
		err = check_callbacks(&il, &all);
	flat->inlined = !err && il.nr_funcs > 1;
	if (!err)
		err = inline_all(in, &il, &all, bounds, x, flat);
	free(bounds);
	pairfuse_ir_free(&all);
	if (!err)
		err = pairfuse_ir_prune(&flat->ir);
	if (err)
		pairfuse_ir_free(&flat->ir);
	return err;
}
