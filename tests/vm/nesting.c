// SPDX-License-Identifier: GPL-2.0
/* Calls inside calls: recursion, programs that recurse, interrupts. */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
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
