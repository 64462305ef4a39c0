// SPDX-License-Identifier: GPL-2.0
/*
 * pairs: random pairs, original against rewritten.
 *
 *   pairs [--count N] [--seed S] [--calls N] [--least PERCENT]
 *                           cases S, S + 1, ...; ends at the first difference,
 *                           or with status 1 if fewer than PERCENT were fused
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
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "kernel.h"

#define SECONDS_PER_CASE	20	/* of CPU time; more is a hang */

static unsigned int calls = 24;
static struct fuzz_stats stats;

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

static unsigned long run(__u64 seed, unsigned long count, bool list)
{
	double begin = now(), shown = begin;
	unsigned long i, differ = 0;
	char buf[256];

	for (i = 0; i < count; i++) {
		limit(SECONDS_PER_CASE);
		if (fuzz_check(seed + i, NULL, calls, NULL, &stats, buf, sizeof(buf))) {
			printf("case %llu: %s\n", seed + i, buf);
			differ++;
			if (!list) {
				limit(0);
				show_case(seed + i);
				break;
			}
		}
		if (i % 256 == 0 && now() - shown > 10) {
			shown = now();
			fprintf(stderr, "pairs: %lu of %lu cases, %.0f pairs/s, %.1f %% fused\n", i,
				count, stats.pairs / (shown - begin),
				100.0 * stats.fused / stats.pairs);
		}
	}
	limit(0);
	show_stats(now() - begin);
	printf("%lu differ\n", differ);
	return differ;
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
	fprintf(stderr, "usage: pairs [--count N] [--seed S] [--calls N] [--least PERCENT] [--list]\n"
			"       pairs --case S [--calls N]\n"
			"       pairs --damage [--count N] [--seed S] [--calls N] [--least PERCENT]\n"
			"       pairs --verifier [--count N] [--seed S]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
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
	unsigned long count = 20000, least = 0;
	bool list = false, one = false, damage = false, verifier = false;
	__u64 seed = 1;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 's':
		case 'c':
			seed = strtoull(optarg, NULL, 0);
			one |= c == 'c';
			break;
		case 'i':
			calls = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			least = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			list = true;
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
	if (optind != argc)
		return usage();
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], died);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (one) {
		show_case(seed);
		return 0;
	}
	if (verifier)
		return verify(seed, count);
	if (damage)
		return !damaged(seed, count, least);
	if (run(seed, count, list))
		return 1;
	if (stats.fused * 100 < least * stats.pairs) {
		printf("less than %lu %% were fused: this tests little\n", least);
		return 1;
	}
	return 0;
}
