// SPDX-License-Identifier: GPL-2.0
/*
 * Statements.
 */
#include "source.h"

static void set_local(struct source *s)
{
	source_begin(s);
	source_put(s, "v%u %s= ", source_rnd(s, 4), source_chance(s, 40) ? "+" : "");
	source_expr(s, 0);
	source_put(s, ";\n");
}

static void global(struct source *s)
{
	unsigned int n = source_rnd(s, SOURCE_GLOBALS);

	source_begin(s);
	switch (source_rnd(s, 4)) {
	case 0:
		source_put(s, "g%u = ", n);
		break;
	case 1:
		source_put(s, "__sync_fetch_and_add(&g%u, ", n);
		source_expr(s, 0);
		source_put(s, ");\n");
		return;
	default:
		source_put(s, "g%u += ", n);
	}
	source_expr(s, 0);
	source_put(s, ";\n");
}

static void array(struct source *s)
{
	source_begin(s);
	source_put(s, "arr[");
	source_expr(s, 1);
	source_put(s, " & 3] = ");
	source_expr(s, 0);
	source_put(s, ";\n");
}

/* An index that may be negative: bpf-gcc counts it from the frame, not from the array. */
void source_index(struct source *s)
{
	unsigned int at = 8 * source_rnd(s, 4);

	source_begin(s);
	source_open(s);
	source_line(s, "volatile __u8 bytes[32];");
	source_begin(s);
	source_put(s, "long j = (long)(");
	source_expr(s, 1);
	source_put(s, " & 31) - %u;\n\n", at);
	source_line(s, "opaque(j);");
	source_begin(s);
	source_put(s, "if (j >= -%d && j < %d)", (int)at, 32 - (int)at);
	source_open(s);
	source_begin(s);
	source_put(s, "bytes[%u + j] = ", at);
	source_expr(s, 0);
	source_put(s, ";\n");
	s->depth++;
	source_block(s, 1);
	s->depth--;
	source_line(s, "g%u += bytes[%u + j];", source_rnd(s, SOURCE_GLOBALS), at);
	source_close(s);
	source_close(s);
}

static void branch(struct source *s)
{
	bool state = s->state, copied = s->copied, gone = s->gone;

	source_begin(s);
	source_put(s, "if (");
	source_cond(s, 0);
	source_put(s, ")");
	source_open(s);
	s->depth++;
	source_block(s, 2);
	s->state = state;
	s->copied = copied;
	s->gone = gone;
	if (source_chance(s, 40)) {
		s->indent--;
		source_begin(s);
		source_put(s, "} else {\n");
		s->indent++;
		source_block(s, 2);
		s->state = state;
		s->copied = copied;
		s->gone = gone;
	}
	s->depth--;
	source_close(s);
}

static void loop(struct source *s)
{
	unsigned int n = s->loops++;

	source_begin(s);
	source_put(s, "for (__u32 i%u = 0; i%u < %u; i%u++)", n, n, 1 + source_rnd(s, 5), n);
	source_open(s);
	if (source_chance(s, 50))
		source_line(s, "opaque(i%u);", n);
	s->depth++;
	source_block(s, 2);
	s->depth--;
	source_close(s);
	s->loops--;
}

static void choose(struct source *s)
{
	unsigned int i;

	source_begin(s);
	source_put(s, "switch (");
	source_expr(s, 1);
	source_put(s, " & 3)");
	source_open(s);
	for (i = 0; i < 3; i++) {
		source_line(s, "case %u:", i);
		s->indent++;
		set_local(s);
		if (source_chance(s, 80))
			source_line(s, "break;");
		s->indent--;
	}
	source_line(s, "default:");
	s->indent++;
	set_local(s);
	s->indent--;
	source_close(s);
}

static void leave(struct source *s)
{
	bool gone = s->gone;

	source_begin(s);
	source_put(s, "if (");
	source_cond(s, 0);
	source_put(s, ")");
	source_open(s);
	source_return(s);
	source_close(s);
	s->gone = gone;
}

/* Into the state, where it is. */
static void change(struct source *s)
{
	const struct source_group *g = s->g;
	unsigned int n = source_rnd(s, g->nr_fields);

	if (s->copied || s->gone) {
		set_local(s);
		return;
	}
	source_begin(s);
	if (g->scalar) {
		source_put(s, source_chance(s, 30) ? "*p += " : "*p = ");
	} else if (!g->fields[n].type) {
		source_put(s, "bpf_get_current_comm(p->f%u, sizeof(p->f%u));\n", n, n);
		return;
	} else {
		source_put(s, source_chance(s, 30) ? "p->f%u += " : "p->f%u = ", n);
	}
	source_expr(s, 0);
	source_put(s, ";\n");
}

static void subprogram(struct source *s)
{
	switch (source_rnd(s, 4)) {
	case 0:
		source_line(s, "swap(&v%u, &v%u);", source_rnd(s, 2), 2 + source_rnd(s, 2));
		break;
	case 1:
		source_begin(s);
		source_put(s, "note(ctx, ");
		source_expr(s, 0);
		source_put(s, ");\n");
		break;
	case 2:
		source_begin(s);
		source_put(s, "v%u = sum(arr, ", source_rnd(s, 4));
		source_expr(s, 0);
		source_put(s, ");\n");
		break;
	case 3:
		source_begin(s);
		source_put(s, "bpf_loop(%u, each, &v%u, 0);\n", 1 + source_rnd(s, 4),
			   source_rnd(s, 4));
		break;
	}
}

static void statement(struct source *s)
{
	switch (source_rnd(s, s->state ? 26 : 21)) {
	case 0:
	case 1:
		source_output(s);
		break;
	case 2:
	case 3:
	case 4:
		source_map_stmt(s);
		break;
	case 5:
	case 6:
		source_place(s);
		break;
	case 7:
	case 8:
		if (s->depth < 2)
			branch(s);
		break;
	case 9:
		if (s->depth < 2)
			loop(s);
		break;
	case 10:
		if (s->depth < 2)
			leave(s);
		break;
	case 11:
		choose(s);
		break;
	case 12:
		if (source_chance(s, 40))
			subprogram(s);
		break;
	case 13:
		if (s->depth < 2 && source_chance(s, 60))
			source_index(s);
		else
			array(s);
		break;
	case 14:
	case 15:
		set_local(s);
		break;
	case 24:
	case 25:
		change(s);
		break;
	default:
		global(s);
	}
}

void source_block(struct source *s, unsigned int most)
{
	unsigned int n = 1 + source_rnd(s, most), i;

	for (i = 0; i < n; i++) {
		struct source_mark m = source_stmt(s);

		statement(s);
		source_stmt_end(s, m);
	}
}
