// SPDX-License-Identifier: GPL-2.0
/*
 * Times taken by the stub: right, never negative, also when the kernel changes its
 * clock meanwhile; and stubs without an entry program.
 */
#include "vm.h"
#include "insn.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define THREADS 4
#define MS	1000000ULL
#define SOURCES	"/sys/devices/system/clocksource/clocksource0/"

enum { T_RUNS, T_SUM, T_RET, T_LATE, NR_TIMED };

/* An exit program that calls nothing; more than `limit` nanoseconds are too late. */
static int leaf(struct counts *c, unsigned int base, u64 limit)
{
	const struct bpf_insn insns[] = {
		LDMAP(R2, c->fd, 8 * base),
		MOVI(R3, 1),
		INC(R2, 8 * T_RUNS, R3),
		LD8(R4, R1, 8 * PAIRFUSE_CTX_ELAPSED),
		INC(R2, 8 * T_SUM, R4),
		LD8(R5, R1, 8 * PAIRFUSE_CTX_RET),
		INC(R2, 8 * T_RET, R5),
		INSN(BPF_LD | BPF_IMM | BPF_DW, R5, 0, 0, (u32)limit),
		INSN(0, 0, 0, 0, limit >> 32),
		INSN(BPF_JMP | BPF_JGE | BPF_X, R5, R4, 1, 0),
		INC(R2, 8 * T_LATE, R3),
		MOVI(R0, 0),
		EXIT(),
	};

	return need(load_raw(insns, ARRAY_SIZE(insns)));
}

static int arms(void)
{
	const struct bpf_insn insns[] = { MOVI(R0, 1), EXIT() };

	return need(load_raw(insns, ARRAY_SIZE(insns)));
}

static struct pairfuse_attach timed(const char *func, int exit_fd, unsigned int flags)
{
	return (struct pairfuse_attach){
		.size = sizeof(struct pairfuse_attach),
		.flags = PAIRFUSE_ATTACH_ELAPSED | flags,
		.target_fd = need(load_target(func)),
		.entry_fd = flags & PAIRFUSE_ATTACH_NO_ENTRY ? -1 : arms(),
		.exit_fd = exit_fd,
		.hook = hook,
		.group_fd = flags & PAIRFUSE_ATTACH_EXACT ? -1 : 0,
	};
}

static int attach(int dev, struct pairfuse_attach a)
{
	int link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);

	if (link >= 0)
		equal(a.hook, hook, "hook mode");
	return link;
}

static const unsigned int kinds[] = {
	0, PAIRFUSE_ATTACH_EXACT, PAIRFUSE_ATTACH_NO_ENTRY,
	PAIRFUSE_ATTACH_NO_ENTRY | PAIRFUSE_ATTACH_EXACT,
	PAIRFUSE_ATTACH_MONOTONIC,
	PAIRFUSE_ATTACH_MONOTONIC | PAIRFUSE_ATTACH_EXACT,
	PAIRFUSE_ATTACH_MONOTONIC | PAIRFUSE_ATTACH_NO_ENTRY,
	PAIRFUSE_ATTACH_MONOTONIC | PAIRFUSE_ATTACH_NO_ENTRY | PAIRFUSE_ATTACH_EXACT,
};

/* This machine has a counter that the kernel uses, or there is nothing to test. */
static int timed_dev(void)
{
	struct pairfuse_info info;
	int dev = dev_open();

	need(dev_info(dev, &info));
	check(info.features & PAIRFUSE_FEATURE_COUNTER,
	      "the kernel's clock is not the time stamp counter (see " SOURCES ")");
	return dev;
}

/* Long calls: as long as they take by the kernel's clock. */
TEST(elapsed)
{
	const u64 n = 4, ms = 25;
	int dev = timed_dev(), link;
	struct pairfuse_test t;
	struct counts c;
	double start, took;
	unsigned int k;

	counts_new(&c);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		counts_zero(&c);
		link = need(attach(dev, timed("pairfuse_test_sleep", leaf(&c, 0, 1000 * MS),
					      kinds[k])));
		start = now();
		test_call(PAIRFUSE_TEST_SLEEP, n, ms, &t);
		took = now() - start;
		close(link);
		equal(c.v[T_RUNS], n, "runs");
		check(c.v[T_SUM] >= n * ms * MS / 1000 * 999 &&
		      c.v[T_SUM] <= took * 1e9 * 1.001,
		      "kind %u: %llu calls of %llu ms took %llu ns, at most %.0f by the clock", k,
		      (unsigned long long)n, (unsigned long long)ms,
		      (unsigned long long)c.v[T_SUM], took * 1e9);
	}
}

/* Short calls of many threads: all of them, none negative (that is, very late). */
TEST(timed)
{
	const u64 n = 5000 * scale / 100;
	struct pairfuse_link_info li;
	int dev = timed_dev(), link;
	struct pairfuse_test t;
	struct counts c;
	unsigned int k;

	counts_new(&c);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		counts_zero(&c);
		link = need(attach(dev, timed(CALLED, leaf(&c, 0, 60000 * MS), kinds[k])));
		call_threads(THREADS, n);
		link_info(link, &li);
		close(link);
		equal(c.v[T_RUNS], THREADS * n, "runs");
		equal(c.v[T_LATE], 0, "late calls");
		equal(li.entered, THREADS * n, "entered");
		equal(li.runs, THREADS * n, "runs counted by the module");
		equal(li.in_flight, 0, "in flight");
		equal(li.flags, PAIRFUSE_ATTACH_ELAPSED | kinds[k], "flags");
		equal(!li.entry_prog_id, !!(kinds[k] & PAIRFUSE_ATTACH_NO_ENTRY), "no entry id");
		check_sums(&li);
	}
	/* arguments and results come through, six of them too */
	for (k = 0; k <= 13; k++) {
		char func[32];

		counts_zero(&c);
		snprintf(func, sizeof(func), "pairfuse_test_args%u", k % 7);
		link = need(attach(dev, timed(func, leaf(&c, 0, 60000 * MS),
					      PAIRFUSE_ATTACH_NO_ENTRY |
					      (k < 7 ? 0 : PAIRFUSE_ATTACH_MONOTONIC))));
		test_call(PAIRFUSE_TEST_ARGS, 100, k % 7, &t);
		close(link);
		equal(t.wrong, 0, "wrong results");
		equal(c.v[T_RUNS], 100, "runs");
		check(k % 7 == 0 || c.v[T_RET], "no results");
	}
}

/* Recursion: a leaf runs for each call; with exact nesting for the innermost only. */
TEST(timed_nested)
{
	struct pairfuse_link_info li;
	int dev = timed_dev(), link;
	struct pairfuse_test t;
	struct counts c;

	counts_new(&c);
	link = need(attach(dev, timed("pairfuse_test_recurse", leaf(&c, 0, 60000 * MS),
				      PAIRFUSE_ATTACH_NO_ENTRY)));
	test_call(PAIRFUSE_TEST_RECURSE, 10, 5, &t);
	close(link);
	equal(t.wrong, 0, "wrong results");
	equal(c.v[T_RUNS], 50, "runs");

	counts_zero(&c);
	link = need(attach(dev, timed("pairfuse_test_recurse", leaf(&c, 0, 60000 * MS),
				      PAIRFUSE_ATTACH_NO_ENTRY | PAIRFUSE_ATTACH_EXACT)));
	test_call(PAIRFUSE_TEST_RECURSE, 10, 5, &t);
	link_info(link, &li);
	close(link);
	equal(t.wrong, 0, "wrong results");
	equal(c.v[T_RUNS], 10, "runs");
	equal(li.not_armed, 40, "calls that lost their state");
	check_sums(&li);
}

/* From interrupts, over tasks and over each other. */
TEST(timed_interrupts)
{
	struct pairfuse_link_info li;
	int dev = timed_dev(), link;
	struct pairfuse_test t;
	struct counts c;

	counts_new(&c);
	link = need(attach(dev, timed("pairfuse_test_irq", leaf(&c, 0, 60000 * MS),
				      PAIRFUSE_ATTACH_NO_ENTRY)));
	test_call(PAIRFUSE_TEST_IRQ, 200, 0, &t);
	equal(c.v[T_RUNS], t.calls, "runs in interrupts");
	test_call(PAIRFUSE_TEST_TIMER, 200, 0, &t);
	link_info(link, &li);
	close(link);
	equal(t.wrong, 0, "wrong results");
	equal(c.v[T_RUNS], li.runs, "runs counted by the module");
	equal(c.v[T_LATE], 0, "late calls");
	check_sums(&li);
}

struct nap {
	pthread_t thread;
	u64 ms;
};

static void *nap(void *arg)
{
	struct nap *n = arg;
	struct pairfuse_test t;

	test_call(PAIRFUSE_TEST_SLEEP, 1, n->ms, &t);
	return NULL;
}

/* Detached with calls in flight: they run nothing any more, and are counted. */
TEST(timed_asleep)
{
	struct nap naps[2] = { { .ms = 400 }, { .ms = 3000 } };
	struct pairfuse_link_info li = { 0 };
	struct pairfuse_attach a;
	int dev = timed_dev(), link;
	struct counts c;
	u32 id, prog;
	int i;

	counts_new(&c);
	a = timed("pairfuse_test_sleep", leaf(&c, 0, 60000 * MS), PAIRFUSE_ATTACH_NO_ENTRY);
	prog = prog_id(a.exit_fd);
	link = need(attach(dev, a));
	for (i = 0; i < 2; i++)
		check(!pthread_create(&naps[i].thread, NULL, nap, &naps[i]), "no thread");
	eventually(10, ({ link_info(link, &li); li.in_flight == 2; }));
	id = li.id;
	close(a.exit_fd);
	close(link);
	eventually(10, !prog_exists(prog));
	check(dev_find(dev, id, &li), "the stub is not listed");
	equal(li.state, PAIRFUSE_LINK_DRAINING, "state");
	pthread_join(naps[0].thread, NULL);
	if (dev_find(dev, id, &li) && li.in_flight) {	/* this machine was fast enough */
		equal(li.in_flight, 1, "in flight");
		equal(li.exit_missed, 1, "missed exits");
		equal(li.runs, 0, "runs");
		check_sums(&li);
	}
	pthread_join(naps[1].thread, NULL);
	equal(c.v[T_RUNS], 0, "runs after detach");
	eventually(60, !dev_find(dev, id, &li));
}

TEST(timed_reject)
{
	const struct bpf_insn calls[] = { CALL(get_smp_processor_id), MOVI(R0, 0), EXIT() };
	const struct bpf_insn prints[] = { CALL(ktime_get_ns), MOVI(R0, 0), EXIT() };
	const struct bpf_insn slot[] = {
		LD8(R2, R1, 8 * PAIRFUSE_CTX_SLOT), LD8(R3, R2, 0), MOVI(R0, 0), EXIT()
	};
	int dev = timed_dev(), link;
	struct pairfuse_attach a, good;
	struct counts c;

	counts_new(&c);
	good = timed(CALLED, leaf(&c, 0, 60000 * MS), PAIRFUSE_ATTACH_NO_ENTRY);
	a = good;
	a.flags = PAIRFUSE_ATTACH_NO_ENTRY;
	refused(attach(dev, a), EINVAL);
	a = good;
	a.flags = PAIRFUSE_ATTACH_MONOTONIC;
	a.entry_fd = arms();
	refused(attach(dev, a), EINVAL);
	a = good;
	a.flags |= PAIRFUSE_ATTACH_EXIT_ALWAYS;
	refused(attach(dev, a), EINVAL);
	a = good;
	a.entry_fd = arms();
	refused(attach(dev, a), EINVAL);
	a = good;
	a.entry_cookie = 1;
	refused(attach(dev, a), EINVAL);
	a = good;
	a.exit_fd = need(load_raw(prints, ARRAY_SIZE(prints)));
	refused(attach(dev, a), EACCES);
	a.exit_fd = need(load_raw(slot, ARRAY_SIZE(slot)));
	refused(attach(dev, a), EACCES);
	/* what the verifier has inlined is no call: either answer is right */
	a.exit_fd = need(load_raw(calls, ARRAY_SIZE(calls)));
	link = attach(dev, a);
	check(link >= 0 || errno == EACCES, "%s", strerror(errno));
	close(link);
	check(!hooked(CALLED), "%s is hooked", CALLED);
	link = need(attach(dev, good));
	call_n(10);
	equal(c.v[T_RUNS], 10, "runs");
	close(link);
}

static void set_source(const char *name)
{
	int fd = need(open(SOURCES "current_clocksource", O_WRONLY));

	need(write(fd, name, strlen(name)));
	close(fd);
}

/* Another clock source than the counter; NULL: this machine has none. */
static const char *other_source(void)
{
	static char all[256];
	char *word, *save;
	FILE *f = fopen(SOURCES "available_clocksource", "r");

	check(f && fgets(all, sizeof(all), f), "no clock sources");
	fclose(f);
	for (word = strtok_r(all, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (strncmp(word, "tsc", 3))
			return word;
	return NULL;
}

/*
 * The kernel gives the counter up while links use it: times stay right, for calls
 * in flight too, and no more links get it. The module has to be loaded anew.
 */
TEST(timed_lost)
{
	struct nap across = { .ms = 4000 };
	struct pairfuse_info info;
	struct pairfuse_test t;
	int dev = timed_dev(), link[2];
	const char *other = other_source();
	struct pairfuse_link_info li;
	struct counts c;
	double start, took;

	check(other, "the counter is the only clock source");
	note("other clock source: %s", other);
	counts_new(&c);
	link[0] = need(attach(dev, timed("pairfuse_test_sleep", leaf(&c, 0, 60000 * MS),
					 PAIRFUSE_ATTACH_NO_ENTRY)));
	link[1] = need(attach(dev, timed("pairfuse_test_sleep", leaf(&c, NR_TIMED, 60000 * MS),
					 PAIRFUSE_ATTACH_EXACT)));
	start = now();
	check(!pthread_create(&across.thread, NULL, nap, &across), "no thread");
	eventually(10, ({ link_info(link[0], &li); li.in_flight == 1; }));
	set_source(other);
	eventually(3, ({ need(dev_info(dev, &info)); !info.features; }));
	pause_ms(1500);		/* the module looks once a second */
	pthread_join(across.thread, NULL);
	took = now() - start;
	equal(c.v[T_RUNS], 1, "runs");
	equal(c.v[NR_TIMED + T_RUNS], 1, "runs with an entry");
	check(c.v[T_SUM] >= 3990 * MS && c.v[T_SUM] <= took * 1e9 * 1.001 &&
	      c.v[NR_TIMED + T_SUM] <= c.v[T_SUM] && c.v[NR_TIMED + T_SUM] >= 3990 * MS,
	      "a call across the change took %llu and %llu ns, %.0f by the clock",
	      (unsigned long long)c.v[T_SUM], (unsigned long long)c.v[NR_TIMED + T_SUM],
	      took * 1e9);

	/* from here on it is CLOCK_MONOTONIC */
	counts_zero(&c);
	start = now();
	test_call(PAIRFUSE_TEST_SLEEP, 4, 25, &t);
	took = now() - start;
	equal(c.v[T_RUNS], 4, "runs");
	check(c.v[T_SUM] >= 99 * MS && c.v[T_SUM] <= took * 1e9 * 1.001 &&
	      c.v[NR_TIMED + T_SUM] >= 99 * MS && c.v[NR_TIMED + T_SUM] <= c.v[T_SUM],
	      "4 calls of 25 ms took %llu and %llu ns, %.0f by the clock",
	      (unsigned long long)c.v[T_SUM], (unsigned long long)c.v[NR_TIMED + T_SUM],
	      took * 1e9);

	close(need(attach(dev, timed(CALLED, leaf(&c, 0, MS), PAIRFUSE_ATTACH_NO_ENTRY |
				     PAIRFUSE_ATTACH_MONOTONIC))));
	set_source("tsc");
	refused(attach(dev, timed(CALLED, leaf(&c, 0, MS), PAIRFUSE_ATTACH_NO_ENTRY)),
		EOPNOTSUPP);
	close(link[0]);
	close(link[1]);
	close(dev);
	eventually(60, !module_remove("pairfuse"));
	module_load("pairfuse");
	dev = timed_dev();
	close(dev);
}

/* Whose calls run, of two processes with two threads each? */
static void *call_10(void *arg)
{
	call_n(10);
	return NULL;
}

static void call_from_all(void)
{
	pthread_t thread;
	int status;
	pid_t pid;

	call_n(10);
	check(!pthread_create(&thread, NULL, call_10, NULL), "no thread");
	pthread_join(thread, NULL);
	pid = need(fork());
	if (!pid) {
		call_n(100);
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid && !status, "the child failed");
}

static u32 own_value(enum pairfuse_filter filter)
{
	char comm[16];
	u32 value;

	if (filter != PAIRFUSE_FILTER_COMM)
		return getpid();
	need(prctl(PR_GET_NAME, comm));
	memcpy(&value, comm, sizeof(value));
	return value;
}

/* Others' calls pass by, uncounted, alone and in a chain of links. */
TEST(filter)
{
	static const struct {
		enum pairfuse_filter filter;
		bool own;		/* what it asks for is ours */
		u64 runs;
	} cases[] = {
		{ PAIRFUSE_FILTER_NONE, false, 120 },
		{ PAIRFUSE_FILTER_TGID, true, 20 },
		{ PAIRFUSE_FILTER_TID, true, 10 },
		{ PAIRFUSE_FILTER_TGID, false, 0 },
		{ PAIRFUSE_FILTER_TID, false, 0 },
		{ PAIRFUSE_FILTER_COMM, true, 120 },	/* a child has it, too */
		{ PAIRFUSE_FILTER_COMM, false, 0 },
	};
	int dev = timed_dev(), link[ARRAY_SIZE(cases)];
	const unsigned int nr = ARRAY_SIZE(cases);
	struct pairfuse_link_info li;
	struct pairfuse_info info;
	struct counts c;
	unsigned int j, i, k;

	counts_new(&c);
	/* one at a time; in a chain; in a chain the other way round */
	for (k = 0; k < 3 * ARRAY_SIZE(kinds); k++) {
		bool chain = k >= ARRAY_SIZE(kinds);

		counts_zero(&c);
		/* groups of links that drain are not free yet */
		eventually(60, ({ need(dev_info(dev, &info)); info.nr_groups_free >= nr; }));
		for (j = 0; j < nr; j++) {
			struct pairfuse_attach a;

			i = k < 2 * ARRAY_SIZE(kinds) ? j : nr - 1 - j;
			a = timed(CALLED, leaf(&c, i * NR_TIMED, ~0U),
				  kinds[k % ARRAY_SIZE(kinds)]);

			a.filter = cases[i].filter;
			if (a.filter)
				a.filter_value = cases[i].own ? own_value(a.filter) : 1;
			link[i] = need(attach(dev, a));
			close(a.exit_fd);
			close(a.target_fd);
			if (a.entry_fd >= 0)
				close(a.entry_fd);
			if (chain)
				continue;
			call_from_all();
			link_info(link[i], &li);
			equal(li.entered, cases[i].runs, "entered");
			close(link[i]);
			/* it would hold the module if somebody seemed to be on the way */
			equal(module_refs("pairfuse"), 1, "references on the module");
		}
		if (chain)
			call_from_all();
		for (i = 0; i < nr; i++) {
			equal(c.v[i * NR_TIMED + T_RUNS], cases[i].runs, "runs");
			if (chain)
				close(link[i]);
		}
	}
}
