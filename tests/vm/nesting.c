// SPDX-License-Identifier: GPL-2.0
/* Calls inside calls: recursion, programs that recurse, interrupts. */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Each level of a recursive function has its own slot. */
TEST(recursion)
{
	const u64 n = 300, depth = 8;
	struct pairfuse_link_info li;
	struct pairfuse_test t;
	struct counts c;
	struct pair p;
	int dev = dev_open();

	counts_new(&c);
	pair_load(&p, "pairfuse_test_recurse", &c, 0);
	pair_attach(&p, dev);
	test_call(PAIRFUSE_TEST_RECURSE, n, depth, &t);
	equal(t.calls, n * depth, "calls");
	equal(pair_count(&p, C_ENTRY), n * depth, "entry runs");
	equal(pair_count(&p, C_EXIT), n * depth, "exit runs");
	/* The exit checks the slot and that it sees the entry's argument. */
	equal(pair_count(&p, C_BAD), 0, "levels that saw another's state");
	equal(pair_count(&p, C_ARGS), n * depth * (depth + 1) / 2, "sum of arguments");
	equal(pair_count(&p, C_RET), n * depth * (depth + 1) / 2, "sum of results");
	link_info(p.link, &li);
	equal(li.entered, n * depth, "entered");
	check_sums(&li);
}

/*
 * A program that calls the function it traces, through a helper: the inner
 * call must pass without running the program again, and be counted as missed.
 */
TEST(program_recursion)
{
	static const char *const probed[] = { "copy_from_user_nofault", NULL };
	const struct bpf_insn probe[] = {
		MOV(R1, FP), ADDI(R1, -8), MOVI(R2, 8), MOVI(R3, 0),
		CALL(probe_read_user),
		MOVI(R0, 0),
		EXIT(),
	};
	struct bpf_test_run_opts run = { .sz = sizeof(run) };
	const u64 n = 50;
	struct pairfuse_link_info li;
	struct counts c;
	struct pair p;
	int dev = dev_open(), driver;
	u64 i;

	counts_new(&c);
	pair_load(&p, first_of(probed), &c, 0);
	close(p.entry);
	close(p.exit);
	{
		struct bpf_insn entry[] = {
			MOV(R1, FP), ADDI(R1, -8), MOVI(R2, 8), MOVI(R3, 0),
			CALL(probe_read_user),
			LDMAP(R1, c.fd, 0), MOVI(R2, 1), INC(R1, 0, R2),
			MOVI(R0, 1), EXIT(),
		};

		p.entry = need(load_raw(entry, ARRAY_SIZE(entry)));
		entry[6].imm = 8;	/* the exit counts in the next word */
		p.exit = need(load_raw(entry, ARRAY_SIZE(entry)));
	}
	driver = need(load_type(BPF_PROG_TYPE_RAW_TRACEPOINT, probe, ARRAY_SIZE(probe)));
	pair_attach(&p, dev);
	for (i = 0; i < n; i++)
		need(bpf_prog_test_run_opts(driver, &run));
	link_info(p.link, &li);
	/*
	 * Each call: the entry program makes one more, which misses the entry.
	 * The exit program makes another: that runs the entry (once more with
	 * a call that misses it) and then misses the exit.
	 */
	check(c.v[1] >= n, "exit runs: %llu of %llu", (unsigned long long)c.v[1],
	      (unsigned long long)n);
	equal(c.v[1], li.runs, "exit runs");
	equal(c.v[0], li.runs + li.exit_missed, "entry runs");
	check(li.entry_missed >= n && li.entry_missed + li.exit_missed >= 2 * n,
	      "recursion missed only %llu + %llu times", li.entry_missed, li.exit_missed);
	check_sums(&li);
	close(driver);
}

static void from_interrupts(enum pairfuse_test_what what, u64 n)
{
	struct pairfuse_link_info li;
	struct pairfuse_test t;
	struct counts c;
	struct pair p;
	int dev = dev_open();

	counts_new(&c);
	pair_load(&p, "pairfuse_test_irq", &c, 0);
	pair_attach(&p, dev);
	test_call(what, n, 0, &t);
	link_info(p.link, &li);
	note("%llu calls, %llu + %llu missed", (unsigned long long)t.calls,
	     li.entry_missed, li.exit_missed);
	equal(li.entered, t.calls, "entered");
	equal(li.in_flight, 0, "in flight");
	equal(pair_count(&p, C_BAD), 0, "wrong states");
	/* What an interrupt inside a program misses, it is counted to miss. */
	equal(pair_count(&p, C_ENTRY) + li.entry_missed, t.calls, "entry runs and misses");
	equal(pair_count(&p, C_EXIT) + li.entry_missed + li.exit_missed, t.calls,
	      "exit runs and misses");
	check(pair_count(&p, C_EXIT) > t.calls / 2, "hardly ever run");
	check_sums(&li);
}

TEST(interrupts)
{
	from_interrupts(PAIRFUSE_TEST_IRQ, 2000);
}

TEST(timer)
{
	from_interrupts(PAIRFUSE_TEST_TIMER, 3000);
}

/* --- exact nesting: links of a group behave like one map keyed by thread --- */

static int attach_exact(struct pair *p, int dev, int group_fd)
{
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = PAIRFUSE_ATTACH_EXACT,
		.target_fd = p->target,
		.entry_fd = p->entry,
		.exit_fd = p->exit,
		.hook = hook,
		.group_fd = group_fd,
	};

	p->link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);
	return p->link;
}

/* Every inner call takes the state of the outer one: the innermost is left. */
TEST(exact_recursion)
{
	const u64 n = 300, depth = 8;
	struct pairfuse_link_info li;
	struct pairfuse_test t;
	struct counts c;
	struct pair p;
	int dev = dev_open();

	counts_new(&c);
	pair_load(&p, "pairfuse_test_recurse", &c, 0);
	need(attach_exact(&p, dev, -1));
	test_call(PAIRFUSE_TEST_RECURSE, n, depth, &t);
	equal(t.wrong, 0, "wrong results");
	equal(pair_count(&p, C_ENTRY), n * depth, "entry runs");
	equal(pair_count(&p, C_EXIT), n, "exit runs");
	equal(pair_count(&p, C_BAD), 0, "levels that saw another's state");
	equal(pair_count(&p, C_RET), n, "sum of the innermost results");
	link_info(p.link, &li);
	equal(li.not_armed, n * (depth - 1), "outer calls");
	check_sums(&li);

	/* not nested: all of them */
	counts_zero(&c);
	test_call(PAIRFUSE_TEST_RECURSE, n, 1, &t);
	equal(pair_count(&p, C_EXIT), n, "exit runs without nesting");
}

/* Two functions of a group: the ioctl in which the module calls the other one. */
TEST(exact_group)
{
	struct pairfuse_link_info lo, li;
	struct pair outer, inner;
	struct pairfuse_test t;
	int dev = dev_open();
	struct counts c;
	const u64 n = 20;
	u64 i;

	counts_new(&c);
	pair_load(&outer, "__x64_sys_ioctl", &c, 0);
	pair_load(&inner, "pairfuse_test_recurse", &c, NR_PAIR_COUNTS);
	need(attach_exact(&outer, dev, -1));
	need(attach_exact(&inner, dev, outer.link));
	for (i = 0; i < n; i++)
		test_call(PAIRFUSE_TEST_RECURSE, 1, 1, &t);
	equal(pair_count(&inner, C_EXIT), n, "inner exit runs");
	link_info(inner.link, &li);
	link_info(outer.link, &lo);
	check(lo.not_armed >= n, "%llu of %llu outer calls lost their state", lo.not_armed,
	      (unsigned long long)n);
	check_sums(&li);
	check_sums(&lo);

	/* another group's calls do not matter */
	pair_detach(&inner);
	need(attach_exact(&inner, dev, -1));
	link_info(outer.link, &lo);
	test_call(PAIRFUSE_TEST_RECURSE, 1, 1, &t);
	link_info(outer.link, &li);
	equal(li.not_armed, lo.not_armed, "outer calls without state");
	check(li.runs > lo.runs, "outer exit does not run");
}

/* How groups are made, found and used up. */
TEST(exact_limits)
{
	struct pairfuse_info info, full;
	struct pair plain, p[64];
	int dev = dev_open();
	struct counts c;
	u32 i, n;

	counts_new(&c);
	need(dev_info(dev, &info));
	n = info.nr_groups;
	check(n >= 2 && n < ARRAY_SIZE(p), "%u groups", n);
	equal(info.nr_groups_free, n, "free groups");
	check(info.nr_exact_free == info.nr_exact_stubs, "stubs in use");

	pair_load(&plain, CALLED, &c, 0);
	refused(attach_exact(&plain, dev, dev), EBADF);
	refused(attach_exact(&plain, dev, 12345), EBADF);
	need(pair_try(&plain, dev, hook, 0));
	for (i = 0; i <= n; i++)
		pair_load(&p[i], i & 1 ? "__x64_sys_getpgid" : "pairfuse_test_recurse", &c, 0);
	refused(attach_exact(&p[0], dev, plain.link), EBADF);
	pair_detach(&plain);
	for (i = 0; i < n; i++)
		need(attach_exact(&p[i], dev, -1));
	refused(attach_exact(&p[n], dev, -1), EUSERS);
	need(attach_exact(&p[n], dev, p[0].link));
	need(dev_info(dev, &full));
	equal(full.nr_groups_free, 0, "free groups");
	equal(full.nr_exact_free, info.nr_exact_free - n - 1, "free stubs");

	/* a group is there as long as one of its links is */
	pair_detach(&p[0]);
	for (i = 1; i <= n; i++)
		pair_detach(&p[i]);
	eventually(30, ({
		need(dev_info(dev, &full));
		full.nr_groups_free == n && full.nr_exact_free == info.nr_exact_free;
	}));
}
