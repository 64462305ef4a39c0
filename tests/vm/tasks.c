// SPDX-License-Identifier: GPL-2.0
/* Tasks that exec, exit and are killed inside traced functions. */
#include "vm.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void spawn_exec(void)
{
	pid_t pid = need(fork());
	int status;

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(99);
	}
	need(waitpid(pid, &status, 0));
	equal(status, 0, "status of an exec'd child");
}

static void spawn_exec_fails(void)
{
	pid_t pid = need(fork());
	int status;

	if (!pid) {
		execl("/nonexistent", "x", NULL);
		_exit(7);
	}
	need(waitpid(pid, &status, 0));
	equal(WEXITSTATUS(status), 7, "status of a child whose exec failed");
}

/* One thread of several execs: the others die wherever they are. */
static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void spawn_exec_threads(void)
{
	pid_t pid = need(fork());
	pthread_t t;
	int status;

	if (!pid) {
		pthread_create(&t, NULL, sleep_for_ever, NULL);
		pthread_create(&t, NULL, sleep_for_ever, NULL);
		execl("/bin/true", "true", NULL);
		_exit(99);
	}
	need(waitpid(pid, &status, 0));
	equal(status, 0, "status of a threaded child");
}

/*
 * Pairs on execve, on what runs during exit, on wait and on pause: tasks enter
 * with one memory map and leave with another, die sleeping, exit in threads.
 */
TEST(exec_exit)
{
	static const char *const funcs[][3] = {
		{ "__x64_sys_execve" },
		{ "exit_mmap" },
		{ "kernel_wait4" },
		{ "exit_files" },
	};
	static const unsigned int rounds = 10;
	struct pairfuse_link_info li;
	struct pair p[ARRAY_SIZE(funcs)];
	struct sleeper s;
	struct counts c;
	int dev = dev_open();
	unsigned int i;

	counts_new(&c);
	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		pair_load(&p[i], first_of(funcs[i]), &c, i * NR_PAIR_COUNTS);
		pair_attach(&p[i], dev);
	}
	for (i = 0; i < rounds; i++) {
		spawn_exec();
		spawn_exec_fails();
		spawn_exec_threads();
		sleeper_start(&s);
		sleeper_kill(&s);
	}
	/* Other processes of the machine may add to the counts. */
	check(pair_count(&p[0], C_EXIT) >= 3 * rounds, "execs: %llu",
	      (unsigned long long)pair_count(&p[0], C_EXIT));
	check(pair_count(&p[1], C_EXIT) >= 5 * rounds, "exits of memory maps: %llu",
	      (unsigned long long)pair_count(&p[1], C_EXIT));
	check(pair_count(&p[2], C_EXIT) >= 4 * rounds, "waits: %llu",
	      (unsigned long long)pair_count(&p[2], C_EXIT));
	check(pair_count(&p[3], C_EXIT) >= 6 * rounds, "exits of files: %llu",
	      (unsigned long long)pair_count(&p[3], C_EXIT));
	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		equal(pair_count(&p[i], C_BAD), 0, funcs[i][0]);
		link_info(p[i].link, &li);
		check_sums(&li);
	}
}
