// SPDX-License-Identifier: GPL-2.0
/*
 * vmtest [--hook shared|direct] [--scale N] TEST: one test of the kernel
 * module, without loader and analysis; with TEST-leaf the usual pair's entry program
 * calls nothing, and has another kind of stub. vmtest list: their names. vmtest
 * snapshot: what BPF and ftrace hold now (see snapshot.c). The runner is the
 * script `run`.
 */
#include "vm.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

unsigned int hook = PAIRFUSE_HOOK_SHARED;
unsigned int scale = 100;
unsigned int slower = 1;
bool leaf_entries;

/* What at_end() was given, and by whom: children leave it alone. */
static void (*end)(void);
static pid_t end_pid;

void at_end(void (*restore)(void))
{
	end = restore;
	end_pid = getpid();
}

static void ended(void)
{
	void (*restore)(void) = end;

	end = NULL;
	if (restore && end_pid == getpid())
		restore();
}

void fail_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	/* Not exit(): threads of the test may still be calling. */
	fflush(stderr);
	ended();
	_exit(1);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

void pause_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

unsigned int random_below(unsigned int n)
{
	return n ? (unsigned int)random() % n : 0;
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#define X(name) { #name, test_##name },
	TESTS(X)
#undef X
};

static int usage(void)
{
	fprintf(stderr, "usage: vmtest [--hook shared|direct] [--scale PERCENT] [--seed N] TEST|list|snapshot\n");
	return 2;
}

/* Cuts "-leaf" off. */
static bool ends_in_leaf(char *name)
{
	size_t len = strlen(name);

	if (len < 5 || strcmp(name + len - 5, "-leaf"))
		return false;
	name[len - 5] = '\0';
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "hook", required_argument, NULL, 'h' },
		{ "scale", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{}
	};
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned int seed = time(NULL);
	size_t i;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'h':
			hook = strcmp(optarg, "direct") ? PAIRFUSE_HOOK_SHARED :
							  PAIRFUSE_HOOK_DIRECT;
			break;
		case 's':
			scale = atoi(optarg);
			break;
		case 'r':
			seed = atoi(optarg);
			break;
		default:
			return usage();
		}
	}
	if (optind + 1 != argc)
		return usage();

	leaf_entries = ends_in_leaf(argv[optind]);
	if (getenv("TIMES"))
		slower = atoi(getenv("TIMES"));
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	signal(SIGPIPE, SIG_IGN);
	srandom(seed);
	if (!strcmp(argv[optind], "snapshot"))
		return snapshot();
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!strcmp(argv[optind], "list")) {
			puts(tests[i].name);
		} else if (!strcmp(argv[optind], tests[i].name)) {
			note("seed %u", seed);
			tests[i].run();
			ended();
			return 0;
		}
	}
	return strcmp(argv[optind], "list") ? usage() : 0;
}
