// SPDX-License-Identifier: GPL-2.0
/*
 * The libc functions in which a process waits: a tool that does has attached what it
 * wanted to attach, and now is the time to say what has become of it (report.c).
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"
#include "run.h"

#define EXPORT __attribute__((visibility("default")))

/*
 * NAME(params), which calls the next one with args; what it returns when a signal has
 * interrupted it is the last argument. Telling takes a while, with signals blocked: the
 * handler of one that comes meanwhile runs before the wait begins, and a tool that only looks
 * behind the wait whether there was one (Python, or any that sets a flag) would wait for
 * the next event. As written it would have been in the wait by then, so that ends, as
 * it would have.
 */
#define WAITS(type, name, params, args, interrupted)			\
static type (*next_##name) params;					\
									\
__attribute__((constructor)) static void find_##name(void)		\
{									\
	*(void **)&next_##name = dlsym(RTLD_NEXT, #name);		\
}									\
									\
EXPORT type name params							\
{									\
	if (!next_##name)	/* called by an earlier constructor */	\
		find_##name();						\
	if (__builtin_expect(run_has_news(), 0) && run_hook_waiting())	\
		return interrupted;					\
	return next_##name args;					\
}

static int no_time(void)
{
	errno = EINTR;
	return -1;
}

static int slept_no_time(const struct timespec *time, struct timespec *left)
{
	if (left)
		*left = *time;
	return no_time();
}

/* This one returns the error; what is left of a point in time is not told. */
static int slept_to_no_time(int flags, const struct timespec *time, struct timespec *left)
{
	if (left && !(flags & TIMER_ABSTIME))
		*left = *time;
	return EINTR;
}

WAITS(int, epoll_wait, (int fd, struct epoll_event *events, int max, int timeout),
      (fd, events, max, timeout), no_time())
WAITS(int, epoll_pwait,
      (int fd, struct epoll_event *events, int max, int timeout, const sigset_t *set),
      (fd, events, max, timeout, set), no_time())
WAITS(int, poll, (struct pollfd *fds, nfds_t n, int timeout), (fds, n, timeout), no_time())
WAITS(int, ppoll,
      (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set),
      (fds, n, timeout, set), no_time())
WAITS(int, select, (int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout),
      (n, in, out, other, timeout), no_time())
WAITS(int, pause, (void), (), no_time())
WAITS(unsigned int, sleep, (unsigned int seconds), (seconds), seconds)
WAITS(int, usleep, (useconds_t usecs), (usecs), no_time())
WAITS(int, nanosleep, (const struct timespec *time, struct timespec *left), (time, left),
      slept_no_time(time, left))
WAITS(int, clock_nanosleep,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left), slept_to_no_time(flags, time, left))
WAITS(int, sigsuspend, (const sigset_t *set), (set), no_time())
