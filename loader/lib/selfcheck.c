// SPDX-License-Identifier: GPL-2.0
/*
 * Original against rewritten pairs. Up to three worlds see the same threads,
 * times, arguments and return values:
 *
 *	ORIG	the original programs
 *	AGAIN	the same, with opposite junk where nothing was written, and other
 *		addresses: bytes in which it differs from ORIG are no output
 *	FUSED	the rewritten programs, with a slot and the stub's rules
 *
 * Copies of junk differ between ORIG and AGAIN in every bit. What is computed from
 * it may be equal by chance: a program that differs in anything else from itself
 * cannot be checked. And a difference has to be there again, at the same place,
 * when ORIG and AGAIN have other junk and all else is the same.
 *
 * Where no key is the number of a thread, threads call execve() now and then, which
 * gives them another one during a call (with such a key, the map loses the state).
 *
 * Calls of different threads overlap. Those of one thread are nested where the
 * pairs promise to be exact then, else they follow one another. Where the key
 * does not tell threads apart, all calls do.
 *
 * Worlds live for a round of calls; then everything is drawn anew.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pairfuse.h>

#include "checker.h"
#include "frames.h"
#include "hook.h"
#include "insn.h"

#define ROUND		100		/* calls */
#define IDLE_ROUNDS	4		/* without anything new: the end of a brief check */
#define MAX_STEP	(1U << 28)	/* nanoseconds from one reading of the clock to the next */
#define MAX_ARRAY	4096		/* bytes of a carrier that are looked at */
#define MAX_RETRY_INSNS	20000000
#define MAX_ID		4194304U	/* of threads */
#define RETRIES		10

static unsigned int rnd(struct pairfuse_checker *q, unsigned int n)
{
	q->rnd = q->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (q->rnd >> 33) % n;
}

static void fail(struct pairfuse_checker *q, enum pairfuse_check_verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void fail(struct pairfuse_checker *q, enum pairfuse_check_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	if (q->verdict)
		return;
	q->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(q->c->text, sizeof(q->c->text), fmt, ap);
	va_end(ap);
}

static const struct pairfuse_pair *pair_of(const struct pairfuse_checker *q, const struct pairfuse_call *c)
{
	return &q->c->res->pairs[c->pair];
}

/* --- comparing --- */

static void trace_bytes(FILE *f, const char *what, const unsigned char *data, size_t len)
{
	size_t i;

	fprintf(f, "    %s", what);
	for (i = 0; i < len; i++)
		fprintf(f, "%s%02x", i % 8 ? "" : " ", data[i]);
	fprintf(f, "\n");
}

/* How one thing looks in the worlds. */
struct views {
	const unsigned char *data[NR_WORLDS];
	size_t len[NR_WORLDS];
};

static void view_log(const struct pairfuse_checker *q, struct views *v)
{
	int i;

	*v = (struct views){ 0 };
	for (i = 0; i < NR_WORLDS; i++) {
		if (!q->worlds[i])
			continue;
		v->data[i] = q->worlds[i]->log;
		v->len[i] = q->worlds[i]->log_len;
	}
}

static void view_elem(struct pairfuse_checker *q, const struct pairfuse_elem *touched, struct views *v)
{
	__u32 size = q->c->in->maps[touched->map].value_size;
	struct pairfuse_elem *e;
	int i;

	*v = (struct views){ 0 };
	for (i = 0; i < NR_WORLDS; i++) {
		if (!q->worlds[i])
			continue;
		e = pairfuse_map_get(q->worlds[i], touched->map, touched->key, touched->cpu);
		if (!e)
			continue;
		v->data[i] = pairfuse_region(q->worlds[i], e->value, size, false);
		v->len[i] = v->data[i] ? size : 0;
	}
}

static bool same(const struct views *v)
{
	const unsigned char *orig = v->data[ORIG], *fused = v->data[FUSED];
	const unsigned char *again = v->data[AGAIN];
	size_t i;

	if (v->len[ORIG] != v->len[FUSED])
		return false;
	for (i = 0; i < v->len[ORIG]; i++)
		if (orig[i] != fused[i] && (!again || orig[i] == again[i]))
			return false;
	return true;
}

/* Does it differ between ORIG and AGAIN in more than copies of junk? */
static bool is_computed(const struct pairfuse_checker *q, const struct views *v)
{
	const unsigned char *orig = v->data[ORIG], *again = v->data[AGAIN];
	size_t i;

	if (!q->worlds[AGAIN])
		return false;
	if (v->len[ORIG] != v->len[AGAIN])
		return true;
	for (i = 0; i < v->len[ORIG]; i++)
		if (orig[i] != again[i] && (orig[i] ^ again[i]) != 0xff)
			return true;
	return false;
}

static void trace_views(const struct pairfuse_checker *q, const struct views *v)
{
	static const char *const names[] = { "original", "fused", "original again" };
	int i;

	for (i = 0; q->c->trace && i < NR_WORLDS; i++)
		if (v->data[i])
			trace_bytes(q->c->trace, names[i], v->data[i], v->len[i]);
}

/* An element that has to be compared. */
static struct pairfuse_elem *next_touched(const struct pairfuse_checker *q, int *world,
					  struct pairfuse_elem *e)
{
	for (;;) {
		if (e)
			e = e->next_touched;
		while (!e && ++*world < NR_WORLDS)
			e = q->worlds[*world] ? q->worlds[*world]->touched : NULL;
		if (!e || (e->map < q->c->in->nr_maps && !q->carrier[e->map]))
			return e;
	}
}

static void differs(struct pairfuse_checker *q, const struct pairfuse_prog *prog, const char *where)
{
	struct pairfuse_elem *e = NULL;
	bool computed;
	int world = -1;
	struct views v;

	view_log(q, &v);
	computed = is_computed(q, &v);
	while ((e = next_touched(q, &world, e))) {
		view_elem(q, e, &v);
		computed = computed || is_computed(q, &v);
	}
	if (computed)
		fail(q, PAIRFUSE_CHECK_CANNOT,
		     "'%s' computes with memory that it has not written, or with addresses",
		     prog->name);
	else
		fail(q, PAIRFUSE_CHECK_DIFFERS, "'%s' differs in %s", prog->name, where);
}

static void compare(struct pairfuse_checker *q, const struct pairfuse_prog *prog)
{
	struct pairfuse_elem *e = NULL;
	int world = -1;
	struct views v;

	while (!q->verdict && (e = next_touched(q, &world, e))) {
		view_elem(q, e, &v);
		if (same(&v))
			continue;
		differs(q, prog, q->c->in->maps[e->map].name);
		if (q->c->trace)
			trace_bytes(q->c->trace, "key", e->key,
				    pairfuse_map_key_size(&q->out, e->map));
		trace_views(q, &v);
	}
	view_log(q, &v);
	if (q->verdict || same(&v))
		return;
	differs(q, prog, "events");
	trace_views(q, &v);
}

/* --- one program --- */

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

static void trace(const struct pairfuse_checker *q, const struct pairfuse_thread *t, const struct pairfuse_prog *prog,
		  const struct pairfuse_call *c, __u64 ret)
{
	if (!q->c->trace)
		return;
	fprintf(q->c->trace,
		"%12llu cpu %u thread %u/%u depth %u %s(%llx, %llx, %llx) = %llx, armed %llu\n",
		q->out.now, t->cpu, (__u32)(t->pid_tgid >> 32), (__u32)t->pid_tgid, t->depth,
		prog->name, c->in.args[0], c->in.args[1], c->in.args[2], ret, c->armed);
}

/* What the stub gives; the rest is what was on the stack. */
static void stub_context(const struct pairfuse_checker *q, const struct pairfuse_thread *t, const struct pairfuse_call *c,
			 bool is_exit, __u64 ret, unsigned char *data)
{
	const struct pairfuse_pair *pair = pair_of(q, c);
	unsigned int i, regs = pairfuse_check_regs(&q->c->in->progs[pair->entry]);
	__u64 *ctx = (__u64 *)data;

	if (pair->no_entry) {	/* the stub keeps nothing else for these */
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
	unsigned char *data = pairfuse_region(q->worlds[world], q->ctx[world], PAIRFUSE_MAX_CTX,
					      false);

	pairfuse_junk(q->worlds[world], data, PAIRFUSE_MAX_CTX);
	return data;
}

static void run_original(struct pairfuse_checker *q, int world, const struct pairfuse_thread *t,
			 const struct pairfuse_call *c, const struct pairfuse_prog *prog,
			 __u64 ret)
{
	bool is_exit = pairfuse_hook_is_exit(prog->at);
	struct pairfuse_world *w = q->worlds[world];
	struct pairfuse_code_run run = { .insns = prog->insns, .nr = prog->nr_insns,
					 .ctx = q->ctx[world],
					 .seen = world == ORIG ? q->halves[2 * c->pair + is_exit].orig :
								 NULL };

	pairfuse_check_context(prog, pairfuse_check_regs(prog), c->in.args,
			       &q->user[t - q->threads][t->depth - 1].regs, ret,
			       new_context(q, world));
	w->nr_regs = pairfuse_check_regs(prog);
	w->is_exit = is_exit;
	w->frames = 0;
	pairfuse_interp(w, &run);
	q->insns += w->insns;
	if (w->fault)
		fail(q, PAIRFUSE_CHECK_CANNOT, "'%s': %s", prog->name, w->what);
}

static void run_fused(struct pairfuse_checker *q, const struct pairfuse_thread *t, struct pairfuse_call *c, bool is_exit,
		      __u64 ret)
{
	const struct pairfuse_pair *pair = pair_of(q, c);
	const struct pairfuse_code *code = is_exit ? &pair->exit_code : &pair->entry_code;
	struct pairfuse_world *w = q->worlds[FUSED];
	struct pairfuse_code_run run = { .insns = code->insns, .nr = code->nr_insns,
					 .ctx = q->ctx[FUSED],
					 .seen = q->halves[2 * c->pair + is_exit].fused };
	__u64 r0 = 1;

	w->storage_size = pair->storage_size;
	w->storage_map = pair->carrier;
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
		fail(q, w->fault == PAIRFUSE_FAULT_MODEL ? PAIRFUSE_CHECK_CANNOT :
							   PAIRFUSE_CHECK_DIFFERS,
		     "'%s', rewritten: %s", q->c->in->progs[is_exit ? pair->exit : pair->entry].name,
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

	if (w->missed_map < 0 || map >= q->c->in->nr_maps || q->carrier[map] || rnd(q, 4) ||
	    pairfuse_map_kind(&q->out, map) != PAIRFUSE_MAP_HASH)
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

/* No difference, quietly. */
static bool is_same(struct pairfuse_checker *q)
{
	struct pairfuse_elem *e = NULL;
	int world = -1;
	struct views v;

	while ((e = next_touched(q, &world, e))) {
		view_elem(q, e, &v);
		if (!same(&v))
			return false;
	}
	view_log(q, &v);
	return same(&v);
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
		if (q->out.step && i < 3 && !before)
			fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
		run_fused(q, t, c, is_exit, ret);
		if (!before || q->verdict || is_same(q))
			break;
		pairfuse_world_free(q->worlds[FUSED]);
		q->worlds[FUSED] = before;
	}
	if (i < 3)
		pairfuse_world_free(before);
}

static void settle(struct pairfuse_checker *q)
{
	int i;

	for (i = 0; i < NR_WORLDS; i++)
		if (q->worlds[i])
			pairfuse_world_settle(q->worlds[i]);
}

/* What helpers answer during this program. */
static void set_outside(struct pairfuse_checker *q, const struct pairfuse_thread *t,
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
	q->out.step = q->halves[2 * c->pair + is_exit].moves ?
			      1 + pairfuse_mix(q->out.run, 7) % MAX_STEP : 0;
	q->out.shift = q->late = 0;
	q->out.cookie = prog->cookie;
	q->out.addr = prog->addr;
	memcpy(q->out.comm, t->comm, sizeof(q->out.comm));
}

/* Times or addresses, by a pair of the group. */
static bool may_leave(const struct pairfuse_checker *q, int carrier)
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
	q->worlds[ORIG]->finds = finds;		/* it was not the program */
	return len;
}

static bool keeps_array(const struct pairfuse_checker *q, const struct pairfuse_pair *pair)
{
	return pairfuse_map_kind(&q->out, pair->carrier) == PAIRFUSE_MAP_ARRAY &&
	       pair->storage != PAIRFUSE_STORAGE_MAP && !may_leave(q, pair->carrier);
}

/* No exit makes elements: those that there are stay in their places. */
static void run_exit(struct pairfuse_checker *q, const struct pairfuse_thread *t,
		     const struct pairfuse_call *c, const struct pairfuse_prog *prog, __u64 ret)
{
	const struct pairfuse_pair *pair = pair_of(q, c);
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
			fail(q, PAIRFUSE_CHECK_DIFFERS, "'%s' leaves something in '%s'",
			     prog->name, q->c->in->maps[pair->carrier].name);
			return;
		}
}

static void run_originals(struct pairfuse_checker *q, const struct pairfuse_thread *t,
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

/* Both sides of one program. */
static void run_both(struct pairfuse_checker *q, struct pairfuse_thread *t, bool is_exit, __u64 ret)
{
	struct pairfuse_call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = pair_of(q, c);
	const struct pairfuse_prog *prog = &q->c->in->progs[is_exit ? pair->exit : pair->entry];
	unsigned long before;

	set_outside(q, t, c, prog, is_exit);
	before = q->worlds[ORIG]->calls - q->worlds[FUSED]->calls;
	run_originals(q, t, c, prog, ret);
	if (!is_exit)
		c->passes = passes_by(pair, t);
	if (!q->verdict && !c->passes &&
	    (!is_exit || c->armed || (pairfuse_pair_flags(pair) & PAIRFUSE_ATTACH_EXIT_ALWAYS)))
		run_fused_at(q, t, c, is_exit, ret);
	q->c->saved += q->worlds[ORIG]->calls - q->worlds[FUSED]->calls - before;
	if (!q->verdict)
		compare(q, prog);
	add_missed(q);
	settle(q);
}

/* --- calls --- */

static __u64 new_word(struct pairfuse_checker *q)
{
	switch (rnd(q, 5)) {
	case 0:
		return rnd(q, 4);
	case 1:
		return -(__u64)rnd(q, 100);
	case 2:
		return rnd(q, 100000);
	case 3:
		if (q->out.nr_consts)
			return (__s64)(__s32)q->consts[rnd(q, q->out.nr_consts)];
	}
	return (__u64)rnd(q, 1 << 20) << 30 | rnd(q, 1 << 20);
}

/* The same again is what finds elements of maps that are keyed by arguments. */
static __u64 random_word(struct pairfuse_checker *q)
{
	return rnd(q, 2) ? q->favourites[rnd(q, PAIRFUSE_CHECK_WORDS)] : new_word(q);
}

static __u64 random_pointer(struct pairfuse_checker *q)
{
	return PAIRFUSE_VA_KERNEL + 64 * (rnd(q, 2) ? rnd(q, 4) : rnd(q, 1024));
}

/* A name; now and then of words that programs compare it with. */
static void random_comm(struct pairfuse_checker *q, struct pairfuse_thread *t)
{
	const struct pairfuse_pair *pair = &q->c->res->pairs[q->pairs[rnd(q, q->nr_pairs)]];
	__u32 words[4] = { 0 };
	unsigned int i;

	snprintf(t->comm, sizeof(t->comm), "thread-%u", (__u32)t->pid_tgid % 10000);
	if (!q->out.nr_consts || rnd(q, 2))
		return;
	for (i = 0; i < 4 && (!i || rnd(q, 2)); i++)
		words[i] = q->consts[rnd(q, q->out.nr_consts)];
	if (pair->filter == PAIRFUSE_FILTER_COMM)
		words[0] = pair->filter_value;
	memcpy(t->comm, words, sizeof(t->comm));
	t->comm[sizeof(t->comm) - 1] = '\0';
}

static void draw_half(struct pairfuse_checker *q, struct pairfuse_drawn *in, bool is_exit)
{
	in->run[is_exit] = q->rnd;
	in->random[is_exit] = rnd(q, 1000);
	in->uid_gid[is_exit] = rnd(q, 4) ? in->random[is_exit] % 3 : q->consts[0];
}

/* What a call of the pair is given, at random. */
static void draw_entry(struct pairfuse_checker *q, const struct pairfuse_thread *t, int pair,
		       struct pairfuse_drawn *in)
{
	const struct pairfuse_prog *prog =
		&q->c->in->progs[q->c->res->pairs[pair].entry];
	__u64 *regs = (__u64 *)&in->regs;
	unsigned int i;

	*in = (struct pairfuse_drawn){ .pair = pair, .thread = t - q->threads };
	for (i = 0; i < PAIRFUSE_MAX_REGS; i++) {
		in->args[i] = random_word(q);
		/* kprobes know no types */
		if (prog->proto ? prog->proto->btf_id[i] != 0 : rnd(q, 2))
			in->args[i] = random_pointer(q);
	}
	if (pairfuse_hook_is_syscall(prog->at))
		for (i = 0; i < sizeof(in->regs) / 8; i++)
			regs[i] = rnd(q, 3) ? random_word(q) : random_pointer(q);
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
	*c = (struct pairfuse_call){ .pair = in->pair, .in = *in, .at = q->out.now,
				     .number = ++q->calls };
	if (t->depth == 1)
		t->cpu = rnd(q, PAIRFUSE_NR_CPUS);
	if (in->comm[0])
		memcpy(t->comm, in->comm, sizeof(t->comm));
	if (pairfuse_hook_is_syscall(q->c->in->progs[p->entry].at)) {
		user->regs = in->regs;
		c->in.args[0] = PAIRFUSE_VA_USER_REGS +
				((unsigned char *)user - (unsigned char *)q->user);
	}
	return c;
}

static void begin(struct pairfuse_checker *q, struct pairfuse_thread *t,
		  const struct pairfuse_drawn *in, bool again)
{
	struct pairfuse_call *c;
	unsigned char *slot;

	if (q->out.now < in->start)
		q->out.now = in->start;
	c = new_call(q, t, in);
	c->again = again;
	c->begun = ++t->begun[pair_of(q, c)->carrier];
	/* the slot is whatever was on the stack before */
	slot = pairfuse_region(q->worlds[FUSED], t->slots[t->depth - 1], PAIRFUSE_SLOT_SIZE, true);
	pairfuse_junk(q->worlds[FUSED], slot, PAIRFUSE_SLOT_SIZE);
	run_both(q, t, false, 0);
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
	set_outside(q, t, c, &q->c->in->progs[p->exit], true);
	run_originals(q, t, c, &q->c->in->progs[p->exit], in.ret);
	if (!q->verdict)
		compare(q, &q->c->in->progs[p->exit]);
	settle(q);
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
	if (!q->percpu && t->depth == 1 && !rnd(q, 3))
		t->cpu = rnd(q, PAIRFUSE_NR_CPUS);
	if (!rnd(q, 4))
		exec(q, t);
	/* execve() and others change the registers */
	regs->di = regs->si = random_word(q);
	if (!rnd(q, 16))
		random_comm(q, t);
}

static void end(struct pairfuse_checker *q, struct pairfuse_thread *t)
{
	struct pairfuse_call *c = &t->calls[t->depth - 1];
	const struct pairfuse_pair *pair = pair_of(q, c);

	if ((pairfuse_pair_flags(pair) & PAIRFUSE_ATTACH_EXACT) &&
	    c->begun != t->begun[pair->carrier])
		c->armed = 0;
	move_on(q, t, c);
	if (!c->again)
		draw_exit(q, pair, &c->in);
	run_both(q, t, true, c->in.ret);
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
	if (!rnd(q, 16) && q->out.now < 1ULL << 60)
		return (1ULL << rnd(q, 60)) + rnd(q, 1 << 20);
	return rnd(q, 4) ? rnd(q, 5000) : 1U << rnd(q, 27);
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
		if (may_leave(q, pair->carrier) || pair->storage == PAIRFUSE_STORAGE_MAP ||
		    pairfuse_map_kind(&q->out, pair->carrier) != PAIRFUSE_MAP_HASH)
			continue;
		if (is_left(q, pair->carrier))
			fail(q, PAIRFUSE_CHECK_DIFFERS, "calls that are over leave something in '%s'",
			     q->c->in->maps[pair->carrier].name);
	}
}

static bool may_pass(struct pairfuse_checker *q, const struct pairfuse_thread *t, int pair)
{
	const struct pairfuse_prog *progs = q->c->in->progs;

	return !t->depth && pairfuse_hook_is_syscall(progs[q->c->res->pairs[pair].exit].at) &&
	       !rnd(q, 8);
}

static void call(struct pairfuse_checker *q, struct pairfuse_thread *t, bool for_goal)
{
	struct pairfuse_drawn in;
	int pair;

	if (q->calls == q->until)
		return;
	if (for_goal) {
		pairfuse_steer_take(q, &in);
		settle(q);
		begin(q, t, &in, true);
		return;
	}
	pair = q->pairs[rnd(q, q->nr_pairs)];
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
	struct pairfuse_thread *t = &q->threads[rnd(q, PAIRFUSE_CHECK_THREADS)], *goal = NULL;
	int steered = q->origins ? pairfuse_steer_thread(q) : -1;
	unsigned int i;

	q->events++;
	q->out.now += random_time(q);
	if (steered >= 0 && rnd(q, 8))
		t = goal = &q->threads[steered];
	for (i = 0; !q->overlap && i < PAIRFUSE_CHECK_THREADS; i++)
		if (q->threads[i].depth && (!q->by_process || same_process(t, &q->threads[i])))
			t = &q->threads[i];
	if (t->depth && (!q->nest || t->depth == PAIRFUSE_CHECK_DEPTH || goal || rnd(q, 2)))
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
	const struct pairfuse_pair *pair = &q->c->res->pairs[q->pairs[rnd(q, q->nr_pairs)]];
	__u32 id = 0;

	if (pair->filter && pair->filter != PAIRFUSE_FILTER_COMM && rnd(q, 2))
		id = pair->filter_value;
	else if (q->out.nr_consts && !rnd(q, 3))
		id = q->consts[rnd(q, q->out.nr_consts)];
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
		t->task = PAIRFUSE_VA_KERNEL + 4096 * (i + 1) + 64 * rnd(q, 32);
		t->depth = 0;
		random_comm(q, t);
		memset(t->begun, 0, q->c->in->nr_maps * sizeof(*t->begun));
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
		q->worlds[i] = pairfuse_world_new(&q->out, i == FUSED ? seed : orig,
						  i == AGAIN, i == FUSED ? -1 : q->pattern);
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

static bool is_spent(const struct pairfuse_checker *q)
{
	return (q->c->budget && q->insns >= q->c->budget) || (q->most && q->events >= q->most);
}

static void play_round(struct pairfuse_checker *q, unsigned int calls)
{
	unsigned int i;

	q->out.now = 1000000;
	for (i = 0; i < PAIRFUSE_CHECK_WORDS; i++)
		q->favourites[i] = new_word(q);
	if (!make_worlds(q))
		fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
	q->until = q->calls + calls;
	q->out.nr_consts = q->nr_consts;
	q->nr_goals = 0;
	q->patches.nr = 0;
	memset(q->patches.words, 0, sizeof(q->patches.words));
	for (i = 0; i < 2 * calls && !q->verdict && !is_spent(q); i++)
		event(q);
	for (i = 0; i < NR_WORLDS; i++) {
		pairfuse_world_free(q->worlds[i]);
		q->worlds[i] = NULL;
	}
}

/* --- the pairs --- */

void pairfuse_checker_add_const(struct pairfuse_checker *q, __u32 v)
{
	size_t i;

	for (i = 0; i < q->nr_consts; i++)
		if (q->consts[i] == v)
			return;
	if (q->nr_consts < PAIRFUSE_CHECK_CONSTS)
		q->consts[q->nr_consts++] = v;
}

static void add_consts(struct pairfuse_checker *q, const struct bpf_insn *insns, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (pairfuse_insn_is_cond(&insns[i]) && BPF_SRC(insns[i].code) == BPF_K)
			pairfuse_checker_add_const(q, insns[i].imm);
		if (!pairfuse_insn_is_imm64(&insns[i]))
			continue;
		if (!insns[i].src_reg && i + 1 < nr) {
			pairfuse_checker_add_const(q, insns[i].imm);
			pairfuse_checker_add_const(q, insns[i + 1].imm);
		}
		i++;
	}
}

/* Do threads have different keys? */
static bool key_is_private(const struct pairfuse_pair *pair)
{
	return pair->key == PAIRFUSE_KEY_TID || pair->key == PAIRFUSE_KEY_PID_TGID ||
	       pair->key == PAIRFUSE_KEY_TASK;
}

/* What calls may do at the same time is up to the least able of the pairs. */
static void limit(struct pairfuse_checker *q, const struct pairfuse_pair *pair)
{
	q->overlap &= key_is_private(pair);
	q->by_process &= key_is_private(pair) || pair->key == PAIRFUSE_KEY_TGID;
	q->nest &= pair->exact;
	q->exec &= pair->key == PAIRFUSE_KEY_TGID || pair->key == PAIRFUSE_KEY_TASK ||
		   pair->key == PAIRFUSE_KEY_CONST;
	q->percpu |= pairfuse_map_is_percpu(&q->out, pair->carrier);
}

static bool is_clock(__s32 helper)
{
	return helper == BPF_FUNC_ktime_get_ns || helper == BPF_FUNC_ktime_get_boot_ns ||
	       helper == BPF_FUNC_ktime_get_coarse_ns || helper == BPF_FUNC_ktime_get_tai_ns;
}

/* Two readings of the clock, each made once: no loops, no functions. */
static bool reads_twice(const struct pairfuse_prog *prog)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < prog->nr_insns; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		n += pairfuse_insn_is_helper(insn) && is_clock(insn->imm);
		if (pairfuse_insn_is_call(insn) && insn->src_reg)
			return false;
		if (pairfuse_insn_is_jump(insn) && (insn->off < 0 || insn->code == (BPF_JMP32 | BPF_JA)))
			return false;
		i += pairfuse_insn_is_imm64(insn);
	}
	return n == 2;
}

static bool new_half(struct pairfuse_half *half, const struct pairfuse_prog *prog,
		     const struct pairfuse_code *code)
{
	half->moves = pairfuse_hook_is_exit(prog->at) && reads_twice(prog);
	half->orig = calloc(prog->nr_insns + 1, 1);
	half->tries = calloc(prog->nr_insns + 1, 1);
	half->fused = calloc(code->nr_insns + 1, 1);
	return half->orig && half->tries && half->fused;
}

static bool take_pair(struct pairfuse_checker *q, int n)
{
	const struct pairfuse_pair *pair = &q->c->res->pairs[n];
	const struct pairfuse_prog *progs = q->c->in->progs;

	q->pairs[q->nr_pairs++] = n;
	limit(q, pair);
	add_consts(q, pair->entry_code.insns, pair->entry_code.nr_insns);
	add_consts(q, pair->exit_code.insns, pair->exit_code.nr_insns);
	add_consts(q, progs[pair->entry].insns, progs[pair->entry].nr_insns);
	add_consts(q, progs[pair->exit].insns, progs[pair->exit].nr_insns);
	return new_half(&q->halves[2 * n], &progs[pair->entry], &pair->entry_code) &&
	       new_half(&q->halves[2 * n + 1], &progs[pair->exit], &pair->exit_code);
}

static bool prepare(struct pairfuse_checker *q)
{
	const struct pairfuse_result *res = q->c->res;
	size_t maps = q->c->in->nr_maps, i;
	bool ok = true;

	q->pairs = calloc(res->nr_pairs + 1, sizeof(*q->pairs));
	q->halves = calloc(2 * res->nr_pairs + 1, sizeof(*q->halves));
	q->carrier = calloc(maps + 1, sizeof(*q->carrier));
	for (i = 0; i < PAIRFUSE_CHECK_THREADS; i++) {
		q->threads[i].begun = calloc(maps + 1, sizeof(*q->threads[i].begun));
		ok = ok && q->threads[i].begun;
	}
	if (!ok || !q->pairs || !q->halves || !q->carrier)
		return false;
	for (i = 0; ok && i < res->nr_pairs; i++) {
		const struct pairfuse_pair *pair = &res->pairs[i];

		if (pair->carrier >= 0)
			q->carrier[pair->carrier] = true;
		if (pair->reason == PAIRFUSE_REASON_NONE && pair->entry_code.nr_insns &&
		    (q->c->carrier < 0 || q->c->carrier == pair->carrier))
			ok = take_pair(q, i);
	}
	return ok;
}

static void count_code(struct pairfuse_checker *q, const struct pairfuse_code *code,
		       const unsigned char *seen, struct pairfuse_covered *of)
{
	size_t i;

	for (i = 0; seen && i < code->nr_insns; i++) {
		of->insns++;
		of->run += seen[i] != 0;
		i += pairfuse_insn_is_imm64(&code->insns[i]);
	}
	q->c->insns += of->insns;
	q->c->insns_run += of->run;
}

static void count_pair(struct pairfuse_checker *q, size_t n)
{
	const struct pairfuse_pair *pair = &q->c->res->pairs[n];
	struct pairfuse_check_pair none, *stats = q->c->pairs ? &q->c->pairs[n] : &none;

	stats->entry = stats->exit = (struct pairfuse_covered){ 0 };
	if (!pair->no_entry)
		count_code(q, &pair->entry_code, q->halves[2 * n].fused, &stats->entry);
	count_code(q, &pair->exit_code, q->halves[2 * n + 1].fused, &stats->exit);
}

static void free_all(struct pairfuse_checker *q)
{
	size_t i;

	for (i = 0; q->halves && i < 2 * q->c->res->nr_pairs; i++) {
		free(q->halves[i].orig);
		free(q->halves[i].tries);
		free(q->halves[i].fused);
	}
	for (i = 0; i < PAIRFUSE_CHECK_THREADS; i++)
		free(q->threads[i].begun);
	free(q->halves);
	free(q->pairs);
	free(q->carrier);
	free(q->origins);
}

static size_t nr_seen(const unsigned char *seen, size_t nr)
{
	size_t n = 0;

	while (seen && nr-- > 0)
		n += (seen[nr] & 1) + (seen[nr] >> 1 & 1) + (seen[nr] >> 2 & 1);
	return n;
}

/* Instructions and directions of branches that have been taken, of the original programs. */
static size_t reached(const struct pairfuse_checker *q)
{
	const struct pairfuse_prog *progs = q->c->in->progs;
	const struct pairfuse_pair *pair;
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < q->nr_pairs; i++) {
		pair = &q->c->res->pairs[q->pairs[i]];
		n += nr_seen(q->halves[2 * q->pairs[i]].orig, progs[pair->entry].nr_insns) +
		     nr_seen(q->halves[2 * q->pairs[i] + 1].orig, progs[pair->exit].nr_insns);
	}
	return n;
}

/*
 * With a budget: until it is spent, or until, all calls made, the last rounds have
 * found nothing new.
 */
static void play(struct pairfuse_checker *q)
{
	struct pairfuse_check *c = q->c;
	size_t last = 0, now;
	unsigned int n, idle = 0;

	while (q->nr_pairs && !q->verdict && (c->budget ? idle < IDLE_ROUNDS : q->calls < c->calls)) {
		n = c->budget || c->calls - q->calls > ROUND ? ROUND : c->calls - q->calls;
		play_round(q, n);
		now = reached(q);
		idle = now > last || q->calls < c->calls ? 0 : idle + 1;
		last = now;
		if (is_spent(q))
			break;
	}
}

static bool setup(struct pairfuse_checker *q)
{
	q->out.consts = q->consts;
	q->out.user_regs = q->user[0][0].bytes;
	q->out.user_regs_size = sizeof(q->user);
	if (q->c->steer) {
		q->out.patches = &q->patches;
		q->origins = calloc(1, sizeof(*q->origins));
		if (!q->origins)
			return false;
	}
	return prepare(q);
}

/* How the worlds differ in what programs have not written; how far to go. */
struct attempt {
	unsigned int salt;
	int pattern;
	unsigned long most;	/* events; 0: no limit */
	unsigned long events;	/* answer: after how many it ended */
	__u64 insns;		/* answer: that have run */
};

static enum pairfuse_check_verdict attempt(struct pairfuse_check *c, struct attempt *a)
{
	struct pairfuse_checker *q = calloc(1, sizeof(*q));
	enum pairfuse_check_verdict verdict = PAIRFUSE_CHECK_CANNOT;
	size_t i;

	c->text[0] = '\0';
	c->saved = 0;
	c->insns = c->insns_run = 0;
	if (c->pairs)
		memset(c->pairs, 0, c->res->nr_pairs * sizeof(*c->pairs));
	if (!q) {
		snprintf(c->text, sizeof(c->text), "no memory");
		return verdict;
	}
	*q = (struct pairfuse_checker){
		.c = c, .overlap = true, .nest = true, .by_process = true, .exec = true,
		.salt = a->salt, .pattern = a->pattern, .most = a->most,
		.rnd = pairfuse_mix(c->seed, 1),
		.out = { .in = c->in, .contents = c->contents },
	};
	if (!setup(q))
		fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
	q->out.carrier = q->carrier;
	play(q);
	for (i = 0; q->halves && i < c->res->nr_pairs; i++)
		count_pair(q, i);
	c->made = q->calls;
	verdict = q->verdict;
	a->events = q->events;
	a->insns = q->insns;
	free_all(q);
	free(q);
	return verdict;
}

/*
 * Is a difference one of the rewritten programs? It has to be there again, at the same
 * place, when all that changes is the junk of the original ones: at random, and all of it
 * one byte, each that there is, so that a test of a byte for one value is no chance.
 */
static bool is_confirmed(struct pairfuse_check *c, const struct attempt *first)
{
	struct attempt a;
	unsigned int n, nr = RETRIES + 256;
	__u64 insns = 0;

	for (n = 1; n <= nr; n++) {
		a = (struct attempt){ .salt = n <= RETRIES ? n : 0,
				      .pattern = n <= RETRIES ? -1 : (int)(n - RETRIES - 1),
				      .most = first->events };
		if (attempt(c, &a) != PAIRFUSE_CHECK_DIFFERS || a.events != first->events)
			return false;
		insns += a.insns;
		if (n > RETRIES && insns > MAX_RETRY_INSNS)
			break;
	}
	return true;
}

enum pairfuse_check_verdict pairfuse_check(struct pairfuse_check *c)
{
	struct attempt first = { .pattern = -1 };
	enum pairfuse_check_verdict verdict = attempt(c, &first);

	if (verdict != PAIRFUSE_CHECK_DIFFERS || c->strict || is_confirmed(c, &first))
		return verdict;
	snprintf(c->text, sizeof(c->text),
		 "the original programs compute with memory that they have not written, or with addresses");
	return PAIRFUSE_CHECK_CANNOT;
}
