// SPDX-License-Identifier: GPL-2.0
/*
 * The module is asked to go in every state: at once when nothing holds it, "busy" while
 * something does, and never with somebody still in its text. (With sleeping tasks:
 * asleep.c; modules of targets: count.c.)
 */
#include "vm.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void must_stay(const char *why)
{
	int ret = module_remove("pairfuse");

	check(ret < 0, "the module went, %s", why);
	check(errno == EWOULDBLOCK, "%s: %s", why, strerror(errno));
}

/*
 * What detaching leaves is in its grace periods: the module may go now, and waits for
 * them itself. Somebody calls all the time.
 */
TEST(unload_states)
{
	struct load *l = load_start(2);
	unsigned int i, tries = 0;
	struct counts c;
	struct pair p;
	int dev;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	for (i = 0; i < 2 * scale / 100 + 1; i++) {
		dev = dev_open();
		must_stay("with the device open");
		pair_attach(&p, dev);
		must_stay("with device and link");
		close(dev);
		must_stay("with a link");
		call_n(10);
		check(pair_count(&p, C_EXIT) >= 10, "attached, but not run");
		pair_detach(&p);
		/* a call that is just in the stub is reason enough */
		while (module_remove("pairfuse")) {
			check(errno == EWOULDBLOCK, "removal: %s", strerror(errno));
			tries++;
			check(tries < 100000, "the module does not go");
			pause_ms(1);
		}
		module_load("pairfuse");
		counts_zero(&c);
	}
	note("%u times busy after detaching", tries);
	call_n(100);
	equal(pair_count(&p, C_ENTRY), 0, "runs without the module");
	load_stop(l);
}

/* Others attach while it goes and comes. What they may see: no device, no module. */
static void attach_whenever(struct counts *c)
{
	struct pair p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pair_load(&p, CALLED, c, 0);
	for (;;) {
		int dev = open(PAIRFUSE_DEVICE, O_RDWR | O_CLOEXEC);

		if (dev < 0) {
			check(errno == ENOENT || errno == ENODEV || errno == ENXIO, "open: %s",
			      strerror(errno));
			pause_ms(1);
			continue;
		}
		if (pair_try(&p, dev, hook, 0) < 0)
			fail("attach: %s", strerror(errno));
		call_n(10);
		__atomic_add_fetch((u64 *)&c->v[40], 1, __ATOMIC_RELAXED);
		close(dev);
		pair_detach(&p);
		pause_ms(random_below(20));
	}
}

TEST(unload_race)
{
	double end = now() + 8 * slower;
	unsigned int gone = 0, busy = 0;
	pid_t pid[2];
	struct counts c;
	size_t i;
	int status;

	counts_new(&c);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = need(fork());
		if (!pid[i])
			attach_whenever(&c);
	}
	while (now() < end) {
		if (module_remove("pairfuse")) {
			check(errno == EWOULDBLOCK, "removal: %s", strerror(errno));
			busy++;
			pause_ms(1);
			continue;
		}
		gone++;
		module_load("pairfuse");
		/* so that somebody gets a turn */
		pause_ms(200);
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		need(kill(pid[i], SIGKILL));
		need(waitpid(pid[i], &status, 0));
		equal(status, SIGKILL, "an attaching process ended by itself");
	}
	note("gone %u times, busy %u times, %llu links", gone, busy,
	     (unsigned long long)c.v[40]);
	check(gone && c.v[40], "nothing happened");
	equal(pair_count(&(struct pair){ .c = &c }, C_BAD), 0, "wrong states");
}

/* No descriptor is left for the link: nothing may be left of the attempt. */
TEST(no_fds)
{
	struct pairfuse_info before, after;
	struct rlimit few, was;
	struct counts c;
	struct pair p;
	int dev = dev_open();

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	need(dev_info(dev, &before));
	need(getrlimit(RLIMIT_NOFILE, &was));
	few = was;
	few.rlim_cur = need(dup(0));
	close(few.rlim_cur);
	need(setrlimit(RLIMIT_NOFILE, &few));
	refused(pair_try(&p, dev, hook, 0), EMFILE);
	need(setrlimit(RLIMIT_NOFILE, &was));
	check(!hooked(CALLED), "%s is hooked", CALLED);
	call_n(10);
	equal(pair_count(&p, C_ENTRY), 0, "runs after a refusal");
	eventually(30, ({ need(dev_info(dev, &after)); after.nr_free == before.nr_free; }));
	pair_attach(&p, dev);
	call_n(10);
	pair_check(&p);
	pair_unload(&p);
}
