// SPDX-License-Identifier: GPL-2.0
/* Attaching and detaching without end, by process after process, under load. */
#include "vm.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const funcs[][2] = {
	{ CALLED }, { "vfs_read" }, { "vfs_write" }, { "do_nanosleep" },
	{ "vfs_open" }, { "vfs_statx" }, { "kernel_wait4" }, { "do_sys_poll" },
};

/* After all that, what is counted still adds up. Ends the load. */
static void check_counts(struct load *l, int dev)
{
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	pair_attach(&p, dev);
	pause_ms(200);
	load_pause(l);
	pair_check(&p);
	check(pair_count(&p, C_EXIT) > 0, "nobody called");
	pair_unload(&p);
	counts_free(&c);
	load_resume(l);
	load_stop(l);
}

static void attach_often(unsigned int n, int dev, unsigned int which)
{
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, funcs[which][0], &c, 0);
	while (n--) {
		pair_attach(&p, dev);
		if (!which) {
			u64 before = pair_count(&p, C_EXIT);

			call_n(1);
			check(pair_count(&p, C_EXIT) > before, "attached, but not run");
		}
		pair_detach(&p);
	}
	equal(pair_count(&p, C_BAD), 0, "wrong states");
	pair_unload(&p);
	counts_free(&c);
}

/*
 * 1000 times on each kernel, half of them in each hook mode; eight processes
 * side by side, so that they meet in the site table.
 */
TEST(churn)
{
	const unsigned int each = 63 * scale / 100;
	struct load *l = load_start(2);
	struct pairfuse_info info;
	pid_t pid[ARRAY_SIZE(funcs)];
	int dev = dev_open(), status;
	double start = now();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		pid[i] = need(fork());
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			attach_often(each, dev, i);
			_exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		need(waitpid(pid[i], &status, 0));
		equal(status, 0, funcs[i][0]);
	}
	note("%zu times in %.1f s", each * ARRAY_SIZE(funcs), now() - start);
	check_counts(l, dev);
	eventually(60, ({ need(dev_info(dev, &info)); info.nr_free == info.nr_stubs; }));
}

static void attach_for_ever(void)
{
	unsigned int which = random_below(ARRAY_SIZE(funcs));
	int dev = dev_open();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		attach_often(1, dev, which);
}

static pid_t start_victim(void)
{
	pid_t pid = need(fork());

	if (!pid)
		attach_for_ever();
	return pid;
}

static void kill_victim(pid_t pid)
{
	int status;

	need(kill(pid, SIGKILL));
	need(waitpid(pid, &status, 0));
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "the victim ended by itself, status %x", status);
}

/* Links of earlier rounds and victims drain beside the one that may be live. */
static bool any_live(int dev)
{
	struct pairfuse_link_info li;
	u32 id = 0;

	while (dev_next(dev, id, &li)) {
		if (li.state == PAIRFUSE_LINK_LIVE)
			return true;
		id = li.id;
	}
	return false;
}

/*
 * How long until a new victim has attached? Machines and their clocks differ. This
 * one is killed with its link for certain; of others it depends.
 */
static unsigned int attach_ms(int dev)
{
	double start = now();
	pid_t pid = start_victim();

	eventually(60, any_live(dev));
	kill_victim(pid);
	return (now() - start) * 1000;
}

/* SIGKILL at random instants of load, attach, calls and detach; 200 per kernel. */
TEST(killed)
{
	const unsigned int n = 100 * scale / 100;
	struct load *l = load_start(2);
	struct pairfuse_link_info li;
	struct pairfuse_info info;
	int dev = dev_open();
	unsigned int i, live = 0, limit = 2 * attach_ms(dev) + 50;
	const double end = now() + 100;

	/* attaching takes seconds when the machine is busy: then fewer have to do */
	for (i = 0; i < n && (i < 10 || now() < end); i++) {
		pid_t pid = start_victim();

		pause_ms(random_below(limit));
		live += any_live(dev);
		kill_victim(pid);
	}
	note("%u of %u were killed with a link, within %u ms", live, i, limit);
	check_counts(l, dev);
	eventually(60, ({ need(dev_info(dev, &info)); info.nr_free == info.nr_stubs; }));
	check(!dev_next(dev, 0, &li), "link %u is left", li.id);
}
