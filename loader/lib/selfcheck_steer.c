// SPDX-License-Identifier: GPL-2.0
/*
 * Calls for the sake of branches. A condition that an original program has found to be
 * true only, or false only, compares a number that came from somewhere (origin.h): an
 * argument, memory, a map that user space fills, the time. The call is made again with
 * another number there.
 *
 * Whatever is changed is changed between two programs, for all worlds alike, and is
 * nothing that the rewriting may rely on: memory of the kernel and elements of maps
 * change at any time.
 */
#include <string.h>

#include "checker.h"
#include "hook.h"

#define MAX_TRIES 6 /* for one branch */
#define MAX_TIME  (1ULL << 60)

static struct pairfuse_half *half_of(struct pairfuse_checker *q, int pair, bool is_exit)
{
	return &q->halves[2 * pair + is_exit];
}

static bool is_open(struct pairfuse_checker *q, const struct pairfuse_goal *g)
{
	const unsigned char both = PAIRFUSE_SEEN_TAKEN | PAIRFUSE_SEEN_PASSED;

	return (half_of(q, g->in.pair, g->is_exit)->orig[g->wish.pc] & both) != both;
}

/* What is gone when the program has ended: which element, which key. */
static bool resolve(struct pairfuse_checker *q, struct pairfuse_goal *g)
{
	const struct pairfuse_origin *o = &g->wish.origin;
	const struct pairfuse_elem *e;
	__u32 size;

	if (o->from == PAIRFUSE_FROM_LOOKUP) {
		if (o->at >= q->origins->nr_asked || q->origins->asked[o->at].map != o->what)
			return false;
		memcpy(g->key, q->origins->asked[o->at].key, sizeof(g->key));
		g->cpu = q->out.cpu;
		return pairfuse_map_kind(&q->out, o->what) == PAIRFUSE_MAP_HASH;
	}
	if (o->from != PAIRFUSE_FROM_ELEM)
		return true;
	e = pairfuse_region_elem(q->worlds[ORIG], o->at);
	size = pairfuse_map_key_size(&q->out, o->what);
	if (!e || e->map != o->what || size > sizeof(g->key) || q->c->in->maps[o->what].frozen)
		return false;
	memcpy(g->key, e->key, size);
	g->cpu = e->cpu;
	g->off = o->at - e->value;
	return true;
}

void pairfuse_steer_note(struct pairfuse_checker *q, const struct pairfuse_call *call, bool is_exit)
{
	struct pairfuse_half *half = half_of(q, call->pair, is_exit);
	struct pairfuse_goal *g;
	unsigned int i;

	for (i = 0; q->origins && i < q->origins->nr_wishes; i++) {
		const struct pairfuse_wish *wish = &q->origins->wishes[i];

		/* no address of a region: it is another one in other worlds */
		if (q->nr_goals == PAIRFUSE_CHECK_GOALS || half->tries[wish->pc] >= MAX_TRIES ||
		    pairfuse_is_region(wish->value))
			continue;
		g = &q->goals[(q->first_goal + q->nr_goals) % PAIRFUSE_CHECK_GOALS];
		*g = (struct pairfuse_goal){ .in = call->in, .wish = *wish, .is_exit = is_exit };
		g->in.wait = q->out.now - call->at;
		if (!is_open(q, g) || !resolve(q, g))
			continue;
		if (wish->origin.from == PAIRFUSE_FROM_TIME)
			g->in.start = wish->origin.is_exit ? 0 : wish->value;
		if (wish->origin.from == PAIRFUSE_FROM_TIME && wish->origin.is_exit)
			g->in.wait = wish->value - call->at;
		half->tries[wish->pc]++;
		q->nr_goals++;
	}
}

int pairfuse_steer_thread(struct pairfuse_checker *q)
{
	while (q->nr_goals && !is_open(q, &q->goals[q->first_goal])) {
		q->first_goal = (q->first_goal + 1) % PAIRFUSE_CHECK_GOALS;
		q->nr_goals--;
	}
	return q->nr_goals ? (int)q->goals[q->first_goal].in.thread : -1;
}

/* --- making it so --- */

static void set_elem(struct pairfuse_checker *q, const struct pairfuse_goal *g)
{
	const struct pairfuse_origin *o = &g->wish.origin;
	struct pairfuse_elem *e;
	unsigned char *value;
	int i;

	for (i = 0; i < NR_WORLDS; i++) {
		if (!q->worlds[i])
			continue;
		e = pairfuse_map_get(q->worlds[i], o->what, g->key, g->cpu);
		value = e ? pairfuse_region(q->worlds[i], e->value + g->off, o->size, true) : NULL;
		if (value)
			memcpy(value, &g->wish.value, o->size);
	}
}

static void set_presence(struct pairfuse_checker *q, const struct pairfuse_goal *g)
{
	__u32 cpu = q->out.cpu;
	int i;

	q->out.cpu = g->cpu;
	for (i = 0; i < NR_WORLDS; i++) {
		if (!q->worlds[i])
			continue;
		if (!g->wish.value)
			pairfuse_map_delete(q->worlds[i], g->wish.origin.what, g->key);
		else if (!pairfuse_map_get(q->worlds[i], g->wish.origin.what, g->key, g->cpu))
			pairfuse_map_add(q->worlds[i], g->wish.origin.what, g->key, g->cpu, NULL,
					 0);
	}
	q->out.cpu = cpu;
}

static void set_outside(struct pairfuse_checker *q, const struct pairfuse_goal *g,
			struct pairfuse_drawn *in)
{
	const struct pairfuse_origin *o = &g->wish.origin;
	__u64 off = o->at - PAIRFUSE_VA_USER_REGS;

	if (off >= q->out.user_regs_size) {
		pairfuse_outside_patch(&q->out, o->at, &g->wish.value, o->size);
		return;
	}
	off %= PAIRFUSE_USER_REGS_STRIDE;
	if (off + o->size <= sizeof(in->regs))
		memcpy((unsigned char *)&in->regs + off, &g->wish.value, o->size);
}

static void set_context(struct pairfuse_checker *q, const struct pairfuse_goal *g,
			struct pairfuse_drawn *in)
{
	const struct pairfuse_pair *pair = &q->c->res->pairs[in->pair];
	const struct pairfuse_origin *o = &g->wish.origin;
	const struct pairfuse_prog *prog = &q->c->in->progs[o->is_exit ? pair->exit : pair->entry];
	unsigned char *at = pairfuse_check_context_at(prog, pairfuse_check_regs(prog),
						      o->at & ~7ULL, in->args, &in->regs, &in->ret);

	if (at && o->at % 8 + o->size <= 8)
		memcpy(at + o->at % 8, &g->wish.value, o->size);
}

static void set_one(struct pairfuse_checker *q, const struct pairfuse_goal *g,
		    struct pairfuse_drawn *in)
{
	const struct pairfuse_origin *o = &g->wish.origin;

	switch (o->from) {
	case PAIRFUSE_FROM_CTX:
		set_context(q, g, in);
		return;
	case PAIRFUSE_FROM_OUTSIDE:
		set_outside(q, g, in);
		return;
	case PAIRFUSE_FROM_ELEM:
		set_elem(q, g);
		return;
	case PAIRFUSE_FROM_LOOKUP:
		set_presence(q, g);
		return;
	case PAIRFUSE_FROM_COMM:
		if (!in->comm[0])
			memcpy(in->comm, q->threads[in->thread].comm, sizeof(in->comm));
		if (o->at + o->size < sizeof(in->comm))
			memcpy(in->comm + o->at, &g->wish.value, o->size);
		return;
	case PAIRFUSE_FROM_IDS: /* threads of the rounds to come */
		pairfuse_checker_add_const(q, g->wish.value);
		pairfuse_checker_add_const(q, g->wish.value >> 32);
		return;
	case PAIRFUSE_FROM_USER:
		in->uid_gid[o->is_exit] = g->wish.value;
		return;
	case PAIRFUSE_FROM_RANDOM:
		in->random[o->is_exit] = g->wish.value;
		return;
	case PAIRFUSE_FROM_ANSWER:
		in->answer_of = o->what;
		in->answer = g->wish.value;
		return;
	}
}

void pairfuse_steer_take(struct pairfuse_checker *q, struct pairfuse_drawn *in)
{
	struct pairfuse_goal *g = &q->goals[q->first_goal];

	*in = g->in;
	q->first_goal = (q->first_goal + 1) % PAIRFUSE_CHECK_GOALS;
	q->nr_goals--;
	in->wait = in->wait < MAX_TIME ? in->wait : 0;
	in->start = in->start < MAX_TIME ? in->start : 0;
	set_one(q, g, in);
}
