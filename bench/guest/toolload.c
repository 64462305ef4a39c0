// SPDX-License-Identifier: GPL-2.0
/*
 * toolload KIND...: the events that tools trace, when told and as often as told.
 *
 * Prepares everything for these kinds, says `ready PID`, then for each line
 * `KIND N` read from standard input makes N such events, in this one thread
 * (futexwait alone has a second one, to be woken by), and answers with the
 * nanoseconds they took. Under icount that is the number of instructions.
 * Nothing is allocated, printed or looked up while the clock runs, and an event
 * leaves everything as it was, so that the next one costs the same. The clock
 * starts right behind a timer tick, so that few events see none, in every arm.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE	       4096
#define BIG	       (16 << 20)
#define FILE_ON_DISK   "/scratch/toolload.data"
#define FILE_IN_MEMORY "/dev/shm/toolload.data"
#define FILE_SHORT     "/dev/shm/toolload.new"
#define NOWHERE	       "/dev/shm/toolload.nowhere"
#define PORT_BIND      20001
#define PORT_LISTEN    20002
#define PORT_REFUSED   9

static char page[PAGE] __attribute__((aligned(PAGE)));
static char *big;
static int disk_fd, listen_fd, connect_fd;
static int word;
static volatile int woken;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "toolload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* --- files --- */

static void make_file(const char *path, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);

	must(fd >= 0, path);
	while (size > 0) {
		must(write(fd, page, PAGE) == PAGE, "write");
		size -= PAGE;
	}
	must(!fsync(fd), "fsync");
	close(fd);
}

static void prepare_read(void)
{
	make_file(FILE_ON_DISK, BIG);
	big = malloc(BIG);
	must(big != NULL, "malloc");
	/* no update of the access time in between */
	disk_fd = open(FILE_ON_DISK, O_RDONLY | O_NOATIME);
	must(disk_fd >= 0, FILE_ON_DISK);
	must(pread(disk_fd, big, BIG, 0) == BIG, "read");
}

static int do_read(void)
{
	return pread(disk_fd, page, PAGE, 0) == PAGE;
}

static int do_bigread(void)
{
	return pread(disk_fd, big, BIG, 0) == BIG;
}

static void prepare_open(void)
{
	make_file(FILE_IN_MEMORY, PAGE);
}

static int do_open(void)
{
	int fd = syscall(SYS_openat, AT_FDCWD, FILE_IN_MEMORY, O_RDONLY, 0);

	return fd >= 0 && !close(fd);
}

static int do_openfail(void)
{
	return syscall(SYS_openat, AT_FDCWD, NOWHERE, O_RDONLY, 0) < 0;
}

static int do_stat(void)
{
	struct stat st;

	return !syscall(SYS_newfstatat, AT_FDCWD, FILE_IN_MEMORY, &st, 0);
}

static int do_statfail(void)
{
	struct stat st;

	return syscall(SYS_newfstatat, AT_FDCWD, NOWHERE, &st, 0) < 0;
}

static int do_unlink(void)
{
	int fd = open(FILE_SHORT, O_CREAT | O_EXCL | O_RDWR, 0600);

	return fd >= 0 && !close(fd) && !unlink(FILE_SHORT);
}

/* A mount that fails when all of its arguments have been taken. */
static int do_mount(void)
{
	return mount("none", NOWHERE, "tmpfs", 0, NULL) < 0;
}

/* --- sockets --- */

static int do_bind(void)
{
	struct sockaddr_in a = address(PORT_BIND);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int ok = !bind(fd, (struct sockaddr *)&a, sizeof(a));

	return !close(fd) && ok;
}

/* A socket that is bound already. */
static int do_bindfail(void)
{
	struct sockaddr_in a = address(PORT_BIND);

	return bind(listen_fd, (struct sockaddr *)&a, sizeof(a)) < 0;
}

static void prepare_listen(void)
{
	struct sockaddr_in a = address(PORT_LISTEN);

	if (listen_fd > 0)
		return;
	listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	must(!bind(listen_fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(!listen(listen_fd, 16), "listen");
}

static int do_listen(void)
{
	return !listen(listen_fd, 16);
}

static void prepare_refused(void)
{
	connect_fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect_fd >= 0, "socket");
}

/* Afterwards the socket is as new. */
static int do_refused(void)
{
	struct sockaddr_in a = address(PORT_REFUSED);

	return connect(connect_fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED;
}

/* Ended by RST, so that no socket stays in TIME_WAIT. */
static int do_connect(void)
{
	const struct linger off = { 1, 0 };
	struct sockaddr_in a = address(PORT_LISTEN);
	int fd = socket(AF_INET, SOCK_STREAM, 0), other;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return 0;
	other = accept(listen_fd, NULL, NULL);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	return other >= 0 && !close(fd) && !close(other);
}

/* --- other system calls --- */

static int do_getpgid(void)
{
	return syscall(SYS_getpgid, 0) >= 0;
}

static int do_getpid(void)
{
	return syscall(SYS_getpid) > 0;
}

/* The value is not the expected one, so it does not wait. */
static int do_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0) < 0;
}

static void *wake(void *arg)
{
	while (!woken) {
		usleep(1000);
		syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

/* It waits, until another thread wakes it. (To join that would be a futex, too.) */
static int do_futexwait(void)
{
	pthread_t t;
	int ok;

	woken = 0;
	must(!pthread_create(&t, NULL, wake, NULL), "pthread_create");
	pthread_detach(t);
	ok = !syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	woken = 1;
	usleep(10000);
	return ok;
}

static int do_kill(void)
{
	return !kill(getpid(), 0);
}

static int do_killfail(void)
{
	return kill(0x3ffffff0, 0) < 0;
}

static int do_exec(void)
{
	static char *const argv[] = { NOWHERE, "-a", "-b", NULL };
	static char *const envp[] = { NULL };

	return execve(NOWHERE, argv, envp) < 0;
}

/* It looks for CAP_SYS_ADMIN first, at the length then. */
static int do_capable(void)
{
	return syscall(SYS_sethostname, "", -1) < 0 && errno == EINVAL;
}

static const struct kind {
	const char *name;
	int (*event)(void);
	void (*prepare)(void);
} kinds[] = {
	{ "bigread", do_bigread, prepare_read },
	{ "bind", do_bind, NULL },
	{ "bindfail", do_bindfail, prepare_listen },
	{ "capable", do_capable, NULL },
	{ "connect", do_connect, prepare_listen },
	{ "exec", do_exec, NULL },
	{ "futex", do_futex, NULL },
	{ "futexwait", do_futexwait, NULL },
	{ "getpgid", do_getpgid, NULL },
	{ "getpid", do_getpid, NULL },
	{ "kill", do_kill, NULL },
	{ "killfail", do_killfail, NULL },
	{ "listen", do_listen, prepare_listen },
	{ "mount", do_mount, NULL },
	{ "open", do_open, prepare_open },
	{ "openfail", do_openfail, NULL },
	{ "read", do_read, prepare_read },
	{ "refused", do_refused, prepare_refused },
	{ "stat", do_stat, prepare_open },
	{ "statfail", do_statfail, NULL },
	{ "unlink", do_unlink, NULL },
};

static const struct kind *kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "toolload: '%s' is no kind of event\n", name);
	exit(2);
}

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long run(const struct kind *kind, long n)
{
	long long start, tick = now(CLOCK_MONOTONIC_COARSE);
	int ok = 1;

	while (now(CLOCK_MONOTONIC_COARSE) == tick)
		;
	start = now(CLOCK_MONOTONIC);
	while (n--)
		ok &= kind->event();
	start = now(CLOCK_MONOTONIC) - start;
	must(ok, kind->name);
	return start;
}

int main(int argc, char **argv)
{
	char line[64], name[32];
	long n;
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: toolload KIND...\n");
		return 2;
	}
	for (i = 1; i < argc; i++)
		if (kind_of(argv[i])->prepare)
			kind_of(argv[i])->prepare();
	mlockall(MCL_CURRENT);
	for (i = 1; i < argc; i++)
		run(kind_of(argv[i]), 1);
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		must(sscanf(line, "%31s %ld", name, &n) == 2, line);
		printf("%lld\n", run(kind_of(name), n));
		fflush(stdout);
	}
	return 0;
}
