// SPDX-License-Identifier: GPL-2.0
/*
 * What a running call may need when the pair goes: the programs' exception tables; and
 * calls whose task is gone itself.
 */
#include "vm.h"
#include "insn.h"

#include <bpf/btf.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	need(sched_setaffinity(0, sizeof(set), &set));
}

/* A program whose typed loads fault, one after the other: each needs its fixup. */
static int load_faulting(unsigned int loads)
{
	static struct bpf_insn insns[2048];
	struct btf *btf = btf__load_vmlinux_btf();
	const u64 addr = 0xffffffff00000000ULL;		/* of nobody */
	int cast, type;
	size_t n = 0;

	check(btf, "no BTF of the kernel");
	cast = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
	type = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	btf__free(btf);
	check(cast > 0 && type > 0, "no bpf_rdonly_cast()");
	insns[n++] = INSN(BPF_LD | BPF_IMM | BPF_DW, R1, 0, 0, (u32)addr);
	insns[n++] = INSN(0, 0, 0, 0, addr >> 32);
	insns[n++] = MOVI(R2, type);
	insns[n++] = INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, cast);
	insns[n++] = MOV(R6, R0);
	while (loads--)
		insns[n++] = LD8(R3, R6, 0);
	insns[n++] = MOVI(R0, 0);
	insns[n++] = EXIT();
	return need(load_raw(insns, n));
}

static volatile bool stop;

static void *call_on_1(void *unused)
{
	run_on(1);
	while (!stop)
		getsid(0);
	return unused;
}

/*
 * The second of two pairs on a function goes, its programs first, as when a process ends:
 * the link's reference is the last one, and nothing else makes anybody wait. All the time
 * another CPU is in its exit program, most likely in a load that faults.
 */
TEST(faulting)
{
	unsigned int i, rounds = 25 * scale / 100 ? : 1;
	struct pair a, b;
	int dev = dev_open();
	struct counts c;
	pthread_t t;

	run_on(0);
	counts_new(&c);
	pair_load(&a, CALLED, &c, 0);
	pair_attach(&a, dev);
	check(!pthread_create(&t, NULL, call_on_1, NULL), "no thread");
	for (i = 0; i < rounds; i++) {
		pair_load(&b, CALLED, &c, 10);
		close(b.exit);
		b.exit = load_faulting(700);
		pair_attach(&b, dev);
		pause_ms(50);
		pair_unload(&b);
	}
	stop = true;
	pthread_join(t, NULL);
	check(pair_count(&a, C_EXIT), "nobody has called");
}

static void die(bool by_signal)
{
	pid_t pid = need(fork());
	int status;

	if (!pid) {
		if (by_signal)
			kill(getpid(), SIGKILL);
		_exit(0);
	}
	need(waitpid(pid, &status, 0));
}

/* Keep that many stubs away from the test, which then needs fewer rounds. */
#define OTHERS 250

static int use_stubs(int dev, unsigned int nr, struct counts *c)
{
	static struct pairfuse_attach a[OTHERS];
	struct pairfuse_attach_many m = {
		.size = sizeof(m), .nr = nr, .stride = sizeof(a[0]), .pairs = (u64)a,
	};
	unsigned int i;
	char name[64];
	struct pair p;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "pairfuse_test_many%u", i % PAIRFUSE_TEST_MANY);
		pair_load(&p, name, c, 16);
		a[i] = (struct pairfuse_attach) {
			.size = sizeof(a[i]), .target_fd = p.target, .entry_fd = p.entry,
			.exit_fd = p.exit,
		};
	}
	return need(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m));
}

/* How many usual pairs more there are stubs for. */
static unsigned int stubs_left(int dev, struct counts *c)
{
	unsigned int i, n, all = dev_nr_free(dev);
	struct pair p[64];
	char name[64];

	for (n = 0; n < ARRAY_SIZE(p); n++) {
		snprintf(name, sizeof(name), "pairfuse_test_many%u", n);
		pair_load(&p[n], name, c, 16);
		if (pair_try(&p[n], dev, hook, 0) < 0)
			break;
	}
	check(n < ARRAY_SIZE(p), "more than %u stubs are left", n);
	equal(errno, ENOSPC, "errno");
	for (i = 0; i <= n; i++)
		pair_unload(&p[i]);
	eventually(60, dev_nr_free(dev) == all);
	return n;
}

/*
 * Tasks end in the function, one for each of more pairs than there are stubs: attaching
 * goes on, and in the end all stubs are free again and the module can go.
 */
TEST(dead)
{
	static const char *const funcs[] = { "get_signal", NULL };
	unsigned int i, rounds, most = 0, all, left;
	int dev = dev_open(), others;
	struct counts c;
	struct pair p;

	counts_new(&c);
	all = dev_nr_free(dev);
	others = use_stubs(dev, OTHERS, &c);
	left = stubs_left(dev, &c);
	rounds = left + 20;
	pair_load(&p, first_of(funcs), &c, 0);
	for (i = 0; i < rounds; i++) {
		/* The dead are to be seen missing twice, so it may take a while. */
		eventually(60, pair_try(&p, dev, hook, 0) >= 0 || errno != ENOSPC);
		check(p.link >= 0, "round %u: %s", i, strerror(errno));
		die(true);
		pair_detach(&p);
		if (all - dev_nr_free(dev) > most)
			most = all - dev_nr_free(dev);
	}
	check(pair_count(&p, C_ENTRY) >= rounds, "nobody died in the function");
	check(pair_count(&p, C_ENTRY) - pair_count(&p, C_EXIT) >= rounds, "they have returned");
	note("%u calls for ever in flight, at most %u stubs in use", rounds, most);
	note("%u stubs for it", left);
	pair_unload(&p);
	close(others);
	eventually(60, dev_nr_free(dev) == all);
}

/*
 * The other way round: who is only asleep must not be taken for dead. A task in the
 * function, however long, and the idle tasks, which are in no list, in their loop.
 */
TEST(not_dead)
{
	static const char *const idle[] = { "do_idle", NULL };
	int dev = dev_open(), i;
	struct pairfuse_link_info li;
	const char *func = first_of(pipe_read_names);
	struct pair p, q;
	struct sleeper s;
	struct counts c;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	pair_attach(&p, dev);
	sleeper_start(&s);
	pair_detach(&p);
	if (traceable(idle[0])) {
		pair_load(&q, idle[0], &c, 8);
		if (pair_try(&q, dev, hook, 0) >= 0) {
			pause_ms(500);
			pair_detach(&q);
		}
		note("the idle loop: %llu calls", (unsigned long long)pair_count(&q, C_ENTRY));
	}
	/* Some scans; each time the CPUs have something to do and are idle again. */
	for (i = 0; i < 100; i++) {
		pause_ms(50);
		die(false);
	}
	check(dev_find(dev, p.id, &li), "the stub is free, with a task in it");
	equal(li.in_flight, 1, "calls in flight");
	sleeper_wake(&s);
	eventually(60, !dev_find(dev, p.id, &li));
	pair_unload(&p);
}

/*
 * Frames of pairs on functions that call each other add up. On a stack that is nearly
 * full none is made: calls pass by, and are counted.
 */
TEST(deep)
{
	const u64 depth = 60, n = 50;
	struct pairfuse_test out;
	struct pair p[PAIRFUSE_MAX_LINKS];
	struct pairfuse_link_info li;
	int dev = dev_open();
	struct counts c;
	unsigned int i;

	counts_new(&c);
	for (i = 0; i < PAIRFUSE_MAX_LINKS; i++) {
		pair_load(&p[i], "pairfuse_test_recurse", &c, 0);
		pair_attach(&p[i], dev);
	}
	test_call(PAIRFUSE_TEST_RECURSE, n, depth, &out);
	equal(out.wrong, 0, "wrong results");
	equal(out.calls, n * depth, "calls");
	for (i = 0; i < PAIRFUSE_MAX_LINKS; i++) {
		link_info(p[i].link, &li);
		check_sums(&li);
		equal(li.entered + li.deep, n * depth, "calls that entered or passed by");
		check(li.entered && li.deep, "%llu have entered, %llu passed by",
		      (unsigned long long)li.entered, (unsigned long long)li.deep);
		pair_unload(&p[i]);
	}
	equal(c.v[C_BAD], 0, "wrong states");
	note("of %llu levels %.1f had a frame of each pair", (unsigned long long)depth,
	     (double)li.entered / n);
}

static int try_faulting(int dev, const char *func, bool timed)
{
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = timed ? PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_NO_ENTRY : 0,
		.target_fd = need(load_target(func)),
		.entry_fd = timed ? -1 : load_faulting(1),
		.exit_fd = load_faulting(1),
		.hook = hook,
	};
	int link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a), err = errno;

	close(a.target_fd);
	close(a.exit_fd);
	if (!timed)
		close(a.entry_fd);
	errno = err;
	return link;
}

static const char *fault_handler(void)
{
	static const char *const handlers[] = { "fixup_exception", "search_exception_tables", NULL };

	return first_of(handlers);
}

/* Each of so many faults called the handler, and the program's load called it again. */
static void check_faults(int link, u64 faults)
{
	struct pairfuse_link_info li;

	link_info(link, &li);
	check_sums(&li);
	note("%llu faults: %llu calls, %llu without the program", (unsigned long long)faults,
	     (unsigned long long)li.entered, (unsigned long long)li.entry_missed);
	check(li.entry_missed >= faults, "the guard ended only %llu", li.entry_missed);
	check(li.entered >= 2 * faults && li.entered - li.entry_missed < 2 * li.entry_missed,
	      "%llu calls entered", li.entered);
	equal(li.deep, 0, "calls on a stack that was nearly full");
}

/*
 * A fault in a program leads into the function that it is attached to. The guard ends that;
 * so what may fault gets one, and is refused where there is none.
 */
TEST(deep_faults)
{
	const char *func = fault_handler();
	int dev = dev_open(), fds[2], link;
	unsigned int i, n = 20;

	need(pipe(fds));
	link = need(try_faulting(dev, func, false));
	for (i = 0; i < n; i++)
		check(write(fds[1], (void *)8, 1) < 0 && errno == EFAULT, "no fault");
	check_faults(link, n);
	close(link);
	check(try_faulting(dev, func, true) < 0 && errno == EACCES, "a load without a guard");
}

/* On the stack of an interrupt, where no call passes by: the machine would be gone. */
TEST(deep_faults_irq)
{
	struct pairfuse_test out;
	int dev = dev_open(), link, irq;

	link = need(try_faulting(dev, fault_handler(), false));
	irq = need(try_faulting(dev, "pairfuse_test_irq", false));
	test_call(PAIRFUSE_TEST_IRQ, 20, 0, &out);
	check(out.calls, "no interrupts");
	check_faults(link, out.calls);
	close(irq);
	close(link);
}

#define INSTANCE "/sys/kernel/tracing/instances/pairfuse_quiet"

static bool trace_write(const char *file, const char *text)
{
	char path[128];
	bool done;
	FILE *f;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	f = fopen(path, "ae");
	if (!f)
		return false;
	done = fputs(text, f) >= 0;
	return !fclose(f) && done;
}

static void trace_end(void)
{
	trace_write("current_tracer", "nop");
	rmdir(INSTANCE);
}

static unsigned int trace_lines(void)
{
	FILE *f = fopen(INSTANCE "/trace", "re");
	unsigned int n = 0;
	char line[512];

	check(f, "no trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '#')
			n++;
	}
	fclose(f);
	return n;
}

/*
 * A stub that waits for a task that sleeps costs the machine next to nothing: no grace
 * periods of RCU-tasks, which walk all threads and may bother all CPUs.
 */
TEST(asleep_quiet)
{
	static const char *const wanted[] = { "rcu_tasks_pregp_step", "rcu_tasks_be_rude" };
	const char *func = first_of(pipe_read_names);
	struct pairfuse_link_info li;
	unsigned int i, traced = 0;
	int dev = dev_open();
	struct sleeper s;
	struct counts c;
	struct pair p;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	pair_attach(&p, dev);
	sleeper_start(&s);
	pair_detach(&p);
	pair_unload(&p);
	/* The first period is due. */
	pause_ms(3000);
	need(mkdir(INSTANCE, 0700));
	at_end(trace_end);
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		traced += trace_write("set_ftrace_filter", wanted[i]);
	check(traced, "RCU-tasks cannot be watched");
	check(trace_write("current_tracer", "function"), "no function tracer");
	pause_ms(6000);
	check(dev_find(dev, p.id, &li), "the stub is free, with a task in it");
	equal(li.in_flight, 1, "calls in flight");
	equal(trace_lines(), 0, "grace periods in 6 s");
	sleeper_wake(&s);
	eventually(60, !dev_find(dev, p.id, &li));
	check(trace_lines(), "nor when there was need of one");
}
