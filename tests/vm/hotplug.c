// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come back while pairs are attached, called and detached. Counters
 * are kept per CPU: what one counted that is gone must not be lost.
 */
#include "vm.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define ONLINE "/sys/devices/system/cpu/cpu1/online"

static bool cpu1_set(bool on)
{
	int fd = open(ONLINE, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, on ? "1" : "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Whatever happens: other tests want two. */
static void restore(void)
{
	cpu1_set(true);
}

static void cpu1(bool on)
{
	check(cpu1_set(on), ONLINE ": %s", strerror(errno));
	equal(sysconf(_SC_NPROCESSORS_ONLN), on ? 2 : 1, "CPUs");
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	need(sched_setaffinity(0, sizeof(set), &set));
}

static void unpin(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	need(sched_setaffinity(0, sizeof(set), &set));
}

/* Two threads, on what CPUs there are, and everything counted since attach. */
static void count(struct load *l, struct pair *p, struct counts *c)
{
	load_pause(l);
	pair_check(p);
	counts_zero(c);
	pair_mark(p);
	call_threads(2, 200);
	equal(pair_count(p, C_ENTRY), 400, "entry runs");
	equal(pair_count(p, C_EXIT), 400, "exit runs");
	pair_check(p);
	load_resume(l);
}

TEST(hotplug)
{
	struct load *l = load_start(2);
	int dev = dev_open();
	unsigned int round;
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	at_end(restore);
	for (round = 0; round < 2; round++) {
		pair_attach(&p, dev);
		count(l, &p, &c);
		cpu1(false);
		count(l, &p, &c);
		cpu1(true);
		count(l, &p, &c);
		cpu1(false);
		pair_detach(&p);
		/* attached with one, calls on two */
		pair_attach(&p, dev);
		count(l, &p, &c);
		cpu1(true);
		count(l, &p, &c);
		pair_detach(&p);
	}
	load_stop(l);
}

/* The calls that were made on a CPU that is not there any more still end. */
TEST(hotplug_asleep)
{
	const char *func = first_of(pipe_read_names);
	struct pairfuse_link_info li;
	int dev = dev_open();
	struct sleeper s;
	struct counts c;
	struct pair p;
	u32 id;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	pair_attach(&p, dev);
	id = p.id;
	at_end(restore);
	pin(1);
	sleeper_start(&s);
	unpin();
	cpu1(false);
	pair_unload(&p);
	check(dev_find(dev, id, &li), "the stub is not listed");
	equal(li.state, PAIRFUSE_LINK_DRAINING, "state");
	check(li.in_flight >= 1, "nobody in flight");
	check_sums(&li);
	sleeper_wake(&s);
	eventually(60, !dev_find(dev, id, &li));
	cpu1(true);
}

static atomic_bool stop;

static void *toggle(void *arg)
{
	unsigned int *n = arg;

	while (!atomic_load(&stop)) {
		cpu1_set(*n & 1);
		++*n;
	}
	return NULL;
}

/* Attach and detach at any moment of that. */
TEST(hotplug_churn)
{
	struct load *l = load_start(2);
	unsigned int toggled = 0, n = 0;
	double end = now() + 6 * slower;
	int dev = dev_open();
	struct counts c;
	struct pair p;
	pthread_t t;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	at_end(restore);
	check(!pthread_create(&t, NULL, toggle, &toggled), "pthread_create");
	for (; now() < end; n++) {
		pair_attach(&p, dev);
		call_n(20);
		load_pause(l);
		pair_check(&p);
		load_resume(l);
		pair_detach(&p);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
	note("attached %u times while a CPU went or came %u times", n, toggled);
	check(n >= 3 && toggled >= 3, "too slow to tell anything");
	load_stop(l);
}
