// SPDX-License-Identifier: GPL-2.0
/*
 * Of several programs on one function, which one runs first?
 *
 *	BPF trampoline		the one that was attached last, at both ends
 *	kprobe, kretprobe	at the entry the first, at the exit the last
 *	sys_enter, sys_exit	the first, at both ends
 *	stubs			at the entry the first, at the exit the last
 *
 * and what is attached the ordinary way, and kinds among each other, have an order of
 * their own. That of kprobes and stubs is the same only when a tool attaches pair after
 * pair, and nobody knows beforehand whether it does.
 *
 * It can be seen where two programs at one end use the same data: bytes of global data, or
 * a map, which one of them writes and the other looks at or writes too. (Both add to it,
 * and look at nothing: the sum is the same.) A pair that does such a thing is refused,
 * whatever becomes of the other program.
 *
 * What a program uses: global data by its address (a pointer into it that has been lost
 * sight of: all of it); a map that it looks up or gives to a helper: all of it. Values
 * that it has looked up are reached by pointers that are not followed; a store through
 * one writes to all those maps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"
#include "hook.h"
#include "order.h"

enum use { READ, ADD, WRITE };

struct access {
	int map;
	enum use use;
	__u64 from, to;
	int insn;
};

struct accesses {
	struct access *tab;
	size_t nr;
	bool all;		/* the program is not understood: everything it names */
	bool through;		/* writes through a pointer that is not followed */
	bool failed;
};

static void add(struct accesses *a, int map, enum use use, __u64 from, __u64 len, int insn)
{
	struct access *tab = realloc(a->tab, (a->nr + 1) * sizeof(*tab));

	if (!tab) {
		a->failed = true;
		return;
	}
	a->tab = tab;
	tab[a->nr++] = (struct access){
		.map = map, .use = use, .from = from, .to = from + len, .insn = insn,
	};
}

static void add_whole(struct accesses *a, int map, enum use use, int insn)
{
	add(a, map, use, 0, 1ULL << 40, insn);
}

/* Memory at v + off is used. len < 0: nobody knows how much. */
static void add_memory(struct accesses *a, const struct pairfuse_run *run, pairfuse_val v,
		       __s64 off, __s64 len, enum use use, int insn)
{
	const struct pairfuse_expr *e = pairfuse_expr(run->x, v);

	if (e->kind == PAIRFUSE_E_GLOBAL && len >= 0 && off + (__s64)e->imm >= 0)
		add(a, e->a, use, off + (__s64)e->imm, len, insn);
	else if (e->taint & PAIRFUSE_T_GLOBAL)
		a->all = true;
	else if (use != READ && !pairfuse_expr_on_stack(run->x, v))
		a->through = true;
}

/* --- one program --- */

static bool only_looks(__s32 helper)
{
	return helper == BPF_FUNC_map_lookup_elem || helper == BPF_FUNC_map_lookup_percpu_elem ||
	       helper == BPF_FUNC_map_peek_elem;
}

static void call_arg(struct accesses *a, const struct pairfuse_run *run, size_t i, unsigned int arg)
{
	const struct pairfuse_node *n = &run->ir->nodes[i];
	bool is_helper = pairfuse_insn_is_helper(&n->insn);
	const struct pairfuse_helper *h = is_helper ? pairfuse_helper(n->insn.imm) : NULL;
	const struct pairfuse_mem *m = pairfuse_helper_mem(h, arg);
	pairfuse_val v = run->notes[i].in[arg];
	const struct pairfuse_expr *e = pairfuse_expr(run->x, v);

	if (e->kind == PAIRFUSE_E_MAP)
		add_whole(a, e->a, is_helper && only_looks(n->insn.imm) ? READ : WRITE, n->orig);
	else if (e->taint & PAIRFUSE_T_MAP)
		a->all = true;
	else if (m)
		add_memory(a, run, v, 0, pairfuse_mem_len(run, run->notes[i].in, m),
			   m->write ? WRITE : READ, n->orig);
	else if (!h || (e->taint & PAIRFUSE_T_GLOBAL))
		add_memory(a, run, v, 0, -1, WRITE, n->orig);
}

static enum use use_of(const struct bpf_insn *insn)
{
	if (pairfuse_insn_is_load(insn))
		return READ;
	return pairfuse_insn_is_atomic(insn) && insn->imm == BPF_ADD ? ADD : WRITE;
}

static void node_uses(struct accesses *a, const struct pairfuse_run *run, size_t i)
{
	const struct pairfuse_node *n = &run->ir->nodes[i];
	const struct bpf_insn *insn = &n->insn;
	bool load = pairfuse_insn_is_load(insn);
	const struct pairfuse_helper *h;
	unsigned int arg, nargs;

	if (pairfuse_insn_is_call(insn)) {
		h = pairfuse_insn_is_helper(insn) ? pairfuse_helper(insn->imm) : NULL;
		nargs = h ? h->nargs : 5;
		for (arg = 1; arg <= nargs; arg++)
			call_arg(a, run, i, arg);
	} else if (load || pairfuse_insn_is_store(insn) || pairfuse_insn_is_atomic(insn)) {
		add_memory(a, run, run->notes[i].in[load ? insn->src_reg : insn->dst_reg],
			   insn->off, pairfuse_insn_size(insn), use_of(insn), n->orig);
	}
}

/* Everything that it names: not understood, or reached by pointers not followed. */
static void add_named(const struct pairfuse_study *st, int prog, struct accesses *a)
{
	size_t m;

	for (m = 0; m < st->in->nr_maps; m++)
		if ((a->all || a->through) && pairfuse_uses(st, prog, m))
			add_whole(a, m, WRITE, st->uses[prog * st->in->nr_maps + m] - 1);
}

static int find_accesses(struct pairfuse_study *st, int prog, struct accesses *a)
{
	const struct pairfuse_flat *flat = &st->flats[prog];
	struct pairfuse_why why;
	struct pairfuse_run run = {
		.in = st->in, .prog = &st->in->progs[prog], .ir = &flat->ir, .x = &st->exprs,
		.why = &why, .is_exit = pairfuse_hook_is_exit(st->in->progs[prog].at),
		.is_part = true, .carrier = -1, .nr_start = 1, .start[0] = { .armed = true },
	};
	size_t i;
	int err = pairfuse_study_flat(st, prog);

	if (!err)
		err = pairfuse_run(&run);
	a->all = err == PAIRFUSE_REFUSED;
	for (i = 0; !err && i < flat->ir.nr; i++)
		if (run.notes[i].reached)
			node_uses(a, &run, i);
	add_named(st, prog, a);
	pairfuse_run_free(&run);
	return a->failed ? -ENOMEM : err == PAIRFUSE_REFUSED ? 0 : err;
}

/* --- two programs --- */

/* apart: a map of which they use different elements, or -1 */
static const struct access *find_conflict(const struct pairfuse_study *st, const struct accesses *a,
					  const struct accesses *b, int apart)
{
	size_t i, j;

	for (i = 0; i < a->nr; i++) {
		const struct access *l = &a->tab[i];

		for (j = 0; j < b->nr; j++) {
			const struct access *r = &b->tab[j];

			if (l->map == r->map && l->map != apart &&
			    !st->in->maps[l->map].frozen && l->from < r->to && r->from < l->to &&
			    (l->use != r->use || l->use == WRITE))
				return l;
		}
	}
	return NULL;
}

/* The carrier of pair p, where the other program is not of its group: their keys differ. */
static int map_apart(const struct pairfuse_study *st, size_t p, int other)
{
	size_t q;

	for (q = 0; q < st->res->nr_pairs; q++)
		if (st->plans[q].group == st->plans[p].group &&
		    (st->res->pairs[q].entry == other || st->res->pairs[q].exit == other))
			return -1;
	return st->plans[p].carrier;
}

static int check_two(struct pairfuse_study *st, int prog, int other, int apart,
		     struct pairfuse_why *why)
{
	struct accesses a = { 0 }, b = { 0 };
	const struct access *seen;
	int err;

	err = find_accesses(st, prog, &a);
	if (!err)
		err = find_accesses(st, other, &b);
	seen = err ? NULL : find_conflict(st, &a, &b, apart);
	if (seen)
		err = pairfuse_refuse(why, PAIRFUSE_REASON_ORDER, seen->insn,
				      "'%s' and '%s' run on %s and both use '%s': fused, they would in another order (put them into one program, or give each data of its own)",
				      st->in->progs[prog].name, st->in->progs[other].name,
				      st->in->progs[prog].target, st->in->maps[seen->map].name);
	free(a.tab);
	free(b.tab);
	return err;
}

/* At the same end of the same function? */
static bool is_neighbour(const struct pairfuse_study *st, int prog, int other)
{
	const struct pairfuse_prog *a = &st->in->progs[prog], *b = &st->in->progs[other];

	return prog != other && b->at != PAIRFUSE_AT_OTHER && a->target && b->target &&
	       !strcmp(a->target, b->target) &&
	       pairfuse_hook_is_exit(a->at) == pairfuse_hook_is_exit(b->at);
}

int pairfuse_order_check(struct pairfuse_study *st, size_t p, struct pairfuse_why *why)
{
	const struct pairfuse_pair *pair = &st->res->pairs[p];
	int side, prog, err = 0;
	size_t other;

	for (side = 0; side < 2; side++) {
		prog = side ? pair->exit : pair->entry;
		why->prog = prog;
		for (other = 0; !err && other < st->in->nr_progs; other++)
			if (is_neighbour(st, prog, other))
				err = check_two(st, prog, other, map_apart(st, p, other),
						why);
		if (err)
			return err;
	}
	return 0;
}
