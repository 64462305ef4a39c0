// SPDX-License-Identifier: GPL-2.0
/* Does a pair see every call, with the right arguments, state and result? */
#include "vm.h"
#include "insn.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define THREADS 4

TEST(info)
{
	struct pairfuse_info info;
	int dev = dev_open();

	need(dev_info(dev, &info));
	equal(info.abi_major, PAIRFUSE_ABI_MAJOR, "ABI");
	check(info.slot_size >= PAIRFUSE_SLOT_SIZE, "slot of %u bytes", info.slot_size);
	equal(info.ctx_words, PAIRFUSE_CTX_WORDS, "context words");
	equal(info.max_args, PAIRFUSE_MAX_ARGS, "arguments");
	check(info.nr_stubs >= 64, "%u stubs", info.nr_stubs);
	equal(info.nr_free, info.nr_stubs, "free stubs");
	equal(info.nr_draining, 0, "draining stubs");
	equal(info.hooks, 1 << PAIRFUSE_HOOK_SHARED | 1 << PAIRFUSE_HOOK_DIRECT, "hook modes");
	check(module_refs("pairfuse") > 0, "an open device does not hold the module");
	check(module_remove("pairfuse") < 0, "the module went with its device open");
}

/* N calls by several threads on all CPUs are exactly N in both programs. */
TEST(count)
{
	const u64 n = 5000;
	struct pairfuse_link_info li;
	int dev = dev_open();
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	call_threads(THREADS, 10);
	equal(pair_count(&p, C_ENTRY), 0, "runs before attach");
	check(!hooked(CALLED), "%s is hooked before attach", CALLED);

	pair_attach(&p, dev);
	check(hooked(CALLED), "%s is not hooked while attached", CALLED);
	call_threads(THREADS, n);
	equal(pair_count(&p, C_ENTRY), THREADS * n, "entry runs");
	equal(pair_count(&p, C_EXIT), THREADS * n, "exit runs");
	equal(pair_count(&p, C_BAD), 0, "wrong states");
	link_info(p.link, &li);
	equal(li.entered, THREADS * n, "entered");
	equal(li.runs, THREADS * n, "runs counted by the module");
	equal(li.in_flight, 0, "in flight");
	equal(li.state, PAIRFUSE_LINK_LIVE, "state");
	equal(li.hook, hook, "hook");
	equal(li.pid, getpid(), "pid");
	equal(li.entry_prog_id, prog_id(p.entry), "entry id");
	equal(li.exit_prog_id, prog_id(p.exit), "exit id");
	check(!strcmp(li.target, CALLED), "target '%s'", li.target);
	check(!strcmp(li.comm, "vmtest"), "comm '%s'", li.comm);
	check(!li.module[0], "module '%s'", li.module);
	check_sums(&li);
	check(dev_find(dev, p.id, &li), "link %u is not listed", p.id);

	pair_detach(&p);
	counts_zero(&c);
	call_threads(THREADS, n);
	equal(pair_count(&p, C_ENTRY), 0, "runs after detach");
	check(!hooked(CALLED), "%s is still hooked", CALLED);
	/* The stub is listed as draining until grace periods have passed. */
	eventually(30, !dev_next(dev, 0, &li));
}

/* What the exit program does with each of `nr` arguments and the result. */
static void args_of(unsigned int nr, int dev)
{
	static const u64 n = 200;
	u64 want[PAIRFUSE_MAX_ARGS + 1] = {}, i;
	struct pairfuse_test t;
	struct bpf_insn insns[64];
	struct counts c;
	struct pair p;
	char func[32];
	unsigned int k = 0, a;

	snprintf(func, sizeof(func), "pairfuse_test_args%u", nr);
	counts_new(&c);
	pair_load(&p, func, &c, 0);
	close(p.exit);
	/* counts[8 + a] sums argument a at the exit, counts[7] the result */
	insns[k++] = MOV(R6, R1);
	insns[k++] = INSN(BPF_LD | BPF_IMM | BPF_DW, R1, BPF_PSEUDO_MAP_VALUE, 0, c.fd);
	insns[k++] = INSN(0, 0, 0, 0, 0);
	for (a = 0; a < nr; a++) {
		insns[k++] = LD8(R3, R6, 8 * (PAIRFUSE_CTX_ARG0 + a));
		insns[k++] = INC(R1, 8 * (8 + a), R3);
	}
	insns[k++] = LD8(R3, R6, 8 * PAIRFUSE_CTX_RET);
	insns[k++] = INC(R1, 8 * 7, R3);
	insns[k++] = MOVI(R0, 0);
	insns[k++] = EXIT();
	p.exit = need(load_raw(insns, k));

	pair_attach(&p, dev);
	test_call(PAIRFUSE_TEST_ARGS, n, nr, &t);
	equal(t.calls, n, "calls");
	pair_unload(&p);
	for (i = 0; i < n; i++) {
		u64 r = 0;

		for (a = 0; a < nr; a++) {
			want[a] += PAIRFUSE_TEST_ARG(i, a);
			r = PAIRFUSE_TEST_MIX(r, PAIRFUSE_TEST_ARG(i, a));
		}
		want[PAIRFUSE_MAX_ARGS] += r;
	}
	for (a = 0; a < nr; a++)
		equal(c.v[8 + a], want[a], func);
	equal(c.v[7], want[PAIRFUSE_MAX_ARGS], "result");
	equal(c.v[C_ENTRY], n, "entry runs");
}

TEST(args)
{
	int dev = dev_open();
	unsigned int nr;

	for (nr = 0; nr <= PAIRFUSE_MAX_ARGS; nr++)
		args_of(nr, dev);
}

/* Functions that return less than a register, or nothing, still do. */
TEST(returns)
{
	static const struct {
		const char *func;
		enum pairfuse_test_what what;
	} f[] = {
		{ "pairfuse_test_u8", PAIRFUSE_TEST_NARROW },
		{ "pairfuse_test_void", PAIRFUSE_TEST_VOID },
		{ "pairfuse_test_sleep", PAIRFUSE_TEST_SLEEP },
	};
	int dev = dev_open();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(f); i++) {
		struct counts c;
		struct pair p;

		counts_new(&c);
		pair_load(&p, f[i].func, &c, 0);
		pair_attach(&p, dev);
		test_call(f[i].what, 20, 1, NULL);
		equal(pair_count(&p, C_EXIT), 20, f[i].func);
		equal(pair_count(&p, C_BAD), 0, f[i].func);
		pair_unload(&p);
	}
}

/*
 * An entry program that stores nothing keeps the exit program from running,
 * unless EXIT_ALWAYS; the exit program is told which it was.
 */
static void armed_with(unsigned int flags, int dev)
{
	const u64 n = 900;
	struct pairfuse_link_info li;
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	close(p.entry);
	close(p.exit);
	{
		/* every third call is armed, with 1 << 40 so that a 32-bit test loses it */
		const struct bpf_insn entry[] = {
			LD8(R7, R1, 0),
			LDMAP(R1, c.fd, 0),
			MOVI(R0, 1),
			INSN(BPF_STX | BPF_ATOMIC | BPF_DW, R1, R0, 0, BPF_ADD | BPF_FETCH),
			INSN(BPF_ALU64 | BPF_MOD | BPF_K, R0, 0, 0, 3),
			JEQI(R0, 0, 2),
			MOVI(R0, 0),
			EXIT(),
			ST8I(R7, 0, 77),
			MOVI(R0, 1),
			INSN(BPF_ALU64 | BPF_LSH | BPF_K, R0, 0, 0, 40),
			EXIT(),
		};
		/* [1] armed, [2] not armed, [3] wrong state */
		const struct bpf_insn exit[] = {
			LD8(R7, R1, 0),
			LD8(R3, R1, 8 * PAIRFUSE_CTX_ARMED),
			LDMAP(R1, c.fd, 0),
			MOVI(R2, 1),
			MOVI(R0, 0),
			JNEI(R3, 0, 2),
			INC(R1, 16, R2),
			EXIT(),
			INC(R1, 8, R2),
			LD8(R4, R7, 0),
			JEQI(R4, 77, 1),
			INC(R1, 24, R2),
			EXIT(),
		};

		p.entry = need(load_raw(entry, ARRAY_SIZE(entry)));
		p.exit = need(load_raw(exit, ARRAY_SIZE(exit)));
	}
	need(pair_try(&p, dev, hook, flags));
	call_threads(1, n);
	equal(c.v[0], n, "entry runs");
	equal(c.v[1], n / 3, "armed exits");
	equal(c.v[2], flags ? n - n / 3 : 0, "exits that were not armed");
	equal(c.v[3], 0, "wrong states");
	link_info(p.link, &li);
	equal(li.flags, flags, "flags");
	equal(li.entered, n, "entered");
	check_sums(&li);
	if (!flags) {
		equal(li.runs, n / 3, "runs");
		equal(li.not_armed, n - n / 3, "not armed");
	}
	pair_unload(&p);
}

TEST(armed)
{
	int dev = dev_open();

	armed_with(0, dev);
	armed_with(PAIRFUSE_ATTACH_EXIT_ALWAYS, dev);
}

/*
 * bpf_get_attach_cookie() dereferences what the stub provides; in the traced
 * function itself there must be no run context (some code asks).
 */
TEST(cookie)
{
	struct counts c;
	struct pair p;
	int dev = dev_open();
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.hook = hook,
		.entry_cookie = 0x1122334455667788,
		.exit_cookie = 0x99aabbccddeeff00,
	};

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	close(p.entry);
	close(p.exit);
	{
		const struct bpf_insn entry[] = {
			CALL(get_attach_cookie), LDMAP(R1, c.fd, 0), ST8(R1, 0, R0),
			MOVI(R0, 1), EXIT(),
		};
		const struct bpf_insn exit[] = {
			CALL(get_attach_cookie), LDMAP(R1, c.fd, 8), ST8(R1, 0, R0),
			MOVI(R0, 0), EXIT(),
		};

		p.entry = need(load_raw(entry, ARRAY_SIZE(entry)));
		p.exit = need(load_raw(exit, ARRAY_SIZE(exit)));
	}
	a.target_fd = p.target;
	a.entry_fd = p.entry;
	a.exit_fd = p.exit;
	p.link = need(ioctl(dev, PAIRFUSE_IOC_ATTACH, &a));
	call_n(1);
	equal(c.v[0], a.entry_cookie, "entry cookie");
	equal(c.v[1], a.exit_cookie, "exit cookie");
}

/* Several pairs on one function, coming and going in different orders. */
TEST(several)
{
	enum { NR = 4 };
	struct load *l = load_start(2);
	struct counts c;
	struct pair p[NR];
	int dev = dev_open();
	unsigned int i, round;

	counts_new(&c);
	for (i = 0; i < NR; i++)
		pair_load(&p[i], CALLED, &c, i * NR_PAIR_COUNTS);
	for (round = 0; round < 24 * scale / 100 + 1; round++) {
		unsigned int victim = random_below(NR);

		load_pause(l);
		for (i = 0; i < NR; i++)
			if (p[i].link >= 0)
				pair_check(&p[i]);
		counts_zero(&c);
		for (i = 0; i < NR; i++)
			if (p[i].link >= 0)
				pair_mark(&p[i]);
		call_threads(2, 300);
		for (i = 0; i < NR; i++) {
			u64 want = p[i].link >= 0 ? 600 : 0;

			equal(pair_count(&p[i], C_ENTRY), want, "entry runs");
			equal(pair_count(&p[i], C_EXIT), want, "exit runs");
			equal(pair_count(&p[i], C_BAD), 0, "wrong states");
		}
		load_resume(l);
		if (p[victim].link >= 0)
			pair_detach(&p[victim]);
		else
			pair_attach(&p[victim], dev);
	}
	load_stop(l);
	for (i = 0; i < NR; i++)
		if (p[i].link < 0)
			pair_attach(&p[i], dev);
	counts_zero(&c);
	call_threads(2, 300);
	for (i = 0; i < NR; i++)
		equal(pair_count(&p[i], C_EXIT), 600, "all four");

	/* A site that is hooked keeps its mode, and says so. */
	pair_detach(&p[0]);
	need(pair_try(&p[0], dev, !hook, 0));
	equal(p[0].got, hook, "hook mode of an occupied site");
}

/* The attachment lives as long as any copy of its descriptor. */
TEST(fds)
{
	struct counts c;
	struct pair p;
	int dev = dev_open(), copy, go[2];
	pid_t child;
	char x;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	pair_attach(&p, dev);
	check(fcntl(p.link, F_GETFD) & FD_CLOEXEC, "the link is not close-on-exec");
	copy = need(dup(p.link));
	pair_detach(&p);
	call_n(10);
	equal(pair_count(&p, C_EXIT), 10, "with a copy open");
	need(pipe(go));
	child = need(fork());
	if (!child) {
		close(go[1]);
		_exit(read(go[0], &x, 1) < 0);
	}
	close(go[0]);
	close(copy);
	close(dev);	/* the device is not needed either */
	call_n(10);
	equal(pair_count(&p, C_EXIT), 20, "with a copy in a child");
	close(go[1]);
	need(waitpid(child, NULL, 0));
	call_n(10);
	equal(pair_count(&p, C_EXIT), 20, "with no copy left");
}

/* A traced function of a module holds that module. */
TEST(module_target)
{
	struct pairfuse_link_info li;
	struct counts c;
	struct pair p;
	int dev = dev_open();

	counts_new(&c);
	pair_load(&p, "pairfuse_test_void", &c, 0);
	pair_attach(&p, dev);
	link_info(p.link, &li);
	check(!strcmp(li.module, "pairfuse_test"), "module '%s'", li.module);
	/* Even when whoever attached has closed every program. */
	close(p.target);
	close(p.entry);
	close(p.exit);
	refused(module_remove("pairfuse_test"), EWOULDBLOCK);
	test_call(PAIRFUSE_TEST_VOID, 10, 0, NULL);
	equal(pair_count(&p, C_EXIT), 10, "exit runs");
	pair_detach(&p);
	eventually(30, module_refs("pairfuse_test") == 0);
	need(module_remove("pairfuse_test"));
	module_load("pairfuse_test");
}
