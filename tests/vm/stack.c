// SPDX-License-Identifier: GPL-2.0
/*
 * Stack traces through stubs. What the kernel's unwinder says with pairs attached has
 * to be what it says without, plus our own frames: of a task that sleeps, from
 * programs on functions called below, from interrupts at any instruction of the stub,
 * and in what dump_stack() prints.
 */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_FRAMES 48

struct stack {
	unsigned int nr;
	char frame[NR_FRAMES][128];	/* "function+0x12/0x34", " [module]" */
};

static bool is_ours(const char *frame)
{
	const char *module = strchr(frame, '[');

	return module && !strncmp(module, "[pairfuse]", 10);
}

/* Programs and trampolines: not in /proc/PID/stack, since the kernel leaves them out. */
#define GENERATED "[generated]"

static bool is_generated(const char *frame)
{
	return !strncmp(frame, GENERATED, strlen(GENERATED));
}

static bool in_function(const char *frame, const char *func)
{
	size_t len = strlen(func);

	return !strncmp(frame, func, len) && (!frame[len] || strchr("+ \t", frame[len]));
}

static void add_frame(struct stack *s, const char *frame)
{
	check(s->nr < NR_FRAMES, "a stack of more than %d frames", NR_FRAMES);
	snprintf(s->frame[s->nr++], sizeof(s->frame[0]), "%.*s", (int)strcspn(frame, "\n"), frame);
}

static void show(const char *what, const struct stack *s)
{
	unsigned int i;

	note("%s:", what);
	for (i = 0; i < s->nr; i++)
		note("    %s", s->frame[i]);
}

/* Leave out what is ours and what the kernel generates; how many were ours? */
static unsigned int strip(struct stack *s)
{
	unsigned int i, n = 0, ours = 0;

	for (i = 0; i < s->nr; i++) {
		if (is_ours(s->frame[i]))
			ours++;
		else if (!is_generated(s->frame[i]) && n++ != i)
			memcpy(s->frame[n - 1], s->frame[i], sizeof(s->frame[i]));
	}
	s->nr = n;
	return ours;
}

/*
 * `have` is `want` plus frames of ours. A pair has one, in the direct mode of
 * kernels that patch in a call another one, that of the bare return.
 */
static void compare(const struct stack *have, const struct stack *want, unsigned int pairs,
		    const char *what)
{
	struct stack s = *have;
	unsigned int ours = strip(&s), i;

	if (s.nr != want->nr || ours < pairs || ours > 2 * pairs || (!pairs && ours)) {
		show("want", want);
		show("have", have);
		fail("%s: %u frames and %u of ours, want %u and those of %u pairs", what, s.nr,
		     ours, want->nr, pairs);
	}
	for (i = 0; i < s.nr; i++) {
		if (strcmp(s.frame[i], want->frame[i])) {
			show("want", want);
			show("have", have);
			fail("%s: frame %u is %s", what, i, s.frame[i]);
		}
	}
}

/* The first frame of ours comes right behind func's. */
static void check_place(const struct stack *s, const char *func)
{
	unsigned int i;

	for (i = 1; i < s->nr; i++)
		if (is_ours(s->frame[i]))
			break;
	check(i < s->nr && in_function(s->frame[i - 1], func), "our frame is not below %s", func);
}

/* /proc/PID/stack: lines are "[<0>] FRAME". */
static void read_stack(pid_t pid, struct stack *s)
{
	char path[64], line[256], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	f = fopen(path, "re");
	check(f, "%s: %s", path, strerror(errno));
	s->nr = 0;
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, "] ");
		check(p, "%s: '%s'", path, line);
		add_frame(s, p + 2);
	}
	fclose(f);
}

/* Whoever is on a CPU has none to show, and who goes to sleep is there a little longer. */
static void stack_of(pid_t pid, struct stack *s)
{
	eventually(10, ({ read_stack(pid, s); s->nr; }));
}

#define CALLS (1u << 31)	/* no flag of the ABI: the entry program is not a leaf */

/* All kinds of stubs; what the programs do otherwise does not matter. */
static const unsigned int kinds[] = {
	CALLS,
	CALLS | PAIRFUSE_ATTACH_EXACT,
	CALLS | PAIRFUSE_ATTACH_ELAPSED,
	PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_MONOTONIC,
	PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_NO_ENTRY,
	PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_NO_ENTRY | PAIRFUSE_ATTACH_EXACT,
	0,
	PAIRFUSE_ATTACH_EXACT,
};

static int load_entry(unsigned int kind)
{
	const struct bpf_insn leaf_entry[] = { MOVI(R0, 1), EXIT() };
	const struct bpf_insn entry[] = { CALL(get_current_pid_tgid), MOVI(R0, 1), EXIT() };

	return kind & CALLS ? load_raw(entry, ARRAY_SIZE(entry))
			    : load_raw(leaf_entry, ARRAY_SIZE(leaf_entry));
}

static int attach_kind(int dev, const char *func, unsigned int kind, u32 filter)
{
	const struct bpf_insn one[] = { MOVI(R0, 1), EXIT() };
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = kind & ~CALLS,
		.target_fd = need(load_target(func)),
		.entry_fd = kind & PAIRFUSE_ATTACH_NO_ENTRY ? -1 : need(load_entry(kind)),
		.exit_fd = need(load_raw(one, 2)),
		.hook = hook,
		.group_fd = kind & PAIRFUSE_ATTACH_EXACT ? -1 : 0,
		.filter = filter ? PAIRFUSE_FILTER_TGID : PAIRFUSE_FILTER_NONE,
		.filter_value = filter,
	};
	int link = need(ioctl(dev, PAIRFUSE_IOC_ATTACH, &a));

	equal(a.hook, hook, "hook mode");
	close(a.target_fd);
	close(a.exit_fd);
	if (a.entry_fd >= 0)
		close(a.entry_fd);
	return link;
}

/* A task asleep below each kind of stub, then with all of them at once, live and draining. */
TEST(stack_asleep)
{
	const char *func = first_of(pipe_read_names);
	int dev = dev_open(), link[ARRAY_SIZE(kinds)];
	struct stack want, have;
	struct sleeper s;
	unsigned int i;

	sleeper_start(&s);
	stack_of(s.pid, &want);
	show("without pairs", &want);
	sleeper_wake(&s);

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		link[0] = attach_kind(dev, func, kinds[i], 0);
		sleeper_start(&s);
		stack_of(s.pid, &have);
		if (!i)
			show("with one", &have);
		check_place(&have, func);
		compare(&have, &want, 1, "live");
		close(link[0]);
		stack_of(s.pid, &have);
		compare(&have, &want, 1, "draining");
		sleeper_wake(&s);
	}

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		link[i] = attach_kind(dev, func, kinds[i], 0);
	sleeper_start(&s);
	stack_of(s.pid, &have);
	check_place(&have, func);
	compare(&have, &want, ARRAY_SIZE(kinds), "all kinds");
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* from the middle to both ends */
		close(link[(i + 3) % ARRAY_SIZE(kinds)]);
		stack_of(s.pid, &have);
		compare(&have, &want, ARRAY_SIZE(kinds), "some draining");
	}
	sleeper_wake(&s);
}

/*
 * A program that stores this process's kernel stack: what bpf_get_stack() returned in
 * v[0], the addresses from v[1] on.
 */
static int stack_taker(enum bpf_prog_type type, enum bpf_attach_type at, const char *func,
		       struct counts *c)
{
	const struct bpf_insn insns[] = {
		MOV(R6, R1),
		CALL(get_current_pid_tgid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, R0, 0, 0, 32),
		JEQI(R0, getpid(), 2),
		MOVI(R0, 0),
		EXIT(),
		MOV(R1, R6),
		LDMAP(R2, c->fd, 8),
		MOVI(R3, NR_FRAMES * 8),
		MOVI(R4, 0),
		CALL(get_stack),
		LDMAP(R1, c->fd, 0),
		ST8(R1, 0, R0),
		MOVI(R0, type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE),
		EXIT(),
	};

	if (type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE)
		return need(load_raw(insns, ARRAY_SIZE(insns)));
	if (type == BPF_PROG_TYPE_TRACING)
		return need(load_tracing(func, at, insns, ARRAY_SIZE(insns)));
	return need(load_type(type, insns, ARRAY_SIZE(insns)));
}

/* One read from a pipe that has something. */
static void read_pipe(void)
{
	int fds[2];
	char x;

	need(pipe2(fds, O_CLOEXEC));
	equal(write(fds[1], "x", 1), 1, "written");
	equal(read(fds[0], &x, 1), 1, "read");
	close(fds[0]);
	close(fds[1]);
}

/* One such read, and the stack that was taken meanwhile. */
static void read_once(struct counts *c, struct stack *s)
{
	unsigned int i;

	counts_zero(c);
	read_pipe();
	check((__s64)c->v[0] > 0, "bpf_get_stack: %lld", (long long)c->v[0]);

	s->nr = 0;
	for (i = 0; i < c->v[0] / 8; i++) {
		char frame[160];
		u64 start = 0;
		const char *name = symbol_of(c->v[1 + i], &start);

		snprintf(frame, sizeof(frame), "%s +0x%llx", name ?: GENERATED,
			 (unsigned long long)(c->v[1 + i] - start));
		add_frame(s, frame);
	}
}

static int take_stacks(enum neighbour kind, const char *func, struct counts *c)
{
	bool probe = kind == N_KPROBE || kind == N_KRETPROBE;
	int prog = stack_taker(probe ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_TRACING,
			       kind == N_FENTRY ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT, func, c);
	int fd = probe ? kprobe_open(prog, func, kind == N_KRETPROBE)
		       : bpf_raw_tracepoint_open(NULL, prog);

	check(fd >= 0, "%s: %s", neighbour_name[kind], strerror(errno));
	close(prog);
	return fd;
}

/*
 * Beside fentry and fexit programs on the same function, the shared hook has the first
 * stub where a BPF trampoline goes on to, so that is what their stacks name, instead of
 * the function (as with a livepatch). All the rest is the same.
 */
static void compare_beside(const struct stack *have, const struct stack *want,
			   enum neighbour kind, const char *func)
{
	struct stack rest = *want;
	bool replaced = (kind == N_FENTRY || kind == N_FEXIT) && in_function(want->frame[0], func);

	if (replaced)
		memmove(rest.frame[0], rest.frame[1], --rest.nr * sizeof(rest.frame[0]));
	compare(have, &rest, 2 + replaced, neighbour_name[kind]);
}

/*
 * Programs on a function that is called below a traced one, then on a traced one.
 * Kprobes and fentry programs are the kernel's four ways to begin a stack.
 */
TEST(stack_below)
{
	const char *func = first_of(pipe_read_names);
	struct stack want[NR_NEIGHBOURS], have;
	int dev = dev_open(), fd, link[4];
	enum neighbour kind;
	struct counts c;

	neighbour_anchor();
	counts_new(&c);
	for (kind = 0; kind < NR_NEIGHBOURS; kind++) {
		fd = take_stacks(kind, func, &c);
		read_once(&c, &want[kind]);
		close(fd);
		strip(&want[kind]);
		check(want[kind].nr >= 4, "%u frames", want[kind].nr);
	}
	show("fentry's, without pairs", &want[N_FENTRY]);

	for (kind = 0; kind < NR_NEIGHBOURS; kind++) {
		link[0] = attach_kind(dev, "vfs_read", 0, 0);
		link[1] = attach_kind(dev, "vfs_read", kinds[4], 0);
		fd = take_stacks(kind, func, &c);
		read_once(&c, &have);
		compare(&have, &want[kind], 2, neighbour_name[kind]);

		/* and the function itself, as long as both can be there */
		if (hook == PAIRFUSE_HOOK_SHARED || kind == N_KPROBE || kind == N_KRETPROBE) {
			link[2] = attach_kind(dev, func, 0, 0);
			link[3] = attach_kind(dev, func, kinds[4], 0);
			read_once(&c, &have);
			compare_beside(&have, &want[kind], kind, func);
			close(link[2]);
			close(link[3]);
		}
		close(fd);
		close(link[0]);
		close(link[1]);
	}
}

/*
 * Stacks that the pair's own programs take: the program, the stub, the caller. That is
 * a kretprobe's stack with two frames in front, which the loader relies on (frames.c).
 */
TEST(stack_own)
{
	const char *func = first_of(pipe_read_names);
	const struct bpf_insn one[] = { MOVI(R0, 1), EXIT() };
	int dev = dev_open(), fd, at_exit;
	struct stack want, have;
	struct counts c;

	counts_new(&c);
	fd = take_stacks(N_KRETPROBE, func, &c);
	read_once(&c, &want);
	close(fd);
	strip(&want);
	for (at_exit = 0; at_exit < 2; at_exit++) {
		int taker = stack_taker(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, NULL, &c);
		int other = need(load_raw(one, 2));
		struct pair p = {
			.target = need(load_target(func)),
			.entry = at_exit ? other : taker,
			.exit = at_exit ? taker : other,
			.c = &c,
		};

		pair_attach(&p, dev);
		read_once(&c, &have);
		check(is_generated(have.frame[0]), "first is %s", have.frame[0]);
		check(is_ours(have.frame[1]), "second is %s", have.frame[1]);
		compare(&have, &want, 1, at_exit ? "exit program" : "entry program");
		pair_unload(&p);
	}
}

/*
 * Every instruction of a stub: breakpoints on them, four at a time since a CPU has no
 * more, each of which makes perf take a call chain. Where no instruction begins nothing
 * happens, so all addresses can be tried.
 */
#define RING_SIZE (16 * 4096)

struct ring {
	int fd;			/* an event that never comes; the others write to its ring */
	struct perf_event_mmap_page *page;
};

static int event_open(struct perf_event_attr *attr)
{
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_CALLCHAIN;
	attr->exclude_callchain_user = 1;
	return need(syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

static void ring_open(struct ring *r)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
	};

	r->fd = event_open(&attr);
	r->page = mmap(NULL, RING_SIZE + getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
		       r->fd, 0);
	check(r->page != MAP_FAILED, "perf's ring: %s", strerror(errno));
}

static void ring_close(struct ring *r)
{
	munmap(r->page, RING_SIZE + getpagesize());
	close(r->fd);
}

static int breakpoint(struct ring *r, u64 addr)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = addr,
		.bp_len = sizeof(long),
		.sample_period = 1,
		.exclude_user = 1,
	};
	int fd = event_open(&attr);

	need(ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd));
	return fd;
}

/*
 * Where stacks are unwound by frame pointers, the caller is missing as long as a function
 * has not made its frame, and again when it has given it back: in all functions, the
 * kernel's too. How often that was.
 */
static unsigned int frameless;

static bool same_frames(const struct stack *have, unsigned int skip_have,
			const struct stack *want, unsigned int skip_want)
{
	return have->nr - skip_have == want->nr - skip_want &&
	       !memcmp(have->frame + skip_have, want->frame + skip_want,
		       (have->nr - skip_have) * sizeof(have->frame[0]));
}

/* What a stack says after the stub: the caller of `func`, to the end. */
static void check_chain(const u64 *ip, u64 nr, const char *func, const struct stack *callers)
{
	struct stack s = {};
	unsigned int i, skip;
	u64 start = 0;

	for (i = 0; i < nr; i++) {
		char frame[160];
		const char *name = symbol_of(ip[i], &start);

		if (ip[i] >= (u64)-4095)	/* PERF_CONTEXT_KERNEL */
			continue;
		snprintf(frame, sizeof(frame), "%s +0x%llx", name ?: GENERATED,
			 (unsigned long long)(ip[i] - start));
		add_frame(&s, frame);
	}
	check(s.nr && is_ours(s.frame[0]), "a breakpoint in '%s'", s.nr ? s.frame[0] : "");
	strip(&s);
	/* Come by a call, with the function's return address still there. */
	skip = s.nr && in_function(s.frame[0], func);
	if (same_frames(&s, skip, callers, 0))
		return;
	if (!symbol_exists("unwind_module_init") && same_frames(&s, skip, callers, 1)) {
		frameless++;
		return;
	}
	show("want", callers);
	show("have", &s);
	symbol_of(ip[1], &start);
	fail("an incomplete chain at +0x%llx", (unsigned long long)(ip[1] - start));
}

/* How many chains there were; all are checked. */
static unsigned int read_chains(struct ring *r, const char *func, const struct stack *callers)
{
	const char *data = (char *)r->page + getpagesize();
	u64 head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	u64 tail = r->page->data_tail, record[256];
	unsigned int n = 0;

	while (tail < head) {
		struct perf_event_header h;
		size_t i;

		memcpy(&h, data + tail % RING_SIZE, sizeof(h));	/* all sizes are multiples of 8 */
		check(h.size <= sizeof(record), "a record of %u bytes", h.size);
		for (i = 0; i < h.size; i += 8)
			memcpy((char *)record + i, data + (tail + i) % RING_SIZE, 8);
		if (h.type == PERF_RECORD_SAMPLE) {
			check_chain(record + 2, record[1], func, callers);
			n++;
		}
		tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
	return n;
}

/* How many of the addresses have an instruction that is executed once or more. */
static unsigned int walk(u64 start, u64 size, const char *func, const struct stack *callers)
{
	unsigned int i, hits = 0;
	struct ring r;
	u64 off;
	int fd[4];

	ring_open(&r);
	for (off = 0; off < size; off += ARRAY_SIZE(fd)) {
		for (i = 0; i < ARRAY_SIZE(fd); i++)
			fd[i] = breakpoint(&r, start + off + i);
		read_pipe();
		for (i = 0; i < ARRAY_SIZE(fd); i++)
			close(fd[i]);
		hits += read_chains(&r, func, callers);
	}
	ring_close(&r);
	return hits;
}

/* The name and size of the stub on the stack of a task that sleeps in func. */
static void stub_of(char *name, unsigned int len, u64 *size)
{
	struct sleeper s;
	struct stack have;
	unsigned int i;

	sleeper_start(&s);
	stack_of(s.pid, &have);
	sleeper_wake(&s);
	for (i = 0; i < have.nr; i++)
		if (is_ours(have.frame[i]))
			break;
	check(i < have.nr, "no stub on the stack");
	snprintf(name, len, "%.*s", (int)strcspn(have.frame[i], "+"), have.frame[i]);
	*size = strtoull(strchr(have.frame[i], '/') + 1, NULL, 16);
}

static void walk_kind(int dev, unsigned int kind, const char *func, const struct stack *callers)
{
	struct pairfuse_link_info li;
	unsigned int hits, passing;
	char name[64];
	u64 size, start;
	int link;

	link = attach_kind(dev, func, kind, 0);
	stub_of(name, sizeof(name), &size);
	start = symbol_address(name);
	hits = walk(start, size, func, callers);
	close(link);
	/* Once more for a filter, by which we pass, in the same stub. */
	eventually(60, !dev_next(dev, 0, &li));
	link = attach_kind(dev, func, kind, 1);
	passing = walk(start, size, func, callers);
	close(link);
	note("kind %#x, %s: %u of %llu bytes, passing by %u; without the caller %u", kind, name,
	     hits, (unsigned long long)size, passing, frameless);
	check(frameless <= 20, "the caller is missing at %u instructions", frameless);
	frameless = 0;
	check(hits >= 15, "only %u instructions of %s", hits, name);
	check(passing >= 4, "only %u instructions of %s pass by", passing, name);
	eventually(60, !dev_next(dev, 0, &li));
}

TEST(stack_everywhere)
{
	static const unsigned int some[] = { 0, 2, 4, 5, 6, 7 };	/* of the kinds */
	const char *func = first_of(pipe_read_names);
	int dev = dev_open(), fd;
	struct stack callers;
	struct counts c;
	unsigned int i;

	counts_new(&c);
	fd = take_stacks(N_KRETPROBE, func, &c);
	read_once(&c, &callers);
	close(fd);
	strip(&callers);
	for (i = 0; i < ARRAY_SIZE(some); i++)
		walk_kind(dev, kinds[some[i]], func, &callers);
}

/*
 * What the kernel prints about a task that is blocked (SysRq-w); lines with a question
 * mark are what it has found on the stack and not reached by unwinding.
 */
static void printed_stack(pid_t pid, struct stack *s)
{
	int log = need(open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC));
	int sysrq = need(open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
	char line[1024], *p, want[32];
	bool mine = false, done = false;
	ssize_t n;

	need(lseek(log, 0, SEEK_END));
	equal(write(sysrq, "w", 1), 1, "sysrq");
	close(sysrq);
	snprintf(want, sizeof(want), "pid:%d ", pid);
	s->nr = 0;
	while (!done && (n = read(log, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		p = strchr(line, ';');
		if (!p)
			continue;
		p += strspn(p + 1, " ") + 1;
		if (!strncmp(p, "task:", 5))
			mine = strstr(p, want);
		else if (mine && !strncmp(p, "</TASK>", 7))
			done = true;
		else if (mine && *p != '?' && strstr(p, "+0x"))
			add_frame(s, p);
	}
	close(log);
	check(done, "the kernel has printed no stack of %d", pid);
}

/* Waits in vfork() until its child is killed. */
static pid_t blocked_start(pid_t *child)
{
	int fds[2];
	pid_t pid;

	need(pipe(fds));
	pid = need(fork());
	if (!pid) {
		pid_t own;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		need(dup2(fds[1], 0));
		close_range(1, ~0U, 0);
		if (!vfork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			own = getpid();
			if (write(0, &own, sizeof(own)) == sizeof(own))
				for (;;)
					pause();
			_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	equal(read(fds[0], child, sizeof(*child)), sizeof(*child), "a child's pid");
	close(fds[0]);
	eventually(10, task_state(pid) == 'D');
	return pid;
}

static void blocked_end(pid_t pid, pid_t child)
{
	int status;

	need(kill(child, SIGKILL));
	need(waitpid(pid, &status, 0));
	equal(status, 0, "status of the blocked task");
}

TEST(stack_printed)
{
	struct stack want, have, proc;
	int dev = dev_open(), link[2];
	pid_t pid, child;

	pid = blocked_start(&child);
	printed_stack(pid, &want);
	show("without pairs", &want);
	check(want.nr >= 4 && in_function(want.frame[want.nr - 1], "entry_SYSCALL_64_after_hwframe"),
	      "an incomplete stack");
	blocked_end(pid, child);

	link[0] = attach_kind(dev, "kernel_clone", 0, 0);
	link[1] = attach_kind(dev, "kernel_clone", kinds[4], 0);
	pid = blocked_start(&child);
	printed_stack(pid, &have);
	check_place(&have, "kernel_clone");
	compare(&have, &want, 2, "printed");
	/* __schedule() and such are left out there */
	stack_of(pid, &proc);
	check(proc.nr && proc.nr <= have.nr, "%u frames in /proc", proc.nr);
	check(!strcmp(proc.frame[proc.nr - 1], have.frame[have.nr - 1]), "other bottoms");
	blocked_end(pid, child);
	close(link[0]);
	close(link[1]);
}
