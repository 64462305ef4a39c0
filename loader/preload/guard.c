// SPDX-License-Identifier: GPL-2.0
/*
 * Who may look at the tables: one thread at a time, of the process that they
 * describe.
 *
 * Signals are blocked while the mutex is held, so that a handler of the tool
 * that closes an fd cannot meet its own thread's lock; and the thread cannot be
 * cancelled in our own calls, which would leave the mutex locked. The mutex is never
 * held during a call that the tool makes, only during our own.
 *
 * A vfork() child runs in our memory with its own fds: whatever it closes is
 * not closed here. It is told by its pid, as are children made with clone(2)
 * behind libc's back; fork() tells us (hooks.c) and the child starts over.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "run.h"
#include "sys.h"

int run_verbose;
__u32 run_hook;
enum pairfuse_nesting run_nesting;
bool run_exact_clock;
unsigned int run_without;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long owner;		/* pid; 0: inert */
static __thread bool inside __attribute__((tls_model("initial-exec")));

void run_init(int verbose, __u32 hook)
{
	run_verbose = verbose;
	run_hook = hook;
	__atomic_store_n(&owner, run_sys_getpid(), __ATOMIC_RELEASE);
}

bool run_enter(struct run_guard *g)
{
	long pid = __atomic_load_n(&owner, __ATOMIC_ACQUIRE);
	sigset_t all;

	if (!pid || inside)
		return false;
	g->saved_errno = errno;
	if (run_sys_getpid() != pid)
		return false;
	sigfillset(&all);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &g->cancel);
	pthread_sigmask(SIG_SETMASK, &all, &g->signals);
	pthread_mutex_lock(&lock);
	inside = true;
	return true;
}

bool run_signal_came(const struct run_guard *g)
{
	struct sigaction action;
	sigset_t pending;
	int sig;

	if (sigpending(&pending))
		return false;
	for (sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&pending, sig) == 1 && !sigismember(&g->signals, sig) &&
		    !sigaction(sig, NULL, &action) && action.sa_handler != SIG_DFL &&
		    action.sa_handler != SIG_IGN)
			return true;
	return false;
}

void run_leave(struct run_guard *g)
{
	inside = false;
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, &g->signals, NULL);
	pthread_setcancelstate(g->cancel, NULL);
	errno = g->saved_errno;
}
