// SPDX-License-Identifier: GPL-2.0
/*
 * Messages. Standard output is the tool's alone; standard error is kept as it
 * was at start, since a tool may close it and get its number for something
 * else.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "run.h"
#include "sys.h"

#define LINE_LEN 1024

static int err_fd = -1;
static struct stat at_start;	/* what standard error was, where there is no copy of it */

/* -1: nowhere; the tool has closed it, and the number is that of something else. */
static int where(void)
{
	struct stat now;

	if (err_fd >= 0)
		return err_fd;
	if (!at_start.st_ino)
		return STDERR_FILENO;
	return !fstat(STDERR_FILENO, &now) && now.st_dev == at_start.st_dev &&
			       now.st_ino == at_start.st_ino ? STDERR_FILENO : -1;
}

/*
 * Whoever reads it may be gone. That is no reason for the tool to end: the
 * SIGPIPE that comes of it is taken away before the tool can have it.
 */
static void write_err(const char *text, size_t len)
{
	static const struct timespec now;
	int saved_errno = errno, fd = where();
	sigset_t pipe, before, pending;

	if (fd < 0)
		return;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	sigemptyset(&pending);
	sigpending(&pending);
	if (run_sys_write(fd, text, len) == -EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved_errno;
}

/* One line in one write, so that nothing of the tool gets in between. */
static void say_line(const char *line, size_t len)
{
	char buf[LINE_LEN], *text = buf;
	int n = snprintf(buf, sizeof(buf), "pairfuse: %.*s\n", (int)len, line);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(buf)) {
		n = asprintf(&text, "pairfuse: %.*s\n", (int)len, line);
		if (n < 0)
			return;
	}
	write_err(text, n);
	if (text != buf)
		free(text);
}

static void say(const char *fmt, va_list ap)
{
	char buf[LINE_LEN], *text = buf, *line;
	va_list again;
	size_t len;
	int n;

	va_copy(again, ap);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	/* without memory its beginning */
	if (n >= (int)sizeof(buf) && vasprintf(&text, fmt, again) < 0)
		text = buf;
	va_end(again);
	if (n < 0)
		return;
	line = text;
	do {
		len = strcspn(line, "\n");
		say_line(line, len);
		line += len + (line[len] == '\n');
	} while (*line);
	if (text != buf)
		free(text);
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
	fstat(STDERR_FILENO, &at_start);
	run_fd_make_private(run_sys_fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), &err_fd);
}

void run_say_forget(void)
{
	if (!run_verbose)
		run_fd_close_private(&err_fd);
}
