// SPDX-License-Identifier: GPL-2.0
/*
 * fsload DIR THREADS N: a known number of file operations, when told.
 *
 * Says `ready PID` when all is prepared (files made, nothing left to load).
 * Then, for each line of standard input:
 *
 *   ok      each thread N times: open, read, write, fsync, fstat
 *   fail    each thread N times: a read of nothing (which returns early), a
 *           write that fails with EFBIG
 *   end     end of file: leave
 *
 * and answers `done`. Threads are spread over the CPUs, each bound to one.
 * Between the lines it does nothing, so whoever counts
 * knows what to expect.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_THREADS	16
#define PAGE		4096
#define FILE_LIMIT	(64 * PAGE)

struct thread {
	pthread_t t;
	int cpu;
	char path[256];
};

static struct thread threads[MAX_THREADS];
static long n;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fsload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void bind_to_cpu(const struct thread *t)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(t->cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void *run_ok(void *arg)
{
	struct thread *t = arg;
	char page[PAGE] = "";
	struct stat st;
	long i;
	int fd;

	bind_to_cpu(t);
	for (i = 0; i < n; i++) {
		fd = open(t->path, O_RDWR);
		must(fd >= 0, "open");
		must(pread(fd, page, PAGE, 0) == PAGE, "read");
		must(pwrite(fd, page, PAGE, 0) == PAGE, "write");
		must(fsync(fd) == 0, "fsync");
		must(fstat(fd, &st) == 0, "fstat");
		close(fd);
	}
	return NULL;
}

static void *run_fail(void *arg)
{
	struct thread *t = arg;
	char c = 0;
	long i;
	int fd;

	bind_to_cpu(t);
	fd = open(t->path, O_RDWR);
	must(fd >= 0, "open");
	for (i = 0; i < n; i++) {
		must(pread(fd, &c, 0, 0) == 0, "read of nothing");
		must(pwrite(fd, &c, 1, FILE_LIMIT) < 0 && errno == EFBIG, "write beyond the limit");
	}
	close(fd);
	return NULL;
}

static void run(long nr, void *(*fn)(void *))
{
	long i;

	for (i = 0; i < nr; i++)
		must(!pthread_create(&threads[i].t, NULL, fn, &threads[i]), "pthread_create");
	for (i = 0; i < nr; i++)
		pthread_join(threads[i].t, NULL);
}

static void prepare(const char *dir, long nr)
{
	const struct rlimit limit = { FILE_LIMIT, FILE_LIMIT };
	char page[PAGE] = "";
	long i, keep = n;
	int fd;

	for (i = 0; i < nr; i++) {
		threads[i].cpu = i % sysconf(_SC_NPROCESSORS_ONLN);
		snprintf(threads[i].path, sizeof(threads[i].path), "%s/fsload.%d.%ld", dir,
			 getpid(), i);
		fd = open(threads[i].path, O_CREAT | O_TRUNC | O_RDWR, 0600);
		must(fd >= 0, threads[i].path);
		must(pwrite(fd, page, PAGE, 0) == PAGE, "write");
		must(fsync(fd) == 0, "fsync");
		close(fd);
	}
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
	/* Once, so that nothing is left to be resolved or paged in. */
	n = 1;
	run(nr, run_ok);
	run(nr, run_fail);
	n = keep;
}

int main(int argc, char **argv)
{
	long nr, i;
	char line[64];

	if (argc != 4 || (nr = atol(argv[2])) < 1 || nr > MAX_THREADS || (n = atol(argv[3])) < 1) {
		fprintf(stderr, "usage: fsload DIR THREADS N\n");
		return 2;
	}
	prepare(argv[1], nr);
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "ok\n"))
			run(nr, run_ok);
		else if (!strcmp(line, "fail\n"))
			run(nr, run_fail);
		else
			break;
		puts("done");
		fflush(stdout);
	}
	for (i = 0; i < nr; i++)
		unlink(threads[i].path);
	return 0;
}
