// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to people. Ours: warnings always, the rest with -v. libbpf's: with
 * -v its warnings, with -vv everything, indented below ours; otherwise only the
 * last lines are kept, to be shown when something has failed.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cli.h"
#include "pairfuse.h"

#define NR_KEPT	 12
#define LINE_LEN 256

static char kept[NR_KEPT][LINE_LEN];
static unsigned int nr_kept;

void cli_error(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("pairfuse: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void on_message(void *arg, enum pairfuse_log_level level, const char *line)
{
	if (level == PAIRFUSE_LOG_WARN)
		cli_error("%s", line);
	else if ((int)level <= cli_verbose)
		fprintf(stderr, "  %s\n", line);
}

static void keep(const char *line, size_t len)
{
	if (!len)
		return;
	snprintf(kept[nr_kept++ % NR_KEPT], LINE_LEN, "%.*s", (int)len, line);
}

static int on_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text, *line, *end;

	if (vasprintf(&text, fmt, ap) < 0)
		return 0;
	for (line = text; *line; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		if (cli_verbose >= 2 || (cli_verbose == 1 && level == LIBBPF_WARN))
			fprintf(stderr, "    %.*s\n", (int)(end - line), line);
		else if (level == LIBBPF_WARN)
			keep(line, end - line);
	}
	free(text);
	return 0;
}

void cli_messages_init(void)
{
	pairfuse_set_log(on_message, NULL);
	libbpf_set_print(on_libbpf);
}

void cli_show_libbpf_tail(void)
{
	unsigned int i = nr_kept > NR_KEPT ? nr_kept - NR_KEPT : 0;

	for (; i < nr_kept; i++)
		fprintf(stderr, "    %s\n", kept[i % NR_KEPT]);
	nr_kept = 0;
}
