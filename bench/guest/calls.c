// SPDX-License-Identifier: GPL-2.0
/*
 * calls KIND: a call that is traced, in a loop, when told and as often as told.
 *
 *   getpgid, pread	system calls
 *   plain, hand	one ioctl each, see bench/kmod/pairfuse_bench.c
 *   args0 ... args6	a function with so many arguments, called in the kernel by one
 *			ioctl for all calls, see tests/vm/kmod/pairfuse_test.c
 *
 * Says `ready`, then for each number read from standard input makes so many
 * calls and answers with the nanoseconds they took. Under icount that is the
 * number of instructions. Nothing is allocated, printed or looked up while the
 * clock runs. It starts right behind a timer tick, so that few calls see none.
 * `events` is answered with what `hand` has counted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pairfuse_bench.h"
#include "pairfuse_test.h"

#define PAGE	4096
#define PATH	"/scratch/calls.data"

static int fd = -1, nr_args;
static char page[PAGE] __attribute__((aligned(PAGE)));

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Each a loop of its own: no indirect call, no switch in between. */
static void getpgid_calls(long n)
{
	while (n--)
		syscall(SYS_getpgid, 0);
}

static void pread_calls(long n)
{
	while (n--)
		syscall(SYS_pread64, fd, page, PAGE, 0);
}

static void plain_calls(long n)
{
	while (n--)
		ioctl(fd, PAIRFUSE_BENCH_PLAIN, 0);
}

static void hand_calls(long n)
{
	while (n--)
		ioctl(fd, PAIRFUSE_BENCH_HAND, 0);
}

static void args_calls(long n)
{
	struct pairfuse_test t = { .what = PAIRFUSE_TEST_ARGS, .n = n, .arg = nr_args };

	must(!ioctl(fd, PAIRFUSE_TEST_CALL, &t) && t.calls == t.n && !t.wrong, "args");
}

static void open_data(void)
{
	fd = open(PATH, O_CREAT | O_RDWR, 0600);
	must(fd >= 0 && write(fd, page, PAGE) == PAGE && !fsync(fd), PATH);
	/* no update of the access time in between */
	close(fd);
	fd = open(PATH, O_RDONLY | O_NOATIME);
	must(fd >= 0, PATH);
}

static void open_device(const char *path)
{
	fd = open(path, O_RDWR);
	must(fd >= 0, path);
}

static const struct kind {
	const char *name;
	void (*calls)(long n);
	const char *device;
} kinds[] = {
	{ "getpgid", getpgid_calls, NULL },
	{ "pread", pread_calls, NULL },
	{ "plain", plain_calls, PAIRFUSE_BENCH_DEVICE },
	{ "hand", hand_calls, PAIRFUSE_BENCH_DEVICE },
	{ "args", args_calls, PAIRFUSE_TEST_DEVICE },
	{}
};

static const struct kind *kind_of(const char *name)
{
	const struct kind *k;

	for (k = kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	if (!strncmp(name, "args", 4) && name[4] >= '0' && name[4] <= '6' && !name[5]) {
		nr_args = name[4] - '0';
		return kind_of("args");
	}
	fprintf(stderr, "calls: no kind '%s'\n", name);
	exit(2);
}

static long long run(const struct kind *k, long n)
{
	long long start, tick = now(CLOCK_MONOTONIC_COARSE);

	while (now(CLOCK_MONOTONIC_COARSE) == tick)
		;
	start = now(CLOCK_MONOTONIC);
	k->calls(n);
	return now(CLOCK_MONOTONIC) - start;
}

int main(int argc, char **argv)
{
	const struct kind *k;
	char line[64];

	if (argc != 2) {
		fprintf(stderr, "usage: calls getpgid|pread|plain|hand|args0...args6\n");
		return 2;
	}
	k = kind_of(argv[1]);
	if (k->device)
		open_device(k->device);
	else if (k->calls == pread_calls)
		open_data();
	mlockall(MCL_CURRENT);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "events\n")) {
			__u64 events;

			must(!ioctl(fd, PAIRFUSE_BENCH_EVENTS, &events), "events");
			printf("%llu\n", (unsigned long long)events);
		} else {
			printf("%lld\n", run(k, atol(line)));
		}
		fflush(stdout);
	}
	return 0;
}
