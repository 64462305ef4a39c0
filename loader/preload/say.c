// SPDX-License-Identifier: GPL-2.0
/*
 * Messages. Standard output is the tool's alone; standard error is kept as it
 * was at start, since a tool may close it and get its number for something
 * else.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "run.h"
#include "sys.h"

static int err_fd = -1;

static void say(const char *fmt, va_list ap)
{
	char line[1024] = "pairfuse: ";
	size_t len = strlen(line);
	int n;

	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n < 0)
		return;
	len = strlen(line);
	line[len++] = '\n';
	run_sys_write(err_fd < 0 ? STDERR_FILENO : err_fd, line, len);
}

void run_say(const char *fmt, ...)
{
	va_list ap;

	if (!run_verbose)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void run_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

/* Of the library: with -v its warnings, with -vv all. */
static void on_message(void *arg, enum pairfuse_log_level level, const char *line)
{
	if ((int)level < run_verbose)
		run_say("%s", line);
}

void run_say_init(void)
{
	pairfuse_set_log(on_message, NULL);
	if (run_verbose)
		run_fd_make_private(run_sys_fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3),
				    &err_fd);
}
