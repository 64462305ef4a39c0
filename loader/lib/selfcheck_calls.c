// SPDX-License-Identifier: GPL-2.0
/*
 * Threads, what their calls are given, and when these begin and end.
 */
#include <stdio.h>
#include <string.h>

#include <linux/pairfuse.h>

#include "checker.h"
#include "hook.h"

#define MAX_ID 4194304U /* of threads */

static __u64 new_word(struct pairfuse_checker *q)
{
	switch (pairfuse_checker_rnd(q, 5)) {
	case 0:
		return pairfuse_checker_rnd(q, 4);
	case 1:
		return -(__u64)pairfuse_checker_rnd(q, 100);
	case 2:
		return pairfuse_checker_rnd(q, 100000);
	case 3:
		if (q->out.nr_consts)
			return (__s64)(__s32)q->consts[pairfuse_checker_rnd(q, q->out.nr_consts)];
	}
	return (__u64)pairfuse_checker_rnd(q, 1 << 20) << 30 | pairfuse_checker_rnd(q, 1 << 20);
}

/* The same again is what finds elements of maps that are keyed by arguments. */
static __u64 random_word(struct pairfuse_checker *q)
{
	return pairfuse_checker_rnd(q, 2)
		       ? q->favourites[pairfuse_checker_rnd(q, PAIRFUSE_CHECK_WORDS)]
		       : new_word(q);
}

static __u64 random_pointer(struct pairfuse_checker *q)
{
	return PAIRFUSE_VA_KERNEL + 64 * (pairfuse_checker_rnd(q, 2)
						  ? pairfuse_checker_rnd(q, 4)
						  : pairfuse_checker_rnd(q, 1024));
}

/* A name; now and then of words that programs compare it with. */
static void random_comm(struct pairfuse_checker *q, struct pairfuse_thread *t)
{
	const struct pairfuse_pair *pair =
		&q->c->res->pairs[q->pairs[pairfuse_checker_rnd(q, q->nr_pairs)]];
	__u32 words[4] = { 0 };
	unsigned int i;

	snprintf(t->comm, sizeof(t->comm), "thread-%u", (__u32)t->pid_tgid % 10000);
	if (!q->out.nr_consts || pairfuse_checker_rnd(q, 2))
		return;
	for (i = 0; i < 4 && (!i || pairfuse_checker_rnd(q, 2)); i++)
		words[i] = q->consts[pairfuse_checker_rnd(q, q->out.nr_consts)];
	if (pair->filter == PAIRFUSE_FILTER_COMM)
		words[0] = pair->filter_value;
	memcpy(t->comm, words, sizeof(t->comm));
	t->comm[sizeof(t->comm) - 1] = '\0';
}

static void draw_half(struct pairfuse_checker *q, struct pairfuse_drawn *in, bool is_exit)
{
	in->run[is_exit] = q->rnd;
	in->random[is_exit] = pairfuse_checker_rnd(q, 1000);
	in->uid_gid[is_exit] = pairfuse_checker_rnd(q, 4) ? in->random[is_exit] % 3 : q->consts[0];
}

/* What a call of the pair is given, at random. */
static void draw_entry(struct pairfuse_checker *q, const struct pairfuse_thread *t, int pair,
		       struct pairfuse_drawn *in)
{
	const struct pairfuse_prog *prog = &q->c->in->progs[q->c->res->pairs[pair].entry];
	__u64 *regs = (__u64 *)&in->regs;
	unsigned int i;

	*in = (struct pairfuse_drawn){ .pair = pair, .thread = t - q->threads };
	for (i = 0; i < PAIRFUSE_MAX_REGS; i++) {
		in->args[i] = random_word(q);
		/* kprobes know no types */
		if (prog->proto ? prog->proto->btf_id[i] != 0 : pairfuse_checker_rnd(q, 2))
			in->args[i] = random_pointer(q);
	}
	if (pairfuse_hook_is_syscall(prog->at))
		for (i = 0; i < sizeof(in->regs) / 8; i++)
			regs[i] = pairfuse_checker_rnd(q, 3) ? random_word(q) : random_pointer(q);
	draw_half(q, in, false);
}

static void draw_exit(struct pairfuse_checker *q, const struct pairfuse_pair *pair,
		      struct pairfuse_drawn *in)
{
	const struct pairfuse_proto *proto = q->c->in->progs[pair->exit].proto;

	in->ret = random_word(q);
	if (proto && proto->btf_id[PAIRFUSE_VALUE_RET])
		in->ret = random_pointer(q);
	draw_half(q, in, true);
}

/* A call of the thread, as it was before its entry program. */
static struct pairfuse_call *new_call(struct pairfuse_checker *q, struct pairfuse_thread *t,
				      const struct pairfuse_drawn *in)
{
	const struct pairfuse_pair *p = &q->c->res->pairs[in->pair];
	struct pairfuse_call *c = &t->calls[t->depth];
	union pairfuse_regs *user = &q->user[t - q->threads][t->depth];

	t->depth++;
	*c = (struct pairfuse_call){
		.pair = in->pair, .in = *in, .at = q->out.now, .number = ++q->calls
	};
	if (t->depth == 1)
		t->cpu = pairfuse_checker_rnd(q, PAIRFUSE_NR_CPUS);
	if (in->comm[0])
		memcpy(t->comm, in->comm, sizeof(t->comm));
	if (pairfuse_hook_is_syscall(q->c->in->progs[p->entry].at)) {
		user->regs = in->regs;
		c->in.args[0] =
			PAIRFUSE_VA_USER_REGS + ((unsigned char *)user - (unsigned char *)q->user);
	}
	return c;
}

/* The same, in a stub: the slot is whatever was on the stack before. */
static struct pairfuse_call *enter(struct pairfuse_checker *q, struct pairfuse_thread *t,
				   const struct pairfuse_drawn *in)
{
	struct pairfuse_call *c = new_call(q, t, in);
	unsigned char *slot;

	c->begun = ++t->begun[q->group[c->pair]];
	slot = pairfuse_region(q->worlds[FUSED], t->slots[t->depth - 1], PAIRFUSE_SLOT_SIZE, true);
	pairfuse_junk(q->worlds[FUSED], slot, PAIRFUSE_SLOT_SIZE);
	return c;
}

static void begin(struct pairfuse_checker *q, struct pairfuse_thread *t,
		  const struct pairfuse_drawn *in, bool again)
{
	struct pairfuse_call *c;

	if (q->out.now < in->start)
		q->out.now = in->start;
	c = enter(q, t, in);
	c->again = again;
	pairfuse_checker_run(q, t, false, 0);
}

/*
 * The exit program of a system call that has not been by the entry: the child of clone(),
 * calls that seccomp answers (sysexit.c). Fused, nothing is run.
 */
static void pass(struct pairfuse_checker *q, struct pairfuse_thread *t, int pair)
{
	const struct pairfuse_pair *p = &q->c->res->pairs[pair];
	struct pairfuse_drawn in;
	struct pairfuse_call *c;

	draw_entry(q, t, pair, &in);
	draw_exit(q, p, &in);
	c = new_call(q, t, &in);
	pairfuse_checker_set(q, t, c, &q->c->in->progs[p->exit], true);
	pairfuse_checker_originals(q, t, c, &q->c->in->progs[p->exit], in.ret);
	if (!q->verdict)
		pairfuse_checker_compare(q, &q->c->in->progs[p->exit]);
	pairfuse_checker_settle(q);
	t->depth--;
}

/*
 * The second thread of the process gets the number of the first, which is gone then; the
 * process has another thread soon.
 */
static void exec(struct pairfuse_checker *q, struct pairfuse_thread *t)
{
	struct pairfuse_thread *leader = &q->threads[0];
	__u64 pid_tgid = leader->pid_tgid;

	if (!q->exec || t != &q->threads[1] || leader->depth)
		return;
	leader->pid_tgid = t->pid_tgid;
	t->pid_tgid = pid_tgid;
}

/* The time, the CPU, the numbers and the registers at the end of a call. */
static void move_on(struct pairfuse_checker *q, struct pairfuse_thread *t, struct pairfuse_call *c)
{
	struct pairfuse_user_regs *regs = &q->user[t - q->threads][t->depth - 1].regs;

	if (c->again && c->in.wait && q->out.now < c->at + c->in.wait)
		q->out.now = c->at + c->in.wait;
	if (!q->percpu && t->depth == 1 && !pairfuse_checker_rnd(q, 3))
		t->cpu = pairfuse_checker_rnd(q, PAIRFUSE_NR_CPUS);
	if (!pairfuse_checker_rnd(q, 4))
		exec(q, t);
	/* execve() and others change the registers */
	regs->di = regs->si = random_word(q);
	if (!pairfuse_checker_rnd(q, 16))
		random_comm(q, t);
}

static void end(struct pairfuse_checker *q, struct pairfuse_thread *t)
{
	struct pairfuse_call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = pairfuse_checker_pair(q, c);

	if ((pairfuse_pair_flags(pair) & PAIRFUSE_ATTACH_EXACT) &&
	    c->begun != t->begun[q->group[c->pair]])
		c->armed = 0;
	move_on(q, t, c);
	if (!c->again)
		draw_exit(q, pair, &c->in);
	pairfuse_checker_run(q, t, true, c->in.ret);
	t->depth--;
}

static bool same_process(const struct pairfuse_thread *a, const struct pairfuse_thread *b)
{
	return a->pid_tgid >> 32 == b->pid_tgid >> 32;
}

/*
 * Nanoseconds to years, but no 64 bits are ever full: in long times divisions by
 * constants would be wrong, and histograms have a slot for each magnitude.
 */
static __u64 random_time(struct pairfuse_checker *q)
{
	if (!pairfuse_checker_rnd(q, 16) && q->out.now < 1ULL << 60)
		return (1ULL << pairfuse_checker_rnd(q, 60)) + pairfuse_checker_rnd(q, 1 << 20);
	return pairfuse_checker_rnd(q, 4) ? pairfuse_checker_rnd(q, 5000)
					  : 1U << pairfuse_checker_rnd(q, 27);
}

/* What user space would find of a hash when no call is under way, and 0 is nothing. */
static bool is_left(struct pairfuse_checker *q, unsigned int map)
{
	const struct pairfuse_table *t = &q->worlds[ORIG]->tables[map];
	__u32 size = q->c->in->maps[map].value_size, i;
	const struct pairfuse_elem *e;
	const unsigned char *value;
	unsigned int b;

	for (b = 0; t->buckets && b < PAIRFUSE_NR_BUCKETS; b++)
		for (e = t->buckets[b]; e; e = e->next) {
			value = pairfuse_region(q->worlds[ORIG], e->value, size, false);
			for (i = 0; value && i < size; i++)
				if (value[i])
					return true;
		}
	return false;
}

/* Nothing of it is seen when the map is not there. */
static void look_at_carriers(struct pairfuse_checker *q)
{
	const struct pairfuse_pair *pair;
	unsigned int i;

	for (i = 0; i < PAIRFUSE_CHECK_THREADS; i++)
		if (q->threads[i].depth)
			return;
	for (i = 0; i < q->nr_pairs && !q->verdict; i++) {
		pair = &q->c->res->pairs[q->pairs[i]];
		if (pairfuse_checker_leaves(q, pair->carrier) ||
		    pair->storage == PAIRFUSE_STORAGE_MAP ||
		    pairfuse_map_kind(&q->out, pair->carrier) != PAIRFUSE_MAP_HASH)
			continue;
		if (is_left(q, pair->carrier))
			pairfuse_checker_fail(q, PAIRFUSE_CHECK_DIFFERS,
					      "calls that are over leave something in '%s'",
					      q->c->in->maps[pair->carrier].name);
	}
}

/* Not when a filter of the exit has left something: such an exit shows it, fused it does not. */
static bool may_pass(struct pairfuse_checker *q, const struct pairfuse_thread *t, int pair)
{
	const struct pairfuse_prog *progs = q->c->in->progs;
	const struct pairfuse_pair *p = &q->c->res->pairs[pair];

	return !t->depth && pairfuse_hook_is_syscall(progs[p->exit].at) &&
	       !pairfuse_checker_rnd(q, 8) && p->carrier >= 0 && !is_left(q, p->carrier);
}

/* One end of two pairs on a function: originally in either order, and as stubs nest. */
static void run_pair(struct pairfuse_checker *q, struct pairfuse_thread *t, bool is_exit)
{
	unsigned int order = pairfuse_checker_rnd(q, 2), i;
	const struct pairfuse_prog *prog[2];
	struct pairfuse_call *c;
	bool fused;

	for (i = 0; i < 4 && !q->verdict; i++) {
		fused = i >= 2;
		t->depth = 1 + ((i & 1) ^ (fused ? is_exit : order));
		c = &t->calls[t->depth - 1];
		prog[i & 1] = &q->c->in->progs[is_exit ? pairfuse_checker_pair(q, c)->exit
						       : pairfuse_checker_pair(q, c)->entry];
		pairfuse_checker_set(q, t, c, prog[i & 1], is_exit);
		q->out.step = 0;
		if (fused)
			pairfuse_checker_fused(q, t, c, is_exit, c->in.ret);
		else
			pairfuse_checker_originals(q, t, c, prog[i & 1], c->in.ret);
	}
	t->depth = 2;
	/* in which order two programs say something is not what they say */
	for (i = 0; i < NR_WORLDS; i++)
		if (q->worlds[i])
			q->worlds[i]->log_len = 0;
	if (!q->verdict)
		pairfuse_checker_compare(q, prog[0]);
	pairfuse_checker_settle(q);
}

/*
 * A function's call with two pairs on it, of two groups: if they have something in common
 * that they write, which of them is first can be seen (order.c).
 */
static void call_both(struct pairfuse_checker *q, struct pairfuse_thread *t, int first)
{
	const struct pairfuse_pair *pairs = q->c->res->pairs;
	struct pairfuse_drawn in;
	unsigned int i, n = pairfuse_checker_rnd(q, q->nr_pairs);
	int second = q->pairs[n];

	if (pairs[first].carrier == pairs[second].carrier)
		return;
	draw_entry(q, t, first, &in);
	draw_exit(q, &pairs[first], &in);
	for (i = 0; i < 2; i++) {
		in.pair = i ? second : first;
		enter(q, t, &in);
	}
	run_pair(q, t, false);
	q->out.now += random_time(q);
	if (!q->verdict)
		run_pair(q, t, true);
	t->depth = 0;
}

static void call(struct pairfuse_checker *q, struct pairfuse_thread *t, bool for_goal)
{
	struct pairfuse_drawn in;
	int pair;

	if (q->calls == q->until)
		return;
	if (for_goal) {
		pairfuse_steer_take(q, &in);
		pairfuse_checker_settle(q);
		begin(q, t, &in, true);
		return;
	}
	pair = q->pairs[pairfuse_checker_rnd(q, q->nr_pairs)];
	if (q->c->function && !t->depth && pairfuse_checker_rnd(q, 2)) {
		call_both(q, t, pair);
		return;
	}
	if (may_pass(q, t, pair)) {
		pass(q, t, pair);
		return;
	}
	draw_entry(q, t, pair, &in);
	begin(q, t, &in, false);
}

/* One event: a call begins or ends. */
static void event(struct pairfuse_checker *q)
{
	struct pairfuse_thread *t = &q->threads[pairfuse_checker_rnd(q, PAIRFUSE_CHECK_THREADS)],
			       *goal = NULL;
	int steered = q->origins ? pairfuse_steer_thread(q) : -1;
	unsigned int i;

	q->events++;
	q->out.now += random_time(q);
	if (steered >= 0 && pairfuse_checker_rnd(q, 8))
		t = goal = &q->threads[steered];
	for (i = 0; !q->overlap && i < PAIRFUSE_CHECK_THREADS; i++)
		if (q->threads[i].depth && (!q->by_process || same_process(t, &q->threads[i])))
			t = &q->threads[i];
	if (t->depth &&
	    (!q->nest || t->depth == PAIRFUSE_CHECK_DEPTH || goal || pairfuse_checker_rnd(q, 2)))
		end(q, t);
	else
		call(q, t, t == goal);
	if (!q->verdict)
		look_at_carriers(q);
}

/* --- rounds --- */

static bool is_taken(const struct pairfuse_checker *q, __u32 id, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (id == (__u32)q->threads[i].pid_tgid)
			return true;
	return false;
}

/* Numbers that no other thread has; now and then one that a program looks for. */
static __u32 thread_number(struct pairfuse_checker *q, unsigned int n)
{
	const struct pairfuse_pair *pair =
		&q->c->res->pairs[q->pairs[pairfuse_checker_rnd(q, q->nr_pairs)]];
	__u32 id = 0;

	if (pair->filter && pair->filter != PAIRFUSE_FILTER_COMM && pairfuse_checker_rnd(q, 2))
		id = pair->filter_value;
	else if (q->out.nr_consts && !pairfuse_checker_rnd(q, 3))
		id = q->consts[pairfuse_checker_rnd(q, q->out.nr_consts)];
	if (!id || id >= MAX_ID)
		id = 1000;
	while (is_taken(q, id, n))
		id++;
	return id;
}

static void make_threads(struct pairfuse_checker *q)
{
	struct pairfuse_world *w = q->worlds[FUSED];
	unsigned int i, d;

	for (i = 0; i < PAIRFUSE_CHECK_THREADS; i++) {
		struct pairfuse_thread *t = &q->threads[i];
		__u32 tid = thread_number(q, i);
		/* the first two in one process, the others alone */
		__u64 tgid = i == 1 ? q->threads[0].pid_tgid >> 32 : tid;

		t->pid_tgid = tgid << 32 | tid;
		t->task = PAIRFUSE_VA_KERNEL + 4096 * (i + 1) + 64 * pairfuse_checker_rnd(q, 32);
		t->depth = 0;
		random_comm(q, t);
		memset(t->begun, 0, q->c->res->nr_pairs * sizeof(*t->begun));
		for (d = 0; d < PAIRFUSE_CHECK_DEPTH; d++)
			t->slots[d] = pairfuse_region_new(w, PAIRFUSE_SLOT_SIZE, true, NULL);
	}
}

static bool make_worlds(struct pairfuse_checker *q)
{
	__u64 seed = pairfuse_mix(q->rnd, 3), orig = pairfuse_mix(seed, q->salt);
	int i;

	q->out.seed = pairfuse_mix(q->rnd, 4);
	for (i = 0; i < NR_WORLDS; i++) {
		if (i == AGAIN && q->c->strict)
			continue;
		q->worlds[i] = pairfuse_world_new(&q->out, i == FUSED ? seed : orig, i == AGAIN,
						  i == FUSED ? -1 : q->pattern);
		if (!q->worlds[i])
			return false;
		q->ctx[i] = pairfuse_region_new(q->worlds[i], PAIRFUSE_MAX_CTX, false, NULL);
	}
	make_threads(q);
	for (i = 0; i < NR_WORLDS; i++)
		if (q->worlds[i] && q->worlds[i]->fault)
			return false;
	return true;
}

bool pairfuse_checker_spent(const struct pairfuse_checker *q)
{
	return (q->c->budget && q->insns >= q->c->budget) || (q->most && q->events >= q->most);
}

void pairfuse_checker_round(struct pairfuse_checker *q, unsigned int calls)
{
	unsigned int i;

	q->out.now = 1000000;
	for (i = 0; i < PAIRFUSE_CHECK_WORDS; i++)
		q->favourites[i] = new_word(q);
	if (!make_worlds(q))
		pairfuse_checker_fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
	q->until = q->calls + calls;
	q->out.nr_consts = q->nr_consts;
	q->nr_goals = 0;
	q->patches.nr = 0;
	memset(q->patches.words, 0, sizeof(q->patches.words));
	for (i = 0; i < 2 * calls && !q->verdict && !pairfuse_checker_spent(q); i++)
		event(q);
	for (i = 0; i < NR_WORLDS; i++) {
		pairfuse_world_free(q->worlds[i]);
		q->worlds[i] = NULL;
	}
}
