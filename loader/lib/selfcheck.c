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
 * when ORIG and AGAIN have other junk, or every byte of it is one and the same
 * number, and all else is the same.
 *
 * Where no key is the number of a thread, threads call execve() now and then, which
 * gives them another one during a call (with such a key, the map loses the state).
 *
 * Calls of different threads overlap. Those of one thread are nested where the
 * pairs promise to be exact then, else they follow one another. Where the key
 * does not tell threads apart, all calls do.
 *
 * The exit of a system call comes without an entry now and then (sysexit.c). Time goes
 * on in an exit that reads the clock twice.
 *
 * Calls are drawn at random, or made for the sake of a branch that has not been taken yet
 * (selfcheck_steer.c). Worlds live for a round of calls; then everything is drawn anew.
 */
#include <stdlib.h>
#include <string.h>

#include "checker.h"
#include "hook.h"
#include "insn.h"

#define ROUND		100 /* calls */
#define IDLE_ROUNDS	4 /* without anything new: the end of a brief check */
#define MAX_RETRY_INSNS 20000000
#define RETRIES		10
#define MIN_RETRIES	3		/* whatever they cost */

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
		if (pairfuse_insn_is_jump(insn) &&
		    (insn->off < 0 || insn->code == (BPF_JMP32 | BPF_JA)))
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

static bool is_wanted(const struct pairfuse_check *c, const struct pairfuse_pair *pair)
{
	const char *function;

	if (pair->reason != PAIRFUSE_REASON_NONE || !pair->entry_code.nr_insns ||
	    (c->carrier >= 0 && c->carrier != pair->carrier))
		return false;
	function = c->in->progs[pair->entry].target;
	return !c->function || (function && !strcmp(c->function, function));
}

static void find_groups(struct pairfuse_checker *q)
{
	const struct pairfuse_result *res = q->c->res;
	size_t i, first;

	for (i = 0; i < res->nr_pairs; i++) {
		for (first = 0; first < i; first++)
			if (pairfuse_pair_same_group(&res->pairs[i], &res->pairs[first]))
				break;
		q->group[i] = first;
	}
	q->out.nr_storages = res->nr_pairs;
}

static bool prepare(struct pairfuse_checker *q)
{
	const struct pairfuse_result *res = q->c->res;
	size_t maps = q->c->in->nr_maps, i;
	bool ok = true;

	q->pairs = calloc(res->nr_pairs + 1, sizeof(*q->pairs));
	q->halves = calloc(2 * res->nr_pairs + 1, sizeof(*q->halves));
	q->carrier = calloc(maps + 1, sizeof(*q->carrier));
	q->group = calloc(res->nr_pairs + 1, sizeof(*q->group));
	for (i = 0; i < PAIRFUSE_CHECK_THREADS; i++) {
		q->threads[i].begun = calloc(res->nr_pairs + 1,
					     sizeof(*q->threads[i].begun));
		ok = ok && q->threads[i].begun;
	}
	if (!ok || !q->pairs || !q->halves || !q->carrier || !q->group)
		return false;
	find_groups(q);
	for (i = 0; ok && i < res->nr_pairs; i++) {
		const struct pairfuse_pair *pair = &res->pairs[i];

		if (pair->carrier >= 0)
			q->carrier[pair->carrier] = true;
		if (is_wanted(q->c, pair))
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
	free(q->group);
	free(q->origins);
}

static size_t nr_seen(const unsigned char *seen, size_t nr)
{
	size_t n = 0;

	while (seen && nr-- > 0)
		n += (seen[nr] & 1) + (seen[nr] >> 1 & 1) + (seen[nr] >> 2 & 1);
	return n;
}

/* Instructions, and directions of branches, of all programs. */
static size_t reached(const struct pairfuse_checker *q)
{
	const struct pairfuse_prog *progs = q->c->in->progs;
	const struct pairfuse_half *half;
	const struct pairfuse_pair *pair;
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < q->nr_pairs; i++) {
		pair = &q->c->res->pairs[q->pairs[i]];
		half = &q->halves[2 * q->pairs[i]];
		n += nr_seen(half[0].orig, progs[pair->entry].nr_insns) +
		     nr_seen(half[0].fused, pair->entry_code.nr_insns) +
		     nr_seen(half[1].orig, progs[pair->exit].nr_insns) +
		     nr_seen(half[1].fused, pair->exit_code.nr_insns);
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

	while (q->nr_pairs && !q->verdict &&
	       (c->budget ? idle < IDLE_ROUNDS : q->calls < c->calls)) {
		n = c->budget || c->calls - q->calls > ROUND ? ROUND : c->calls - q->calls;
		pairfuse_checker_round(q, n);
		now = reached(q);
		idle = now > last || q->calls < c->calls ? 0 : idle + 1;
		last = now;
		if (pairfuse_checker_spent(q))
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
	unsigned long most; /* events; 0: no limit */
	unsigned long events; /* answer: after how many it ended */
	__u64 insns; /* answer: that have run */
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
		.c = c,
		.overlap = true,
		.nest = true,
		.by_process = true,
		.exec = true,
		.salt = a->salt,
		.pattern = a->pattern,
		.most = a->most,
		.rnd = pairfuse_mix(c->seed, 1),
		.out = { .in = c->in, .contents = c->contents },
	};
	if (!setup(q))
		pairfuse_checker_fail(q, PAIRFUSE_CHECK_CANNOT, "no memory");
	q->out.carrier = q->carrier;
	play(q);
	for (i = 0; q->halves && i < c->res->nr_pairs; i++)
		count_pair(q, i);
	c->made = q->calls;
	c->spent += q->insns;
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
		if (n >= MIN_RETRIES && insns > MAX_RETRY_INSNS)
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
	snprintf(
		c->text, sizeof(c->text),
		"the original programs compute with memory that they have not written, or with addresses");
	return PAIRFUSE_CHECK_CANNOT;
}
