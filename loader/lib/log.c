// SPDX-License-Identifier: GPL-2.0
/*
 * Messages: see log.h. The callback is process wide, as libbpf's is.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "log.h"

#define LINE_LEN 1024

static pairfuse_log_fn log_fn;
static void *log_arg;

void pairfuse_set_log(pairfuse_log_fn fn, void *arg)
{
	log_fn = fn;
	log_arg = arg;
}

void pairfuse_log(enum pairfuse_log_level level, const char *fmt, ...)
{
	char buf[LINE_LEN], *text = buf, *line, *end;
	int saved = errno, n;
	va_list ap;
	bool more;

	if (!log_fn)
		return;
	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n >= LINE_LEN) {
		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) < 0)
			text = buf;	/* its beginning */
		va_end(ap);
	}
	line = text;
	do {
		end = line + strcspn(line, "\n");
		more = *end && end[1];
		*end = '\0';
		log_fn(log_arg, level, line);
		line = end + 1;
	} while (more);
	if (text != buf)
		free(text);
	errno = saved;
}

const char *pairfuse_strerror(int err)
{
	static __thread char buf[128];

	libbpf_strerror(abs(err), buf, sizeof(buf));
	return buf;
}

static bool is_statistics(const char *line)
{
	static const char *const prefixes[] = {
		"processed ", "verification time ", "stack depth ", "mark_precise:",
		"max_states_", "peak_states", "insns processed",
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
			return true;
	return line[strspn(line, " \t")] == '\0';
}

const char *pairfuse_log_last_line(char *log)
{
	size_t len = strlen(log);
	char *line;

	while (len) {
		while (len && log[len - 1] == '\n')
			log[--len] = '\0';
		line = strrchr(log, '\n');
		line = line ? line + 1 : log;
		if (!is_statistics(line))
			return line;
		len = line - log;
		*line = '\0';
	}
	return "";
}
