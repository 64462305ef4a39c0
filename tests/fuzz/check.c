// SPDX-License-Identifier: GPL-2.0
/*
 * One case: analysed, rewritten, run against the original; made small; shown.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LAST_CALLS	24	/* shown */

volatile __u64 fuzz_current;

static void count(struct fuzz_stats *s, const struct fuzz_case *c,
		  const struct pairfuse_result *res, unsigned int invocations)
{
	unsigned long fused = 0;
	unsigned int bit;
	size_t i;

	s->cases++;
	for (i = 0; i < c->obj.in.nr_progs; i++)
		s->insns += c->obj.progs[i].nr_insns;
	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *p = &res->pairs[i];

		s->pairs++;
		if (p->reason != PAIRFUSE_REASON_NONE) {
			s->refused[p->reason]++;
			continue;
		}
		fused++;
		s->task += p->storage == PAIRFUSE_STORAGE_TASK;
		s->slot += p->storage == PAIRFUSE_STORAGE_SLOT && !p->exact;
		s->exact += p->storage == PAIRFUSE_STORAGE_SLOT && p->exact;
		s->always += p->exit_always;
		for (bit = 0; bit < 32; bit++)
			s->opts[bit] += p->opts >> bit & 1;
	}
	s->fused += fused;
	if (fused)
		s->programs += 2 * invocations;
}

struct equiv_opts fuzz_options(__u64 seed, unsigned int invocations, FILE *trace)
{
	return (struct equiv_opts){
		.seed = seed * 2654435761u, .invocations = invocations, .strict = true,
		.trace = trace,
	};
}

/* An input that contradicts itself, or a verdict that does. */
static const char *check_result(int err, const struct fuzz_case *c,
				const struct pairfuse_result *res)
{
	size_t i;

	if (err)
		return "the analysis fails";
	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *p = &res->pairs[i];
		bool fused = p->reason == PAIRFUSE_REASON_NONE;

		if (fused != !!p->entry_code.nr_insns || fused != !!p->exit_code.nr_insns)
			return "code without a verdict, or a verdict without code";
		if (!fused && !p->reason_text[0])
			return "a refusal without text";
	}
	return fuzz_oracle(c, res);
}

const char *fuzz_check(__u64 seed, const bool *drop, unsigned int invocations, FILE *trace,
		       struct fuzz_stats *stats, char *buf, size_t len)
{
	struct equiv_opts opts = fuzz_options(seed, invocations, trace);
	struct pairfuse_result *res = NULL;
	struct fuzz_case *c;
	const char *what;
	int err;

	fuzz_current = seed;
	c = fuzz_case_new(seed, drop);
	err = pairfuse_analyze(&c->obj.in, &res);
	what = check_result(err, c, res);
	if (what)
		snprintf(buf, len, "%s", what);
	else
		what = equiv_check(&c->obj, res, &opts, buf, len, NULL);
	/* callbacks have no model */
	if (what && c->gen->calls_back && !strncmp(what, "cannot be checked", 17))
		what = NULL;
	if (stats && !err)
		count(stats, c, res, invocations);
	pairfuse_result_free(res);
	fuzz_case_free(c);
	return what ? buf : NULL;
}

/* --- making it small --- */

static bool differs(__u64 seed, const bool *drop, unsigned int invocations)
{
	char buf[256];

	return fuzz_check(seed, drop, invocations, NULL, NULL, buf, sizeof(buf)) != NULL;
}

static unsigned int drop_one_by_one(__u64 seed, bool *drop, unsigned int nr,
				    unsigned int invocations)
{
	unsigned int n, dropped = 0;

	for (n = nr; n-- > 0;) {
		if (drop[n])
			continue;
		drop[n] = true;
		if (differs(seed, drop, invocations))
			dropped++;
		else
			drop[n] = false;
	}
	return dropped;
}

unsigned int fuzz_minimise(__u64 seed, bool *drop, unsigned int *invocations)
{
	struct fuzz_case *c = fuzz_case_new(seed, NULL);
	unsigned int nr = c->nr_stmts < FUZZ_MAX_STMTS ? c->nr_stmts : FUZZ_MAX_STMTS, n, left = 0;

	fuzz_case_free(c);
	memset(drop, 0, FUZZ_MAX_STMTS * sizeof(*drop));
	while (drop_one_by_one(seed, drop, nr, *invocations))
		;
	for (n = 1; n < *invocations; n++) {
		if (!differs(seed, drop, n))
			continue;
		*invocations = n;
		break;
	}
	for (n = 0; n < nr; n++)
		left += !drop[n];
	return left;
}

/* --- showing it --- */

static void show_code(FILE *out, const char *title, const struct bpf_insn *insns, size_t nr)
{
	char text[128];
	size_t i;

	fprintf(out, "  %s, %zu instructions:\n", title, nr);
	for (i = 0; i < nr; i++) {
		fprintf(out, "    %4zu: %s\n", i, pairfuse_insn_text(&insns[i], nr - i,
								     text, sizeof(text)));
		i += pairfuse_insn_is_imm64(&insns[i]);
	}
}

static void show_pair(FILE *out, const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	const struct pairfuse_prog *progs = c->obj.progs;
	bool fused = p->reason == PAIRFUSE_REASON_NONE;

	fprintf(out, "%s %s on %s: %s%s%s\n", p->entry < 0 ? "-" : progs[p->entry].name,
		p->exit < 0 ? "-" : progs[p->exit].name,
		progs[p->entry < 0 ? p->exit : p->entry].target, pairfuse_reason_id(p->reason),
		fused ? "" : ": ", p->reason_text);
	if (fused)
		fprintf(out, "  carrier %s, key %s, %u bytes, %s, %s, exit %s%s%s%s\n",
			c->obj.maps[p->carrier].name, pairfuse_key_name(p->key), p->state_size,
			pairfuse_storage_name(p->storage), p->exact ? "exact" : "per call",
			p->exit_always ? "always runs" : "runs with state",
			p->clock ? ", time taken by the stub" : "",
			p->no_entry ? ", entry not run" : "",
			p->filter ? ", filter in the stub" : "");
	if (p->entry >= 0)
		show_code(out, "entry", progs[p->entry].insns, progs[p->entry].nr_insns);
	if (fused)
		show_code(out, "entry, fused", p->entry_code.insns, p->entry_code.nr_insns);
	if (p->exit >= 0)
		show_code(out, "exit", progs[p->exit].insns, progs[p->exit].nr_insns);
	if (fused)
		show_code(out, "exit, fused", p->exit_code.insns, p->exit_code.nr_insns);
}

static void show_maps(FILE *out, const struct fuzz_case *c)
{
	size_t m;

	for (m = 0; m < c->obj.in.nr_maps; m++) {
		const struct pairfuse_map *map = &c->obj.maps[m];

		fprintf(out, "map %zu '%s': type %u, key %u, value %u, entries %u%s\n", m,
			map->name, map->type, map->key_size, map->value_size, map->max_entries,
			map->frozen ? ", frozen" : "");
	}
}

static void show_last_calls(FILE *out, const struct fuzz_case *c,
			    const struct pairfuse_result *res, const struct equiv_opts *opts)
{
	struct equiv_opts traced = *opts;
	char *text = NULL, *line, buf[256];
	unsigned int lines = 0;
	size_t size = 0;
	const char *what;

	traced.trace = open_memstream(&text, &size);
	what = equiv_check(&c->obj, res, &traced, buf, sizeof(buf), NULL);
	fclose(traced.trace);
	for (line = text + size; line > text; line--)
		if (line[-1] == '\n' && ++lines > LAST_CALLS + 1)
			break;
	fprintf(out, "%s\n%s", what ? what : "no difference", what ? line : "");
	free(text);
}

void fuzz_report(__u64 seed, const bool *drop, unsigned int invocations, FILE *out)
{
	struct equiv_opts opts = fuzz_options(seed, invocations, NULL);
	struct fuzz_case *c = fuzz_case_new(seed, drop);
	struct pairfuse_result *res = NULL;
	size_t i;

	fprintf(out, "case %llu: %u groups, %zu programs\n", seed, c->nr_groups,
		c->obj.in.nr_progs);
	show_maps(out, c);
	if (!pairfuse_analyze(&c->obj.in, &res)) {
		for (i = 0; i < res->nr_pairs; i++)
			show_pair(out, c, &res->pairs[i]);
		show_last_calls(out, c, res, &opts);
	}
	pairfuse_result_free(res);
	fuzz_case_free(c);
}
