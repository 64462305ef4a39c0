/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fds that something hangs on.
 *
 *  RUN_FD_LINK, RUN_FD_EVENT	the tool's; when the last one goes, a half is gone
 *  RUN_FD_MAP			the tool's; a cache of "nothing to learn here any
 *				more", so that polling a map costs nothing
 *  RUN_FD_PRIVATE		ours; the tool cannot close or overwrite it
 *
 * A number leaves the table before the real close(): until then the kernel
 * cannot give it to anybody else, afterwards another thread may enter it anew.
 * The question "is it in the table at all?" is answered without the lock; it
 * concerns an fd that the asking thread is closing, duplicating or using, and
 * who races with himself on one fd gets what he asked for.
 */
#ifndef PAIRFUSE_PRELOAD_FD_H
#define PAIRFUSE_PRELOAD_FD_H

#include <stdbool.h>
#include <sys/resource.h>

#define RUN_FD_MAX 65536	/* fds above are not followed */

enum run_fd_kind {
	RUN_FD_NONE,
	RUN_FD_MAP,
	RUN_FD_EVENT,
	RUN_FD_LINK,
	RUN_FD_PRIVATE,
};

struct run_fd {
	enum run_fd_kind kind;
	void *obj;		/* struct run_event, run_half; PRIVATE: int that holds it */
};

/* Without the lock. */
bool run_fd_is_known(int fd);

struct run_fd run_fd_get(int fd);
/* False: the number is too large, or there is no memory. */
bool run_fd_set(int fd, enum run_fd_kind kind, void *obj);
void run_fd_clear(int fd);
/* The next known fd >= fd, or -1. */
int run_fd_next(int fd);

/*
 * Open files beyond the tool's limit are allowed in between, so that ours take none
 * from it. Calls may be nested. Only while the lock is held.
 */
void run_fd_raise_limit(void);
void run_fd_restore_limit(void);
/* The limit as the tool knows it. */
void run_fd_tool_limit(struct rlimit *out);

/*
 * Move an fd of ours out of the tool's way, to a number beyond its limit on open
 * files, and remember it in *holder. Takes over fd. A negative fd is an error and
 * returned; -EMFILE: there is no room beyond the limit.
 */
int run_fd_make_private(int fd, int *holder);
/* Close *holder and set it to -1. */
void run_fd_close_private(int *holder);
/* The tool wants that very number: move ours away. */
void run_fd_yield(int fd);

#endif /* PAIRFUSE_PRELOAD_FD_H */
