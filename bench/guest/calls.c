// SPDX-License-Identifier: GPL-2.0
/*
 * calls getpgid|pread: a system call in a loop, when told and as often as told.
 *
 * Says `ready`, then for each number read from standard input makes so many
 * calls and answers with the nanoseconds they took. Under icount that is the
 * number of instructions. Nothing is allocated, printed or looked up while the
 * clock runs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096
#define PATH	"/scratch/calls.data"

static int fd = -1;
static char page[PAGE] __attribute__((aligned(PAGE)));

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long getpgid_loop(long n)
{
	long long start = now();

	while (n--)
		syscall(SYS_getpgid, 0);
	return now() - start;
}

static long long pread_loop(long n)
{
	long long start = now();

	while (n--)
		syscall(SYS_pread64, fd, page, PAGE, 0);
	return now() - start;
}

static int open_data(void)
{
	fd = open(PATH, O_CREAT | O_RDWR, 0600);
	if (fd < 0 || write(fd, page, PAGE) != PAGE || fsync(fd))
		return -1;
	/* no update of the access time in between */
	close(fd);
	fd = open(PATH, O_RDONLY | O_NOATIME);
	return fd;
}

int main(int argc, char **argv)
{
	char line[64];
	int pread;

	if (argc != 2 || (strcmp(argv[1], "getpgid") && strcmp(argv[1], "pread"))) {
		fprintf(stderr, "usage: calls getpgid|pread\n");
		return 2;
	}
	pread = !strcmp(argv[1], "pread");
	if (pread && open_data() < 0) {
		perror(PATH);
		return 1;
	}
	mlockall(MCL_CURRENT);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		long n = atol(line);

		printf("%lld\n", pread ? pread_loop(n) : getpgid_loop(n));
		fflush(stdout);
	}
	return 0;
}
