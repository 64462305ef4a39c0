// SPDX-License-Identifier: GPL-2.0
/*
 * A control group runs out of memory: its tasks die in traced functions, among them the
 * one in which the kernel finds that out, and those who are just attaching.
 */
#include "vm.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT	"/sys/fs/cgroup"
#define GROUP	ROOT "/vmtest_oom"

enum { FAULT, SLEEP, NR_PAIRS };

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s > %s: %s",
	      text, path, strerror(errno));
	close(fd);
}

/* Dead tasks leave it a moment after they have been waited for. */
static void group_end(void)
{
	int tries;

	put(GROUP "/cgroup.kill", "1");
	for (tries = 0; rmdir(GROUP) && tries < 1000; tries++)
		pause_ms(10);
	put(ROOT "/cgroup.subtree_control", "-memory");
}

static void group_new(void)
{
	put(ROOT "/cgroup.subtree_control", "+memory");
	need(mkdir(GROUP, 0700));
	at_end(group_end);
	put(GROUP "/memory.max", "24M");
	put(GROUP "/memory.oom.group", "1");
}

static u64 killed(void)
{
	FILE *f = fopen(GROUP "/memory.events", "re");
	unsigned long long n = 0, found = 0;
	char word[64];

	check(f, GROUP "/memory.events: %s", strerror(errno));
	while (fscanf(f, "%63s %llu", word, &n) == 2)
		if (!strcmp(word, "oom_kill"))
			found = n;
	fclose(f);
	return found;
}

/* A child in the group; run() does not return. */
static pid_t member(void (*run)(void))
{
	pid_t pid = need(fork());

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		put(GROUP "/cgroup.procs", "0");
		run();
	}
	return pid;
}

static void sleep_in_function(void)
{
	struct pairfuse_test t = { .what = PAIRFUSE_TEST_SLEEP, .n = 1, .arg = 100000 };
	int fd = open(PAIRFUSE_TEST_DEVICE, O_RDWR);

	need(dup2(fd, 0));
	close_range(1, ~0U, 0);
	ioctl(0, PAIRFUSE_TEST_CALL, &t);
	_exit(1);
}

static void hog(void)
{
	const size_t size = 256 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	close_range(0, ~0U, 0);
	for (i = 0; p != MAP_FAILED && i < size; i += 4096)
		p[i] = 1;
	_exit(1);
}

/* What an attacher has from before it came into the group. */
static struct pair offered;
static int offered_dev;

/* It may be told that there is no memory, too. */
static void attacher(void)
{
	for (;;) {
		if (pair_try(&offered, offered_dev, hook, 0) < 0) {
			check(errno == ENOMEM, "attach: %s", strerror(errno));
			continue;
		}
		call_n(10);
		pair_detach(&offered);
	}
}

static void must_be_killed(pid_t pid, const char *who)
{
	int status;

	need(waitpid(pid, &status, 0));
	equal(status, SIGKILL, who);
}

TEST(oom)
{
	struct pairfuse_link_info li;
	struct pair p[NR_PAIRS];
	int dev = dev_open();
	unsigned int round;
	struct counts c;

	group_new();
	counts_new(&c);
	pair_load(&p[FAULT], "handle_mm_fault", &c, 0);
	pair_load(&p[SLEEP], "pairfuse_test_sleep", &c, NR_PAIR_COUNTS);
	pair_attach(&p[FAULT], dev);
	pair_attach(&p[SLEEP], dev);
	for (round = 1; round <= 3; round++) {
		pid_t sleeper = member(sleep_in_function);

		eventually(10, pair_count(&p[SLEEP], C_ENTRY) == round &&
			       task_state(sleeper) == 'S');
		must_be_killed(member(hog), "who wanted too much");
		must_be_killed(sleeper, "who slept meanwhile");
		/* the kernel counts some twice */
		check(killed() >= 2 * round, "%llu killed for memory", (unsigned long long)killed());
		equal(pair_count(&p[SLEEP], C_EXIT), round, "exit runs of a killed sleeper");
		pair_check(&p[SLEEP]);
	}
	/* Everybody faults: it is nobody's turn at some time. */
	eventually(10, (link_info(p[FAULT].link, &li), li.in_flight == 0));
	check_sums(&li);
	check(pair_count(&p[FAULT], C_EXIT) > 300, "%llu faults",
	      (unsigned long long)pair_count(&p[FAULT], C_EXIT));
	equal(pair_count(&p[FAULT], C_BAD), 0, "wrong states");
	pair_unload(&p[FAULT]);
	pair_unload(&p[SLEEP]);
}

/* Who is killed while attaching leaves nothing: the runner looks. */
TEST(oom_attach)
{
	struct load *l = load_start(1);
	struct pairfuse_info info;
	unsigned int round;
	struct counts c;

	offered_dev = dev_open();
	counts_new(&c);
	pair_load(&offered, CALLED, &c, 0);
	group_new();
	for (round = 1; round <= 5; round++) {
		pid_t victim = member(attacher);

		pause_ms(random_below(1000));
		must_be_killed(member(hog), "who wanted too much");
		must_be_killed(victim, "who attached meanwhile");
	}
	load_stop(l);
	eventually(60, ({ need(dev_info(offered_dev, &info)); info.nr_free == info.nr_stubs; }));
	check(pair_count(&offered, C_EXIT) > 0, "nobody attached");
	equal(pair_count(&offered, C_BAD), 0, "wrong states");
	pair_unload(&offered);
}
