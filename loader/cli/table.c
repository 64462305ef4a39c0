// SPDX-License-Identifier: GPL-2.0
/*
 * Aligned tables: as wide as the widest cell, two blanks between columns.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct cli_table {
	size_t nr_columns;
	size_t nr_cells;
	char **cells;
};

struct cli_table *cli_table_new(size_t nr_columns)
{
	struct cli_table *t = calloc(1, sizeof(*t));

	if (t)
		t->nr_columns = nr_columns;
	return t;
}

void cli_table_cell(struct cli_table *t, const char *fmt, ...)
{
	char **grown, *text;
	va_list ap;

	if (!t)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	grown = text ? reallocarray(t->cells, t->nr_cells + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		free(text);
		return;
	}
	t->cells = grown;
	t->cells[t->nr_cells++] = text;
}

static size_t width(const struct cli_table *t, size_t column)
{
	size_t i, len, max = 0;

	for (i = column; i < t->nr_cells; i += t->nr_columns) {
		len = strlen(t->cells[i]);
		max = len > max ? len : max;
	}
	return max;
}

void cli_table_free(struct cli_table *t)
{
	size_t i;

	for (i = 0; t && i < t->nr_cells; i++)
		free(t->cells[i]);
	if (t)
		free(t->cells);
	free(t);
}

void cli_table_print(struct cli_table *t, FILE *out)
{
	size_t i, column;

	if (!t)
		return;
	for (i = 0; i < t->nr_cells; i++) {
		column = i % t->nr_columns;
		if (column == t->nr_columns - 1 || i == t->nr_cells - 1)
			fprintf(out, "%s\n", t->cells[i]);
		else
			fprintf(out, "%-*s  ", (int)width(t, column), t->cells[i]);
	}
	cli_table_free(t);
}
