// SPDX-License-Identifier: GPL-2.0
/*
 * The libc functions in which a process waits: a tool that does has attached what it
 * wanted to attach, and now is the time to say what has become of it (report.c).
 */
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"
#include "run.h"

#define EXPORT __attribute__((visibility("default")))

/* NAME(params), which calls the next one with args. */
#define WAITS(type, name, params, args)					\
EXPORT type name params							\
{									\
	static type (*fn) params;					\
									\
	if (!fn)							\
		*(void **)&fn = dlsym(RTLD_NEXT, #name);		\
	if (__builtin_expect(run_has_news(), 0))			\
		run_hook_waiting();					\
	return fn args;							\
}

WAITS(int, epoll_wait, (int fd, struct epoll_event *events, int max, int timeout),
      (fd, events, max, timeout))
WAITS(int, epoll_pwait,
      (int fd, struct epoll_event *events, int max, int timeout, const sigset_t *set),
      (fd, events, max, timeout, set))
WAITS(int, poll, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout))
WAITS(int, ppoll,
      (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set),
      (fds, n, timeout, set))
WAITS(int, select, (int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout),
      (n, in, out, other, timeout))
WAITS(int, pause, (void), ())
WAITS(unsigned int, sleep, (unsigned int seconds), (seconds))
WAITS(int, usleep, (useconds_t usecs), (usecs))
WAITS(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left))
WAITS(int, clock_nanosleep,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left))
WAITS(int, sigsuspend, (const sigset_t *set), (set))
