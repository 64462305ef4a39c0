// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are stopped while they are in a traced function: by a signal, a debugger,
 * the freezers of control groups. Most ways make the task leave the function first, one
 * stops it right there. The task does not notice us, and nothing is counted twice.
 */
#include "vm.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNC	"pairfuse_test_sleep"
#define GROUP	"/sys/fs/cgroup/vmtest"
#define FREEZER	"/tmp/freezer"

static void put(const char *path, const char *fmt, long n)
{
	char text[32];
	int fd = open(path, O_WRONLY | O_CLOEXEC), len = snprintf(text, sizeof(text), fmt, n);

	check(fd >= 0 && write(fd, text, len) == len, "%s > %s: %s", text, path, strerror(errno));
	close(fd);
}

static bool says(const char *path, const char *what)
{
	char text[256] = "";
	int fd = need(open(path, O_RDONLY | O_CLOEXEC));

	need(read(fd, text, sizeof(text) - 1));
	close(fd);
	return strstr(text, what);
}

static void signal_stop(pid_t pid)
{
	need(kill(pid, SIGSTOP));
	eventually(10, task_state(pid) == 'T');
}

static void signal_go(pid_t pid)
{
	need(kill(pid, SIGCONT));
}

static void ptrace_stop(pid_t pid)
{
	int status;

	need(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	need(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	need(waitpid(pid, &status, 0));
	check(WIFSTOPPED(status), "not stopped, status %x", status);
}

static void ptrace_go(pid_t pid)
{
	check(!ptrace(PTRACE_DETACH, pid, NULL, NULL) || errno == ESRCH, "detach: %s",
	      strerror(errno));	/* ESRCH: killed meanwhile */
}

static void freeze(pid_t pid)
{
	need(mkdir(GROUP, 0700));
	put(GROUP "/cgroup.procs", "%ld", pid);
	put(GROUP "/cgroup.freeze", "1", 0);
	eventually(10, says(GROUP "/cgroup.events", "frozen 1"));
}

static void thaw(pid_t pid)
{
	put(GROUP "/cgroup.freeze", "0", 0);
	put("/sys/fs/cgroup/cgroup.procs", "%ld", pid);
	/* who has been killed leaves it a moment later */
	eventually(10, !rmdir(GROUP));
}

/* After a failure: who was frozen would stay for ever. */
static void remove_groups(void)
{
	int fd = open(GROUP "/cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) == 1)
		pause_ms(200);
	rmdir(GROUP);
	fd = open(FREEZER "/vmtest/freezer.state", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "THAWED", 6) == 6)
		pause_ms(1200);
	rmdir(FREEZER "/vmtest");
	umount(FREEZER);
}

static const struct way {
	const char *name;
	void (*stop)(pid_t pid);
	void (*go)(pid_t pid);
} ways[] = {
	{ "SIGSTOP", signal_stop, signal_go },
	{ "ptrace", ptrace_stop, ptrace_go },
	{ "cgroup.freeze", freeze, thaw },
};

/* Calls the function again and again; each time it is stopped it returns early. */
static pid_t start(void)
{
	pid_t pid = need(fork());

	if (!pid) {
		struct pairfuse_test t = { .what = PAIRFUSE_TEST_SLEEP, .n = 1, .arg = 100000 };
		int fd = open(PAIRFUSE_TEST_DEVICE, O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		need(dup2(fd, 0));
		close_range(1, ~0U, 0);
		while (ioctl(0, PAIRFUSE_TEST_CALL, &t) < 0 && errno == EINTR)
			;
		_exit(1);
	}
	return pid;
}

static u64 in_flight(const struct pair *p)
{
	struct pairfuse_link_info li;

	link_info(p->link, &li);
	check_sums(&li);
	return li.in_flight;
}

static void stop_and_go(const struct way *w, struct pair *p, int dev)
{
	pid_t pid;
	int status, i;

	note("%s", w->name);
	counts_zero(p->c);
	pair_attach(p, dev);
	pid = start();
	for (i = 1; i <= 3; i++) {
		eventually(10, pair_count(p, C_ENTRY) == (u64)i && task_state(pid) == 'S');
		equal(in_flight(p), 1, "in flight");
		w->stop(pid);
		/* out of the function, and nothing lost by it */
		pair_check(p);
		equal(pair_count(p, C_EXIT), i, "exit runs of a stopped task");
		w->go(pid);
	}
	eventually(10, pair_count(p, C_ENTRY) == 4 && task_state(pid) == 'S');
	/* stopped when the pair goes, killed while stopped */
	w->stop(pid);
	pair_check(p);
	pair_detach(p);
	equal(pair_count(p, C_EXIT), 4, "exit runs");
	need(kill(pid, SIGKILL));
	w->go(pid);
	need(waitpid(pid, &status, 0));
	check(WIFSIGNALED(status), "status %x", status);
}

TEST(stopped)
{
	int dev = dev_open();
	struct counts c;
	struct pair p;
	size_t i;

	counts_new(&c);
	at_end(remove_groups);
	pair_load(&p, FUNC, &c, 0);
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		stop_and_go(&ways[i], &p, dev);
	pair_unload(&p);
}

/*
 * The old freezer (and suspend of the machine) leaves a task that sleeps where it is:
 * in the function, with our stub on its stack, longer than it wanted to.
 */
TEST(stopped_inside)
{
	static const struct timespec second = { 1, 0 };
	struct pairfuse_link_info li;
	int dev = dev_open(), status;
	struct counts c;
	struct pair p;
	pid_t pid;
	u32 id;

	mkdir(FREEZER, 0700);
	check(!mount("none", FREEZER, "cgroup", 0, "freezer") || errno == EBUSY, "freezer: %s",
	      strerror(errno));
	need(mkdir(FREEZER "/vmtest", 0700));
	at_end(remove_groups);

	counts_new(&c);
	pair_load(&p, "do_nanosleep", &c, 0);
	pair_attach(&p, dev);
	id = p.id;
	pid = need(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(0, ~0U, 0);
		_exit(nanosleep(&second, NULL) != 0);
	}
	put(FREEZER "/vmtest/tasks", "%ld", pid);
	eventually(10, task_state(pid) == 'S');
	put(FREEZER "/vmtest/freezer.state", "FROZEN", 0);
	eventually(10, says(FREEZER "/vmtest/freezer.state", "FROZEN"));

	pair_detach(&p);
	pause_ms(2000);
	check(dev_find(dev, id, &li), "the stub of a frozen task is not listed");
	equal(li.state, PAIRFUSE_LINK_DRAINING, "state");
	equal(li.in_flight, 1, "in flight");
	check_sums(&li);

	put(FREEZER "/vmtest/freezer.state", "THAWED", 0);
	need(waitpid(pid, &status, 0));
	equal(status, 0, "status of who was frozen");
	equal(pair_count(&p, C_BAD), 0, "wrong states");
	eventually(60, !dev_find(dev, id, &li));
}
