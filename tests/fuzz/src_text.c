// SPDX-License-Identifier: GPL-2.0
/*
 * Text, line by line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gen.h"
#include "source.h"

unsigned int source_rnd(struct source *s, unsigned int n)
{
	return fuzz_next(&s->rnd) % n;
}

bool source_chance(struct source *s, unsigned int percent)
{
	return source_rnd(s, 100) < percent;
}

static void put(struct source *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (s->len + n + 1 > s->cap) {
		s->cap = 2 * (s->len + n + 1);
		s->text = realloc(s->text, s->cap);
		if (!s->text)
			abort();
	}
	s->len += vsnprintf(s->text + s->len, s->cap - s->len, fmt, ap);
}

void source_put(struct source *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(s, fmt, ap);
	va_end(ap);
}

void source_begin(struct source *s)
{
	unsigned int i;

	for (i = 0; i < s->indent; i++)
		source_put(s, "\t");
}

void source_line(struct source *s, const char *fmt, ...)
{
	va_list ap;

	source_begin(s);
	va_start(ap, fmt);
	put(s, fmt, ap);
	va_end(ap);
	source_put(s, "\n");
}

void source_open(struct source *s)
{
	source_put(s, " {\n");
	s->indent++;
}

void source_close(struct source *s)
{
	s->indent--;
	source_line(s, "}");
}

struct source_mark source_stmt(struct source *s)
{
	struct source_mark m = { .len = s->len };
	unsigned int n = s->nr_stmts++;

	m.dropped = s->drop && n < SOURCE_MAX_STMTS && s->drop[n];
	return m;
}

void source_stmt_end(struct source *s, struct source_mark m)
{
	if (!m.dropped)
		return;
	s->len = m.len;
	s->text[s->len] = '\0';
}
