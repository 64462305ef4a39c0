// SPDX-License-Identifier: GPL-2.0
/*
 * pairs: random pairs, original against rewritten.
 *
 *   pairs [--count N | --pairs N] [--seed S] [--jobs J] [--calls N] [--least PERCENT]
 *                           N cases S, S + 1, ..., or as many as N pairs take, by J
 *                           processes; ends at the first difference, or with status 1
 *                           if fewer than PERCENT were fused
 *   pairs --case S          that case: its programs and, made small, what differs
 *   pairs --list [...]      the number of each case that differs, and go on
 *   pairs --damage [...]    is it noticed when the rewritten programs are wrong?
 *                           status 1 if that is seen of fewer than PERCENT
 *   pairs --verifier [...]  what does the running kernel's verifier say?
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "kernel.h"

#define SECONDS_PER_CASE	20	/* of CPU time; more is a hang */
#define MAX_JOBS		64
#define BLOCK			256	/* cases that a process takes at once */

static unsigned int calls = 24;
static struct fuzz_stats stats;

/* What the processes of a run share. */
static struct shared {
	unsigned long next;		/* case, counted from the first */
	unsigned long pairs, differ;
	struct fuzz_stats stats[MAX_JOBS];
} *shared;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void limit(unsigned int seconds)
{
	setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
}

/* A crash or a hang: which case was it? Only what signal handlers may call. */
static void died(int sig)
{
	char text[64] = "pairs: died in case ", *p = text + strlen(text), digits[20];
	__u64 n = fuzz_current;
	int i = 0;

	do {
		digits[i++] = '0' + n % 10;
	} while (n /= 10);
	while (i)
		*p++ = digits[--i];
	*p++ = '\n';
	if (write(2, text, p - text) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void show_stats(double seconds)
{
	unsigned int r;

	printf("%lu cases, %lu pairs, %lu instructions; %.0f s, %.0f pairs/s\n", stats.cases,
	       stats.pairs, stats.insns, seconds, stats.pairs / (seconds + 1e-9));
	printf("fused: %lu (%.1f %%): %lu slot, %lu slot with exact nesting, %lu task storage; %lu exits always run\n",
	       stats.fused, 100.0 * stats.fused / (stats.pairs ?: 1), stats.slot, stats.exact,
	       stats.task, stats.always);
	printf("with:");
	for (r = 0; r < 32; r++)
		if (stats.opts[r])
			printf(" %s %lu", pairfuse_opt_name(1U << r), stats.opts[r]);
	printf("\nrefused:");
	for (r = 1; r < PAIRFUSE_REASON_COUNT; r++)
		if (stats.refused[r])
			printf(" %s %lu", pairfuse_reason_id(r), stats.refused[r]);
	printf("\ncompared after each of %lu program runs\n", stats.programs);
}

static void show_case(__u64 seed)
{
	static bool drop[FUZZ_MAX_STMTS];
	unsigned int n = calls, left;
	char buf[256];

	if (!fuzz_check(seed, NULL, n, NULL, NULL, buf, sizeof(buf))) {
		fuzz_report(seed, NULL, n, stdout);
		return;
	}
	left = fuzz_minimise(seed, drop, &n);
	printf("%s; made smaller, to %u statements and %u calls:\n", buf, left, n);
	fuzz_report(seed, drop, n, stdout);
}

struct plan {
	__u64 seed;
	unsigned long count;		/* cases; 0: until there are pairs */
	unsigned long pairs;
	bool list;
};

/* The next cases that nobody has taken; how many. */
static unsigned long take(const struct plan *p, unsigned long *first)
{
	if (shared->differ && !p->list)
		return 0;
	if (!p->count && __atomic_load_n(&shared->pairs, __ATOMIC_RELAXED) >= p->pairs)
		return 0;
	*first = __atomic_fetch_add(&shared->next, BLOCK, __ATOMIC_RELAXED);
	if (!p->count)
		return BLOCK;
	return *first >= p->count ? 0 : p->count - *first < BLOCK ? p->count - *first : BLOCK;
}

static void found(const struct plan *p, __u64 seed, const char *what)
{
	bool show = !__atomic_fetch_add(&shared->differ, 1, __ATOMIC_RELAXED) && !p->list;

	printf("case %llu: %s\n", seed, what);
	limit(0);
	if (show)
		show_case(seed);
}

static void work(const struct plan *p, unsigned int job)
{
	struct fuzz_stats *s = &shared->stats[job];
	unsigned long first, n, i, before;
	char buf[256];

	while ((n = take(p, &first))) {
		before = s->pairs;
		for (i = first; i < first + n && (!shared->differ || p->list); i++) {
			limit(SECONDS_PER_CASE);
			if (fuzz_check(p->seed + i, NULL, calls, NULL, s, buf, sizeof(buf)))
				found(p, p->seed + i, buf);
		}
		__atomic_fetch_add(&shared->pairs, s->pairs - before, __ATOMIC_RELAXED);
	}
	limit(0);
}

/* All numbers in it are counts. */
static void add_stats(const struct fuzz_stats *s)
{
	const unsigned long *from = (const unsigned long *)s;
	unsigned long *to = (unsigned long *)&stats;
	size_t i;

	for (i = 0; i < sizeof(stats) / sizeof(*to); i++)
		to[i] += from[i];
}

static bool wait_for(unsigned int jobs, double begin)
{
	double shown = begin;
	int status, left = jobs;
	bool ok = true;
	pid_t pid;

	while (left) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0) {
			left--;
			ok &= WIFEXITED(status) && !WEXITSTATUS(status);
			continue;
		}
		usleep(20000);
		if (now() - shown < 30)
			continue;
		shown = now();
		fprintf(stderr, "pairs: %lu cases, %lu pairs, %.0f pairs/s\n", shared->next,
			shared->pairs, shared->pairs / (shown - begin));
	}
	return ok;
}

/* How many differ; a process that has died is one. */
static unsigned long run(const struct plan *p, unsigned int jobs)
{
	bool forks = jobs > 1 || !p->count, ok = true;
	double begin = now();
	unsigned int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		perror("pairs: mmap");
		return 1;
	}
	for (i = 0; i < jobs && forks; i++) {
		if (fork())
			continue;
		work(p, i);
		exit(0);
	}
	if (forks)
		ok = wait_for(jobs, begin);
	else
		work(p, 0);
	for (i = 0; i < jobs; i++)
		add_stats(&shared->stats[i]);
	show_stats(now() - begin);
	printf("%lu differ\n", shared->differ);
	return shared->differ + !ok;
}

/* Cases whose rewritten programs have been changed, until there are that many. */
static bool damaged(__u64 seed, unsigned long count, unsigned long least)
{
	unsigned long changed = 0, noticed = 0;
	int what;

	while (changed < count) {
		what = fuzz_damage(seed++, calls);
		changed += what >= 0;
		noticed += what > 0;
	}
	printf("%lu changes of an instruction: %lu noticed (%.1f %%)\n", changed, noticed,
	       100.0 * noticed / (changed ?: 1));
	return noticed * 100 >= least * changed;
}

static int verify(__u64 seed, unsigned long count)
{
	struct fuzz_verified v = { 0 };

	if (!kernel_usable()) {
		fprintf(stderr, "pairs: bpf(2) is not permitted here\n");
		return 1;
	}
	while (count--)
		fuzz_verify(seed++, &v);
	printf("verifier: %lu of %lu original programs accepted, %u rewritten ones; %lu of %lu cases with fused pairs rejected\n",
	       v.accepted, v.originals, kernel_loaded, v.rejected, v.cases);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: pairs [--count N | --pairs N] [--seed S] [--jobs J] [--calls N] [--least PERCENT] [--list]\n"
			"       pairs --case S [--calls N]\n"
			"       pairs --damage [--count N] [--seed S] [--calls N] [--least PERCENT]\n"
			"       pairs --verifier [--count N] [--seed S]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "pairs", required_argument, NULL, 'P' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 's' },
		{ "case", required_argument, NULL, 'c' },
		{ "calls", required_argument, NULL, 'i' },
		{ "least", required_argument, NULL, 'p' },
		{ "list", no_argument, NULL, 'l' },
		{ "damage", no_argument, NULL, 'd' },
		{ "verifier", no_argument, NULL, 'v' },
		{ 0 }
	};
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGPROF };
	struct plan plan = { .seed = 1, .count = 20000 };
	bool one = false, damage = false, verifier = false;
	unsigned long least = 0, jobs = 1;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			plan.count = strtoul(optarg, NULL, 0);
			break;
		case 's':
		case 'c':
			plan.seed = strtoull(optarg, NULL, 0);
			one |= c == 'c';
			break;
		case 'P':
			plan.pairs = strtoul(optarg, NULL, 0);
			plan.count = 0;
			break;
		case 'j':
			jobs = strtoul(optarg, NULL, 0);
			break;
		case 'i':
			calls = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			least = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			plan.list = true;
			break;
		case 'd':
			damage = true;
			break;
		case 'v':
			verifier = true;
			break;
		default:
			return usage();
		}
	}
	if (optind != argc || !jobs || jobs > MAX_JOBS)
		return usage();
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], died);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (one) {
		show_case(plan.seed);
		return 0;
	}
	if (verifier)
		return verify(plan.seed, plan.count);
	if (damage)
		return !damaged(plan.seed, plan.count, least);
	if (run(&plan, jobs))
		return 1;
	if (stats.fused * 100 < least * stats.pairs) {
		printf("less than %lu %% were fused: this tests little\n", least);
		return 1;
	}
	return 0;
}
