/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the library: one line each, without a newline, handed to the
 * callback set with pairfuse_set_log(). The library itself never prints.
 */
#ifndef PAIRFUSE_LOG_H
#define PAIRFUSE_LOG_H

#include "pairfuse.h"

/* Hand a line to the callback; errno is left alone. */
void pairfuse_log(enum pairfuse_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define pairfuse_warn(...)  pairfuse_log(PAIRFUSE_LOG_WARN, __VA_ARGS__)
#define pairfuse_info(...)  pairfuse_log(PAIRFUSE_LOG_INFO, __VA_ARGS__)
#define pairfuse_debug(...) pairfuse_log(PAIRFUSE_LOG_DEBUG, __VA_ARGS__)

/* The text of an errno (positive or negative); libbpf's own codes included. */
const char *pairfuse_strerror(int err);

/*
 * The last line of a verifier log that says something: statistics and empty
 * lines are skipped. Points into the log, which is cut behind that line;
 * "" when there is none.
 */
const char *pairfuse_log_last_line(char *log);

#endif /* PAIRFUSE_LOG_H */
