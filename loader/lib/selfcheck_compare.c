// SPDX-License-Identifier: GPL-2.0
/*
 * What the worlds of a self-check differ in, after a program.
 */
#include <stdarg.h>
#include <string.h>

#include "checker.h"

void pairfuse_checker_fail(struct pairfuse_checker *q, enum pairfuse_check_verdict verdict,
			   const char *fmt, ...)
{
	va_list ap;

	if (q->verdict)
		return;
	q->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(q->c->text, sizeof(q->c->text), fmt, ap);
	va_end(ap);
}

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

static void view_elem(struct pairfuse_checker *q, const struct pairfuse_elem *touched,
		      struct views *v)
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
	q->insns += size / PAIRFUSE_CHECK_MOVES;
}

static bool same(const struct views *v)
{
	const unsigned char *orig = v->data[ORIG], *fused = v->data[FUSED];
	const unsigned char *again = v->data[AGAIN];
	size_t i;

	if (v->len[ORIG] != v->len[FUSED])
		return false;
	if (!v->len[ORIG] || !memcmp(orig, fused, v->len[ORIG]))
		return true;
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
		pairfuse_checker_fail(
			q, PAIRFUSE_CHECK_CANNOT,
			"'%s' computes with memory that it has not written, or with addresses",
			prog->name);
	else
		pairfuse_checker_fail(q, PAIRFUSE_CHECK_DIFFERS, "'%s' differs in %s", prog->name,
				      where);
}

void pairfuse_checker_compare(struct pairfuse_checker *q, const struct pairfuse_prog *prog)
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

/* No difference, quietly. */
bool pairfuse_checker_same(struct pairfuse_checker *q)
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
