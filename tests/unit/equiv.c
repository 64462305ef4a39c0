// SPDX-License-Identifier: GPL-2.0
/*
 * Original against rewritten pairs: two worlds see the same threads, times,
 * arguments and return values. In one the original programs run, in the other
 * the rewritten ones, with a slot and the stub's rules. After every program
 * everything but the carrier maps has to be equal.
 *
 * Calls of different threads overlap. Those of one thread are nested where the
 * pairs promise to be exact then, else they follow one another. Where the key
 * does not tell threads apart, all calls do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pairfuse.h>

#include "context.h"
#include "equiv.h"
#include "frames.h"
#include "hook.h"
#include "interp.h"

#define NR_THREADS 4

#define MAX_DEPTH 3

struct call {
	int pair;
	__u64 args[PAIRFUSE_MAX_REGS];
	struct test_regs regs;	/* of the task in user space: args[0] of system calls */
	__u64 armed;
	__u64 at;		/* time of the entry */
	unsigned long begun;	/* calls of the group by the thread so far, with this one */
	unsigned char slot[PAIRFUSE_SLOT_SIZE];
};

struct thread {
	__u64 pid_tgid;
	__u64 task;
	__u32 cpu;
	unsigned int depth;	/* calls that it is in */
	struct call calls[MAX_DEPTH];
	unsigned long *begun;	/* by carrier */
};

struct equiv {
	const struct test_object *obj;
	const struct pairfuse_result *res;
	struct world *orig, *fused;
	struct thread threads[NR_THREADS];
	bool *ignore;
	bool overlap;
	bool nest;
	bool by_process;	/* threads of one process have one key */
	bool percpu;		/* a carrier has a value for each CPU */
	bool self;		/* the originals in both worlds */
	bool strict;
	FILE *trace;
	unsigned int seed;
	__u64 now;
	char *buf;
	size_t len;
	long saved;
};

static unsigned int rnd(struct equiv *q, unsigned int n)
{
	q->seed = q->seed * 1103515245 + 12345;
	return (q->seed >> 8) % n;
}

static const struct pairfuse_prog *prog_of(const struct equiv *q, int p)
{
	return &q->obj->progs[p];
}

static void set_world(struct equiv *q, struct world *w, const struct thread *t,
		      const struct pairfuse_prog *prog, __u32 random)
{
	w->now = q->now;
	w->pid_tgid = t->pid_tgid;
	w->uid_gid = random % 3;
	w->task = t->task;
	w->cpu = t->cpu;
	w->random = random;
	w->cookie = prog->cookie;
	w->is_exit = pairfuse_hook_is_exit(prog->at);
	w->frames = 0;
}

static unsigned int nr_regs(const struct pairfuse_prog *prog)
{
	return prog->proto ? prog->proto->nr_regs : 3;
}

/* PAIRFUSE_FILTER_... */
static bool passes_by(const struct pairfuse_pair *pair, const struct thread *t)
{
	switch (pair->filter) {
	case PAIRFUSE_FILTER_TGID:
		return pair->filter_value != t->pid_tgid >> 32;
	case PAIRFUSE_FILTER_TID:
		return pair->filter_value != (__u32)t->pid_tgid;
	}
	return false;
}

static void trace(const struct equiv *q, const struct thread *t, const struct pairfuse_prog *prog,
		  const struct call *c, __u64 ret)
{
	if (!q->trace)
		return;
	fprintf(q->trace,
		"%12llu cpu %u thread %u/%u depth %u %s(%llx, %llx, %llx) = %llx, armed %llu\n",
		q->now, t->cpu, (__u32)(t->pid_tgid >> 32), (__u32)t->pid_tgid, t->depth,
		prog->name, c->args[0], c->args[1], c->args[2], ret, c->armed);
}

static void trace_difference(const struct equiv *q, const char *where)
{
	if (!q->trace)
		return;
	fprintf(q->trace, "  %s, original:\n", where);
	world_show(q->trace, q->orig, where);
	fprintf(q->trace, "  %s, fused:\n", where);
	world_show(q->trace, q->fused, where);
}

/* Both sides of one program; fills q->buf when they differ. */
static bool run_both(struct equiv *q, struct thread *t, bool is_exit, __u64 ret)
{
	struct call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = &q->res->pairs[c->pair];
	const struct pairfuse_prog *prog = prog_of(q, is_exit ? pair->exit : pair->entry);
	const struct pairfuse_code *code = is_exit ? &pair->exit_code : &pair->entry_code;
	__u64 stub[PAIRFUSE_CTX_WORDS];
	union test_context ctx;
	const char *err = NULL, *where;
	unsigned int i, regs = nr_regs(prog);
	__u32 random = rnd(q, 1000);
	unsigned long before;
	__u64 r0;

	trace(q, t, prog, c, ret);
	memset(stub, 0xa5, sizeof(stub));
	stub[PAIRFUSE_CTX_SLOT] = (unsigned long)c->slot;
	for (i = 0; i < regs; i++)
		stub[PAIRFUSE_CTX_ARG0 + i] = c->args[i];
	if (is_exit) {
		stub[PAIRFUSE_CTX_RET] = ret;
		stub[PAIRFUSE_CTX_ARMED] = c->armed;
		if (pair->clock)
			stub[PAIRFUSE_CTX_ELAPSED] = q->now - c->at;
	}
	test_context(prog, regs, c->args, ret, &ctx);
	set_world(q, q->orig, t, prog, random);
	set_world(q, q->fused, t, prog, random);
	q->fused->storage_size = pair->storage_size;
	q->fused->storage_map = pair->carrier;
	q->orig->nr_regs = regs;
	before = q->orig->calls - q->fused->calls;
	interp(q->orig, prog->insns, prog->nr_insns, &ctx, &err);
	q->fused->frames = q->self ? 0 : PAIRFUSE_OWN_FRAMES;
	if (q->self) {
		q->fused->nr_regs = regs;
		if (!err)
			interp(q->fused, prog->insns, prog->nr_insns, &ctx, &err);
	} else if (!err && !passes_by(pair, t) && (!is_exit || c->armed || pair->exit_always)) {
		r0 = interp(q->fused, code->insns, code->nr_insns, stub, &err);
		if (!is_exit)
			c->armed = r0;
	}
	q->saved += q->orig->calls - q->fused->calls - before;
	if (err) {
		snprintf(q->buf, q->len, "'%s': %s", prog->name, err);
		return false;
	}
	where = world_differ(q->orig, q->fused, q->ignore);
	if (where) {
		snprintf(q->buf, q->len, "'%s' differs in %s", prog->name, where);
		trace_difference(q, where);
	}
	world_forget(q->orig);
	world_forget(q->fused);
	return !where;
}

static __u64 random_word(struct equiv *q)
{
	switch (rnd(q, 4)) {
	case 0:
		return rnd(q, 4);
	case 1:
		return -(__u64)rnd(q, 100);
	case 2:
		return rnd(q, 100000);
	}
	return (__u64)rnd(q, 1 << 20) << 30 | rnd(q, 1 << 20);
}

static bool begin(struct equiv *q, struct thread *t, int pair)
{
	const struct pairfuse_prog *prog = prog_of(q, q->res->pairs[pair].entry);
	struct call *c = &t->calls[t->depth++];
	unsigned int i;

	c->pair = pair;
	c->at = q->now;
	c->armed = 0;
	c->begun = ++t->begun[q->res->pairs[pair].carrier];
	if (t->depth == 1)
		t->cpu = rnd(q, 2);
	for (i = 0; i < PAIRFUSE_MAX_REGS; i++) {
		c->args[i] = random_word(q);
		if (prog->proto && prog->proto->arg_btf_id[i])
			c->args[i] = fake_object(rnd(q, 64));
	}
	if (pairfuse_hook_is_syscall(prog->at)) {
		for (i = 0; i < sizeof(c->regs) / 8; i++)
			((__u64 *)&c->regs)[i] = random_word(q);
		c->args[0] = (unsigned long)&c->regs;
	}
	/* the slot is whatever was on the stack before */
	for (i = 0; i < sizeof(c->slot); i++)
		c->slot[i] = rnd(q, 256);
	return run_both(q, t, false, 0);
}

static bool end(struct equiv *q, struct thread *t)
{
	struct call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = &q->res->pairs[c->pair];
	bool ok;

	/* PAIRFUSE_ATTACH_EXACT */
	if (pair->exact && pair->storage == PAIRFUSE_STORAGE_SLOT &&
	    c->begun != t->begun[pair->carrier])
		c->armed = 0;
	if (!q->percpu && t->depth == 1 && !rnd(q, 3))
		t->cpu = rnd(q, 2);
	/* execve() and others change the registers */
	c->regs.di = c->regs.si = random_word(q);
	ok = run_both(q, t, true, random_word(q));
	t->depth--;
	return ok;
}

static bool same_process(const struct thread *a, const struct thread *b)
{
	return a->pid_tgid >> 32 == b->pid_tgid >> 32;
}

/* One event: a call begins or ends. */
static bool event(struct equiv *q, const int *pairs, unsigned int nr_pairs)
{
	struct thread *t = &q->threads[rnd(q, NR_THREADS)];
	unsigned int i;

	q->now += rnd(q, 3) ? rnd(q, 5000) : rnd(q, 50000000);
	for (i = 0; !q->overlap && i < NR_THREADS; i++)
		if (q->threads[i].depth && (!q->by_process || same_process(t, &q->threads[i])))
			t = &q->threads[i];
	if (t->depth && (!q->nest || t->depth == MAX_DEPTH || rnd(q, 2)))
		return end(q, t);
	return begin(q, t, pairs[rnd(q, nr_pairs)]);
}

static void make_threads(struct equiv *q)
{
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++) {
		/* 1000 and 1001 in one process, 1002 and 1003 alone */
		__u64 tgid = i == 1 ? 1000 : 1000 + i;

		q->threads[i].begun = calloc(q->obj->in.nr_maps + 1,
					     sizeof(*q->threads[i].begun));
		q->threads[i].pid_tgid = tgid << 32 | (1000 + i);
		q->threads[i].task = fake_object(100 + i);
	}
}

/* Do threads have different keys? */
static bool key_is_private(const struct pairfuse_pair *pair)
{
	return pair->key == PAIRFUSE_KEY_TID || pair->key == PAIRFUSE_KEY_PID_TGID ||
	       pair->key == PAIRFUSE_KEY_TASK;
}

static bool is_percpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* What calls may do at the same time is up to the least able of the pairs. */
static void limit(struct equiv *q, const struct pairfuse_pair *pair)
{
	q->ignore[pair->carrier] = true;
	q->overlap &= key_is_private(pair);
	q->by_process &= key_is_private(pair) || pair->key == PAIRFUSE_KEY_TGID;
	q->nest &= pair->exact;
	q->percpu |= is_percpu(q->obj->maps[pair->carrier].type);
}

static bool run(struct equiv *q, unsigned int invocations)
{
	const struct test_object *obj = q->obj;
	const struct pairfuse_result *res = q->res;
	int *pairs = calloc(res->nr_pairs + 1, sizeof(*pairs));
	unsigned int nr = 0, i;
	bool ok = true;

	q->ignore = calloc(obj->in.nr_maps + 1, sizeof(*q->ignore));
	q->overlap = q->by_process = q->nest = true;
	for (i = 0; i < res->nr_pairs; i++) {
		if (res->pairs[i].reason != PAIRFUSE_REASON_NONE)
			continue;
		pairs[nr++] = i;
		limit(q, &res->pairs[i]);
	}
	q->orig = world_new(obj);
	q->fused = world_new(obj);
	q->fused->poison = q->self || q->strict ? 0x5a : 0;
	make_threads(q);
	for (i = 0; nr && ok && i < 2 * invocations; i++)
		ok = event(q, pairs, nr);
	for (i = 0; i < NR_THREADS; i++)
		free(q->threads[i].begun);
	world_free(q->orig);
	world_free(q->fused);
	free(q->ignore);
	free(pairs);
	return ok;
}

const char *equiv_check(const struct test_object *obj, const struct pairfuse_result *res,
			const struct equiv_opts *opts, char *buf, size_t len, long *saved)
{
	struct equiv q = { .obj = obj, .res = res, .seed = opts->seed, .now = 1000000,
			   .strict = opts->strict, .trace = opts->trace, .buf = buf, .len = len };
	bool ok = run(&q, opts->invocations);

	if (saved)
		*saved = q.saved;
	return ok ? NULL : buf;
}

const char *equiv_run(const struct test_object *obj, const struct pairfuse_result *res,
		      unsigned int seed, unsigned int invocations, char *buf, size_t len,
		      long *saved)
{
	struct equiv_opts opts = { .seed = seed, .invocations = invocations };

	return equiv_check(obj, res, &opts, buf, len, saved);
}

const char *equiv_self(const struct test_object *obj, const struct pairfuse_result *res,
		       unsigned int seed, unsigned int invocations, char *buf, size_t len)
{
	struct equiv q = { .obj = obj, .res = res, .seed = seed, .now = 1000000, .self = true,
			   .buf = buf, .len = len };

	return run(&q, invocations) ? NULL : buf;
}
