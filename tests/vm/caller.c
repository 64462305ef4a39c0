// SPDX-License-Identifier: GPL-2.0
/* Those who call traced functions: threads, the test module, sleeping tasks. */
#include "vm.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void call_n(u64 n)
{
	while (n--)
		syscall(SYS_getsid, 0);
}

struct caller {
	pthread_t t;
	unsigned int cpu;
	u64 n;
};

/*
 * Each on a CPU of its own, as long as there are enough. Where BPF programs can
 * be preempted (7.3), the kernel skips fentry and fexit programs for a task that
 * runs while another was preempted inside them on the same CPU: neighbours
 * would miss events, and the test could not be exact.
 */
static void *call_thread(void *arg)
{
	struct caller *c = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(c->cpu, &set);
	need(sched_setaffinity(0, sizeof(set), &set));
	call_n(c->n);
	return NULL;
}

void call_threads(unsigned int threads, u64 n)
{
	unsigned int i, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct caller c[64];

	check(threads <= ARRAY_SIZE(c), "too many threads");
	for (i = 0; i < threads; i++) {
		c[i].cpu = i % cpus;
		c[i].n = n;
		check(!pthread_create(&c[i].t, NULL, call_thread, &c[i]), "pthread_create");
	}
	for (i = 0; i < threads; i++)
		pthread_join(c[i].t, NULL);
}

struct load {
	unsigned int threads;
	pthread_t t[16];
	atomic_int state;	/* what is wanted */
	atomic_uint parked;	/* threads that are out of the function */
	atomic_ullong calls;
};

enum { LOAD_GO, LOAD_PAUSE, LOAD_STOP };

static void *load_thread(void *arg)
{
	static const struct timespec moment = { 0, 20000 };
	struct load *l = arg;
	u64 n = 0;
	int s;

	while ((s = atomic_load(&l->state)) != LOAD_STOP) {
		if (s == LOAD_PAUSE) {
			atomic_fetch_add(&l->parked, 1);
			while (atomic_load(&l->state) == LOAD_PAUSE)
				pause_ms(1);
			atomic_fetch_sub(&l->parked, 1);
			continue;
		}
		call_n(16);
		n += 16;
		/*
		 * A task that never sleeps holds up RCU-tasks, hence detaching,
		 * and (on one host thread) the other CPU for 100 ms each time.
		 */
		if (n % 64 == 0)
			nanosleep(&moment, NULL);
	}
	atomic_fetch_add(&l->calls, n);
	return NULL;
}

struct load *load_start(unsigned int threads)
{
	struct load *l = calloc(1, sizeof(*l));
	unsigned int i;

	check(l && threads <= ARRAY_SIZE(l->t), "load_start");
	l->threads = threads;
	for (i = 0; i < threads; i++)
		check(!pthread_create(&l->t[i], NULL, load_thread, l), "pthread_create");
	return l;
}

void load_pause(struct load *l)
{
	atomic_store(&l->state, LOAD_PAUSE);
	while (atomic_load(&l->parked) != l->threads)
		pause_ms(1);
}

void load_resume(struct load *l)
{
	atomic_store(&l->state, LOAD_GO);
	/* A thread that has not noticed would count as parked next time. */
	while (atomic_load(&l->parked))
		pause_ms(1);
}

u64 load_stop(struct load *l)
{
	unsigned int i;
	u64 calls;

	atomic_store(&l->state, LOAD_STOP);
	for (i = 0; i < l->threads; i++)
		pthread_join(l->t[i], NULL);
	calls = atomic_load(&l->calls);
	free(l);
	return calls;
}

void test_call(enum pairfuse_test_what what, u64 n, u64 arg, struct pairfuse_test *out)
{
	struct pairfuse_test t = { .what = what, .n = n, .arg = arg };
	int fd = need(open(PAIRFUSE_TEST_DEVICE, O_RDWR | O_CLOEXEC));

	need(ioctl(fd, PAIRFUSE_TEST_CALL, &t));
	close(fd);
	check(t.calls, "the test module called nothing");
	equal(t.wrong, 0, "wrong results of the traced function");
	if (out)
		*out = t;
}

/* 6.12 and older; newer */
const char *const pipe_read_names[] = { "pipe_read", "anon_pipe_read", NULL };

char task_state(pid_t pid)
{
	char path[64], buf[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 'X';
	p = fgets(buf, sizeof(buf), f);
	fclose(f);
	p = p ? strrchr(buf, ')') : NULL;
	return p ? p[2] : 'X';
}

void sleeper_start(struct sleeper *s)
{
	int ready[2], fds[2];
	char c;

	need(pipe2(fds, O_CLOEXEC));
	need(pipe2(ready, O_CLOEXEC));
	s->pid = need(fork());
	if (!s->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* No copy of a link may live on here: that would keep it. */
		need(dup2(fds[0], 0));
		close_range(1, ~0U, 0);
		_exit(read(0, &c, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	close(ready[1]);
	/* End of file when the child has closed its end; it reads right after. */
	while (read(ready[0], &c, 1) > 0)
		;
	close(ready[0]);
	s->fd = fds[1];
	eventually(10, task_state(s->pid) == 'S');
}

static void sleeper_reap(struct sleeper *s, int want)
{
	int status;

	need(waitpid(s->pid, &status, 0));
	close(s->fd);
	equal(status, want, "exit status of the sleeper");
}

void sleeper_wake(struct sleeper *s)
{
	need(write(s->fd, "x", 1));
	sleeper_reap(s, 0);
}

void sleeper_kill(struct sleeper *s)
{
	need(kill(s->pid, SIGKILL));
	sleeper_reap(s, SIGKILL);
}
