// SPDX-License-Identifier: GPL-2.0
/*
 * One program of a call, in all worlds of a self-check: the original one, and the
 * rewritten one as the stub runs it.
 */
#include <string.h>

#include <linux/pairfuse.h>

#include "checker.h"
#include "frames.h"
#include "hook.h"

#define MAX_STEP  (1U << 28) /* nanoseconds from one reading of the clock to the next */
#define MAX_ARRAY 4096 /* bytes of a carrier that are looked at */

/* PAIRFUSE_FILTER_... */
static bool passes_by(const struct pairfuse_pair *pair, const struct pairfuse_thread *t)
{
	switch (pair->filter) {
	case PAIRFUSE_FILTER_TGID:
		return pair->filter_value != t->pid_tgid >> 32;
	case PAIRFUSE_FILTER_TID:
		return pair->filter_value != (__u32)t->pid_tgid;
	case PAIRFUSE_FILTER_COMM:
		return memcmp(&pair->filter_value, t->comm, sizeof(pair->filter_value)) != 0;
	}
	return false;
}

static void trace(const struct pairfuse_checker *q, const struct pairfuse_thread *t,
		  const struct pairfuse_prog *prog, const struct pairfuse_call *c, __u64 ret)
{
	if (!q->c->trace)
		return;
	fprintf(q->c->trace,
		"%12llu cpu %u thread %u/%u depth %u %s(%llx, %llx, %llx) = %llx, armed %llu\n",
		q->out.now, t->cpu, (__u32)(t->pid_tgid >> 32), (__u32)t->pid_tgid, t->depth,
		prog->name, c->in.args[0], c->in.args[1], c->in.args[2], ret, c->armed);
}

/* What the stub gives; the rest is what was on the stack. */
static void stub_context(const struct pairfuse_checker *q, const struct pairfuse_thread *t,
			 const struct pairfuse_call *c, bool is_exit, __u64 ret,
			 unsigned char *data)
{
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);
	unsigned int i, regs = pairfuse_check_regs(&q->c->in->progs[pair->entry]);
	__u64 *ctx = (__u64 *)data;

	if (pair->no_entry) { /* the stub keeps nothing else for these */
		ctx[PAIRFUSE_CTX_RET] = ret;
		ctx[PAIRFUSE_CTX_ELAPSED] = q->out.now + q->late - c->at;
		return;
	}
	ctx[PAIRFUSE_CTX_SLOT] = t->slots[t->depth - 1];
	for (i = 0; i < regs; i++)
		ctx[PAIRFUSE_CTX_ARG0 + i] = c->in.args[i];
	if (!is_exit)
		return;
	ctx[PAIRFUSE_CTX_RET] = ret;
	ctx[PAIRFUSE_CTX_ARMED] = c->armed;
	if (pair->clock)
		ctx[PAIRFUSE_CTX_ELAPSED] = q->out.now + q->late - c->at;
}

/* The context's region has room for all kinds of contexts: no bytes are checked behind the end. */
static unsigned char *new_context(struct pairfuse_checker *q, int world)
{
	unsigned char *data =
		pairfuse_region(q->worlds[world], q->ctx[world], PAIRFUSE_MAX_CTX, false);

	pairfuse_junk(q->worlds[world], data, PAIRFUSE_MAX_CTX);
	return data;
}

static void run_original(struct pairfuse_checker *q, int world, const struct pairfuse_thread *t,
			 const struct pairfuse_call *c, const struct pairfuse_prog *prog, __u64 ret)
{
	bool is_exit = pairfuse_hook_is_exit(prog->at);
	struct pairfuse_world *w = q->worlds[world];
	struct pairfuse_code_run run = { .insns = prog->insns,
					 .nr = prog->nr_insns,
					 .ctx = q->ctx[world],
					 .seen = world == ORIG
							 ? q->halves[2 * c->pair + is_exit].orig
							 : NULL };

	pairfuse_check_context(prog, pairfuse_check_regs(prog), c->in.args,
			       &q->user[t - q->threads][t->depth - 1].regs, ret,
			       new_context(q, world));
	w->nr_regs = pairfuse_check_regs(prog);
	w->is_exit = is_exit;
	w->frames = 0;
	pairfuse_interp(w, &run);
	q->insns += w->insns;
	if (w->fault)
		pairfuse_checker_fail(q, PAIRFUSE_CHECK_CANNOT, "'%s': %s", prog->name, w->what);
}

static void run_fused(struct pairfuse_checker *q, const struct pairfuse_thread *t,
		      struct pairfuse_call *c, bool is_exit, __u64 ret)
{
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);
	const struct pairfuse_code *code = is_exit ? &pair->exit_code : &pair->entry_code;
	struct pairfuse_world *w = q->worlds[FUSED];
	struct pairfuse_code_run run = { .insns = code->insns,
					 .nr = code->nr_insns,
					 .ctx = q->ctx[FUSED],
					 .seen = q->halves[2 * c->pair + is_exit].fused };
	__u64 r0 = 1;

	w->storage_size = pair->storage_size;
	w->storage = q->group[c->pair];
	w->nr_regs = 0;
	w->is_exit = is_exit;
	w->frames = PAIRFUSE_OWN_FRAMES;
	if (is_exit || !pair->no_entry) {
		stub_context(q, t, c, is_exit, ret, new_context(q, FUSED));
		r0 = pairfuse_interp(w, &run);
		q->insns += w->insns;
	}
	if (!is_exit)
		c->armed = r0;
	if (w->fault)
		pairfuse_checker_fail(q,
				      w->fault == PAIRFUSE_FAULT_MODEL ? PAIRFUSE_CHECK_CANNOT
								       : PAIRFUSE_CHECK_DIFFERS,
				      "'%s', rewritten: %s",
				      q->c->in->progs[is_exit ? pair->exit : pair->entry].name,
				      w->what);
}

/*
 * A key that was looked for in vain: perhaps user space, or another program, adds
 * it now. Everywhere alike, and never to a carrier.
 */
static void add_missed(struct pairfuse_checker *q)
{
	struct pairfuse_world *w = q->worlds[ORIG];
	unsigned int map = w->missed_map;
	const unsigned char *data;
	unsigned char key[512];
	__u32 size;
	int i;

	if (w->missed_map < 0 || map >= q->c->in->nr_maps || q->carrier[map] ||
	    pairfuse_checker_rnd(q, 4) || pairfuse_map_kind(&q->out, map) != PAIRFUSE_MAP_HASH)
		return;
	size = pairfuse_map_key_size(&q->out, map);
	data = pairfuse_region(w, w->missed_key, size, false);
	if (!data || size > sizeof(key))
		return;
	memcpy(key, data, size);
	for (i = 0; i < NR_WORLDS; i++)
		if (q->worlds[i] && !pairfuse_map_get(q->worlds[i], map, key, q->out.cpu))
			pairfuse_map_add(q->worlds[i], map, key, q->out.cpu, NULL, 0);
}

/*
 * Time goes on while an exit runs that reads the clock twice. The rewritten one may leave
 * out a reading that nobody uses, and the stub's stands for one of them; so it is told the
 * time of the first or of the second, where it begins and where the stub measures. Two
 * readings that have become one have no such time.
 */
static void run_fused_at(struct pairfuse_checker *q, const struct pairfuse_thread *t,
			 struct pairfuse_call *c, bool is_exit, __u64 ret)
{
	struct pairfuse_world *before;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		q->out.shift = i & 1 ? q->out.step : 0;
		q->late = i & 2 ? q->out.step : 0;
		before = q->out.step && i < 3 ? pairfuse_world_clone(q->worlds[FUSED]) : NULL;
		q->insns += before ? before->live / PAIRFUSE_CHECK_MOVES : 0;
		if (q->out.step && i < 3 && !before)
			pairfuse_checker_fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
		run_fused(q, t, c, is_exit, ret);
		if (!before || q->verdict || pairfuse_checker_same(q))
			break;
		pairfuse_world_free(q->worlds[FUSED]);
		q->worlds[FUSED] = before;
	}
	if (i < 3)
		pairfuse_world_free(before);
}

void pairfuse_checker_settle(struct pairfuse_checker *q)
{
	int i;

	for (i = 0; i < NR_WORLDS; i++) {
		if (!q->worlds[i])
			continue;
		q->insns += q->worlds[i]->moved / PAIRFUSE_CHECK_MOVES;
		pairfuse_world_settle(q->worlds[i]);
	}
}

/* What helpers answer during this program. */
void pairfuse_checker_set(struct pairfuse_checker *q, const struct pairfuse_thread *t,
			  const struct pairfuse_call *c, const struct pairfuse_prog *prog,
			  bool is_exit)
{
	trace(q, t, prog, c, c->in.ret);
	q->out.run = c->in.run[is_exit];
	q->out.pid_tgid = t->pid_tgid;
	q->out.task = t->task;
	q->out.cpu = t->cpu;
	q->out.random = c->in.random[is_exit];
	q->out.uid_gid = c->in.uid_gid[is_exit];
	q->out.answer_of = c->in.answer_of;
	q->out.answer = c->in.answer;
	q->out.step = q->halves[2 * c->pair + is_exit].moves
			      ? 1 + pairfuse_mix(q->out.run, 7) % MAX_STEP
			      : 0;
	q->out.shift = q->late = 0;
	q->out.cookie = prog->cookie;
	q->out.addr = prog->addr;
	memcpy(q->out.comm, t->comm, sizeof(q->out.comm));
}

/* Times or addresses, by a pair of the group. */
bool pairfuse_checker_leaves(const struct pairfuse_checker *q, int carrier)
{
	unsigned int i;

	for (i = 0; i < q->nr_pairs; i++)
		if (q->c->res->pairs[q->pairs[i]].carrier == carrier &&
		    q->c->res->pairs[q->pairs[i]].leaves)
			return true;
	return false;
}

/*
 * What is in a carrier that is an array: nothing of it can go, so all that an exit may
 * put there is 0 (leftover.c).
 */
static size_t copy_array(struct pairfuse_checker *q, unsigned int map, unsigned char *to)
{
	const struct pairfuse_table *t = &q->worlds[ORIG]->tables[map];
	__u32 size = q->c->in->maps[map].value_size;
	const struct pairfuse_elem *e;
	unsigned long finds = q->worlds[ORIG]->finds;
	const unsigned char *value;
	size_t len = 0;
	unsigned int b;

	for (b = 0; t->buckets && b < PAIRFUSE_NR_BUCKETS; b++)
		for (e = t->buckets[b]; e && len + size <= MAX_ARRAY; e = e->next) {
			value = pairfuse_region(q->worlds[ORIG], e->value, size, false);
			if (value)
				memcpy(to + len, value, size);
			len += value ? size : 0;
		}
	q->worlds[ORIG]->finds = finds; /* it was not the program */
	return len;
}

static bool keeps_array(const struct pairfuse_checker *q, const struct pairfuse_pair *pair)
{
	return pairfuse_map_kind(&q->out, pair->carrier) == PAIRFUSE_MAP_ARRAY &&
	       pair->storage != PAIRFUSE_STORAGE_MAP && !pairfuse_checker_leaves(q, pair->carrier);
}

/* No exit makes elements: those that there are stay in their places. */
static void run_exit(struct pairfuse_checker *q, const struct pairfuse_thread *t,
		     const struct pairfuse_call *c, const struct pairfuse_prog *prog, __u64 ret)
{
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);
	unsigned char before[MAX_ARRAY], after[MAX_ARRAY];
	size_t len, i;

	if (!keeps_array(q, pair)) {
		run_original(q, ORIG, t, c, prog, ret);
		return;
	}
	len = copy_array(q, pair->carrier, before);
	run_original(q, ORIG, t, c, prog, ret);
	if (copy_array(q, pair->carrier, after) != len)
		return;
	for (i = 0; i < len; i++)
		if (after[i] && after[i] != before[i]) {
			pairfuse_checker_fail(q, PAIRFUSE_CHECK_DIFFERS,
					      "'%s' leaves something in '%s'", prog->name,
					      q->c->in->maps[pair->carrier].name);
			return;
		}
}

void pairfuse_checker_originals(struct pairfuse_checker *q, const struct pairfuse_thread *t,
				const struct pairfuse_call *c, const struct pairfuse_prog *prog,
				__u64 ret)
{
	bool is_exit = pairfuse_hook_is_exit(prog->at);
	struct pairfuse_world *w = q->worlds[ORIG];
	unsigned long stores = w->stores, finds = w->finds;
	struct pairfuse_check_pair *stats = q->c->pairs ? &q->c->pairs[c->pair] : NULL;

	w->origins = q->origins;
	if (q->origins)
		q->origins->call = c->number;
	if (is_exit)
		run_exit(q, t, c, prog, ret);
	else
		run_original(q, ORIG, t, c, prog, ret);
	if (stats && is_exit)
		stats->read += w->finds > finds;
	else if (stats)
		stats->stored += w->stores > stores;
	pairfuse_steer_note(q, c, is_exit);
	if (!q->verdict && q->worlds[AGAIN])
		run_original(q, AGAIN, t, c, prog, ret);
}

void pairfuse_checker_fused(struct pairfuse_checker *q, const struct pairfuse_thread *t,
			    struct pairfuse_call *c, bool is_exit, __u64 ret)
{
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);

	if (!is_exit)
		c->passes = passes_by(pair, t);
	if (!c->passes &&
	    (!is_exit || c->armed || (pairfuse_pair_flags(pair) & PAIRFUSE_ATTACH_EXIT_ALWAYS)))
		run_fused_at(q, t, c, is_exit, ret);
}

void pairfuse_checker_run(struct pairfuse_checker *q, struct pairfuse_thread *t, bool is_exit,
			  __u64 ret)
{
	struct pairfuse_call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);
	const struct pairfuse_prog *prog = &q->c->in->progs[is_exit ? pair->exit : pair->entry];
	unsigned long before;

	pairfuse_checker_set(q, t, c, prog, is_exit);
	before = q->worlds[ORIG]->calls - q->worlds[FUSED]->calls;
	pairfuse_checker_originals(q, t, c, prog, ret);
	if (!q->verdict)
		pairfuse_checker_fused(q, t, c, is_exit, ret);
	q->c->saved += q->worlds[ORIG]->calls - q->worlds[FUSED]->calls - before;
	if (!q->verdict)
		pairfuse_checker_compare(q, prog);
	add_missed(q);
	pairfuse_checker_settle(q);
}
