// SPDX-License-Identifier: GPL-2.0
/*
 * Everybody else who can be on a function: BPF programs of all kinds and ftrace's own
 * tracers. Each comes before us and after us, and leaves before us and after us: nobody
 * may lose or gain an event, and who is refused gets the errno that is documented.
 * (Kprobes, fentry and fexit under load: neighbours.c.)
 */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Modifying return values is allowed on functions of this name only. The kernel calls
 * it for who asks for the session of a process by its id.
 */
#define SECURITY "security_task_getsid"
#define TRACING	"/sys/kernel/tracing"
#define INSTANCE TRACING "/instances/vmtest"

/* Newer than the headers that this is compiled with: checked against the kernel's BTF. */
enum {
	KPROBE_SESSION = 56,
	FSESSION = 58,
	FENTRY_MULTI = 59,
	FEXIT_MULTI = 60,
	FSESSION_MULTI = 61,
};

static struct counts c;

static void call(unsigned int n)
{
	pid_t self = getpid();

	while (n--)
		syscall(SYS_getsid, self);
}

/* Is there such a kind of program? */
static bool kernel_has(const char *constant, int value)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	unsigned int i;
	bool has = false;

	check(t, "no enum bpf_attach_type in BTF");
	for (i = 0; i < btf_vlen(t); i++) {
		const struct btf_enum *e = btf_enum(t) + i;

		if (!strcmp(btf__name_by_offset(btf, e->name_off), constant)) {
			equal(e->val, value, constant);
			has = true;
		}
	}
	btf__free(btf);
	return has;
}

/* Of the given function's types; NULL: of no function's in particular. */
static int counting(enum bpf_prog_type type, int at, const char *func)
{
	const struct bpf_insn insns[] = {
		LDMAP(R1, c.fd, 8 * 32),
		MOVI(R2, 1),
		INC(R1, 0, R2),
		MOVI(R0, 0),
		EXIT(),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = at);

	if (func)
		return need(load_tracing(func, at, insns, ARRAY_SIZE(insns)));
	return need(bpf_prog_load(type, "vmtest", "GPL", insns, ARRAY_SIZE(insns), &opts));
}

/* Close one, keep the other, with its errno. */
static int closing(int prog, int fd)
{
	int err = errno;

	close(prog);
	errno = err;
	return fd;
}

static int tracing_attach(int at)
{
	int prog = counting(BPF_PROG_TYPE_TRACING, at, SECURITY);

	return closing(prog, bpf_raw_tracepoint_open(NULL, prog));
}

static int fentry(void) { return tracing_attach(BPF_TRACE_FENTRY); }
static int fexit(void) { return tracing_attach(BPF_TRACE_FEXIT); }
static int fmod_ret(void) { return tracing_attach(BPF_MODIFY_RETURN); }

static int fsession(void)
{
	int prog = counting(BPF_PROG_TYPE_TRACING, FSESSION, SECURITY);

	return closing(prog, bpf_link_create(prog, 0, (enum bpf_attach_type)FSESSION, NULL));
}

/* The newest libbpf has this, the one here not; union bpf_attr is as long as we say. */
static int tracing_multi(int at)
{
	struct btf *btf = btf__load_vmlinux_btf();
	u32 id = need(btf__find_by_name_kind(btf, SECURITY, BTF_KIND_FUNC));
	struct {
		u32 prog, target, attach_type, flags;
		u64 ids, cookies;
		u32 cnt, zero[9];
	} attr = {
		.attach_type = at,
		.ids = (uintptr_t)&id,
		.cnt = 1,
	};

	btf__free(btf);
	attr.prog = counting(BPF_PROG_TYPE_TRACING, at, NULL);
	return closing(attr.prog, syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
}

static int fentry_multi(void) { return tracing_multi(FENTRY_MULTI); }
static int fexit_multi(void) { return tracing_multi(FEXIT_MULTI); }
static int fsession_multi(void) { return tracing_multi(FSESSION_MULTI); }

static int kprobe(bool ret)
{
	int prog = counting(BPF_PROG_TYPE_KPROBE, 0, NULL);

	return closing(prog, kprobe_open(prog, SECURITY, ret));
}

static int kprobe_entry(void) { return kprobe(false); }
static int kprobe_return(void) { return kprobe(true); }

static int kprobe_multi_attach(int at, u32 flags)
{
	const char *func = SECURITY;
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		.kprobe_multi.flags = flags,
		.kprobe_multi.cnt = 1,
		.kprobe_multi.syms = &func);
	int prog = counting(BPF_PROG_TYPE_KPROBE, at, NULL);

	return closing(prog, bpf_link_create(prog, 0, at, &opts));
}

static int kprobe_multi(void) { return kprobe_multi_attach(BPF_TRACE_KPROBE_MULTI, 0); }

static int kretprobe_multi(void)
{
	return kprobe_multi_attach(BPF_TRACE_KPROBE_MULTI, BPF_F_KPROBE_MULTI_RETURN);
}

static int kprobe_session(void) { return kprobe_multi_attach(KPROBE_SESSION, 0); }

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s > %s: %s",
	      text, path, strerror(errno));
	close(fd);
}

/* A tracer in a buffer of its own; the fd keeps that in use until we are done. */
static int tracer(const char *name)
{
	need(mkdir(INSTANCE, 0700));
	put(INSTANCE "/set_ftrace_filter", SECURITY);
	put(INSTANCE "/current_tracer", name);
	return open(INSTANCE "/trace", O_RDWR | O_CLOEXEC);
}

static int function_tracer(void) { return tracer("function"); }
static int graph_tracer(void) { return tracer("function_graph"); }

static void tracer_end(void)
{
	put(INSTANCE "/current_tracer", "nop");
	put(INSTANCE "/set_ftrace_filter", "");
	need(rmdir(INSTANCE));
}

/* Lines about the function; the graph has one line for a call without calls. */
static u64 tracer_lines(void)
{
	FILE *f = fopen(INSTANCE "/trace", "re");
	char line[512];
	u64 n = 0;

	check(f, INSTANCE "/trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		n += line[0] != '#' && strstr(line, SECURITY);
	fclose(f);
	put(INSTANCE "/trace", "");
	return n;
}

static const struct user {
	const char *name;
	int (*attach)(void);	/* an fd to close, or -1 with errno */
	void (*end)(void);	/* after that; NULL: nothing */
	u64 (*count)(void);	/* events since it was asked last; NULL: c.v[32] */
	unsigned int events;	/* of a call; 0: 1 */
	bool trampoline;	/* one of BPF's, which direct mode excludes */
	const char *constant;	/* what the kernel has when it knows this */
	int value;
} users[] = {
	{ "fentry", fentry, .trampoline = true },
	{ "fexit", fexit, .trampoline = true },
	{ "fmod_ret", fmod_ret, .trampoline = true },
	{ "fsession", fsession, .trampoline = true, .events = 2,
	  .constant = "BPF_TRACE_FSESSION", .value = FSESSION },
	{ "fentry.multi", fentry_multi, .trampoline = true,
	  .constant = "BPF_TRACE_FENTRY_MULTI", .value = FENTRY_MULTI },
	{ "fexit.multi", fexit_multi, .trampoline = true,
	  .constant = "BPF_TRACE_FEXIT_MULTI", .value = FEXIT_MULTI },
	{ "fsession.multi", fsession_multi, .trampoline = true, .events = 2,
	  .constant = "BPF_TRACE_FSESSION_MULTI", .value = FSESSION_MULTI },
	{ "kprobe", kprobe_entry },
	{ "kretprobe", kprobe_return },
	{ "kprobe.multi", kprobe_multi },
	{ "kretprobe.multi", kretprobe_multi },
	{ "kprobe.session", kprobe_session, .events = 2,
	  .constant = "BPF_TRACE_KPROBE_SESSION", .value = KPROBE_SESSION },
	{ "function tracer", function_tracer, tracer_end, tracer_lines },
	{ "function_graph tracer", graph_tracer, tracer_end, tracer_lines },
};

struct meeting {
	const struct user *user;
	struct pair p;
	int dev, fd;		/* fd: -1 while the user is not there */
};

static bool excluded(const struct meeting *m)
{
	return hook == PAIRFUSE_HOOK_DIRECT && m->user->trampoline;
}

static void user_comes(struct meeting *m)
{
	m->fd = m->user->attach();
	if (!excluded(m) || m->p.link < 0) {
		check(m->fd >= 0, "%s: %s", m->user->name, strerror(errno));
		return;
	}
	check(m->fd < 0, "%s attached beside direct mode", m->user->name);
	/* EINVAL since 7.3, see kernel-facts */
	check(errno == EBUSY || errno == EINVAL, "%s: %s", m->user->name, strerror(errno));
}

static void user_goes(struct meeting *m)
{
	close(m->fd);
	m->fd = -1;
	if (m->user->end)
		m->user->end();
}

static void we_come(struct meeting *m)
{
	if (excluded(m) && m->fd >= 0)
		refused(pair_try(&m->p, m->dev, hook, 0), EBUSY);
	else
		pair_attach(&m->p, m->dev);
}

static void we_go(struct meeting *m)
{
	pair_detach(&m->p);
}

static u64 events(const struct meeting *m)
{
	return m->user->count ? m->user->count() : c.v[32];
}

/* Who is there counts every call, who is not counts none. */
static void both_count(struct meeting *m)
{
	const unsigned int n = 50, each = m->user->events ?: 1;
	bool there = m->p.link >= 0;

	if (m->fd >= 0)
		events(m);
	counts_zero(&c);
	if (there)
		pair_mark(&m->p);
	call(n);
	equal(pair_count(&m->p, C_ENTRY), there ? n : 0, "entry runs");
	equal(pair_count(&m->p, C_EXIT), there ? n : 0, "exit runs");
	equal(pair_count(&m->p, C_BAD), 0, "wrong states");
	if (there)
		pair_check(&m->p);
	if (m->fd >= 0)
		equal(events(m), n * each, m->user->name);
	else
		equal(c.v[32], 0, "events of who is not there");
}

/* 'u': the user, 'w': we come or go, whichever is possible. */
static void take(struct meeting *m, char who)
{
	note("%s, %s %s", m->user->name, who == 'u' ? "it" : "we",
	     (who == 'u' ? m->fd : m->p.link) < 0 ? "come" : "go");
	if (who == 'u' && m->fd < 0)
		user_comes(m);
	else if (who == 'u')
		user_goes(m);
	else if (m->p.link < 0)
		we_come(m);
	else
		we_go(m);
	both_count(m);
}

/*
 * Either is there or not: the steps below go once from each of the four states to both
 * of its neighbours. Where one excludes the other, states are missing, and the tail has
 * the refusal that is then left out.
 */
static void meet(struct meeting *m)
{
	static const char all[] = "uwuuwuww", tail[] = "wuw";
	const char *step;

	for (step = all; *step; step++)
		take(m, *step);
	for (step = tail; excluded(m) && *step; step++)
		take(m, *step);
	check(m->fd < 0 && m->p.link < 0, "%s: somebody is still there", m->user->name);
}

TEST(users)
{
	struct meeting m = { .dev = dev_open(), .fd = -1 };
	unsigned int i, met = 0;

	neighbour_anchor();
	counts_new(&c);
	pair_load(&m.p, SECURITY, &c, 0);
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		m.user = &users[i];
		if (m.user->constant && !kernel_has(m.user->constant, m.user->value)) {
			note("this kernel has no %s", m.user->name);
			continue;
		}
		met++;
		meet(&m);
	}
	check(met >= 10, "only %u kinds of users", met);
}

/* All who can be at once, with us among them, one after another in both directions. */
TEST(users_together)
{
	struct meeting m[ARRAY_SIZE(users)];
	unsigned int i, nr = 0, n = 50;
	int dev = dev_open();
	struct pair p;

	neighbour_anchor();
	counts_new(&c);
	pair_load(&p, SECURITY, &c, 0);
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		const struct user *u = &users[i];

		if (u->attach == function_tracer)	/* one instance for the tracers */
			continue;
		if (hook == PAIRFUSE_HOOK_DIRECT && u->trampoline)
			continue;
		if (u->constant && !kernel_has(u->constant, u->value))
			continue;
		m[nr++] = (struct meeting){ .user = u, .fd = -1 };
	}
	for (i = 0; i < nr; i++) {
		unsigned int k, want = 0;

		if (i == nr / 2)
			pair_attach(&p, dev);
		m[i].fd = m[i].user->attach();
		check(m[i].fd >= 0, "%s: %s", m[i].user->name, strerror(errno));
		counts_zero(&c);
		call(n);
		for (k = 0; k <= i; k++)
			if (!m[k].user->count)
				want += n * (m[k].user->events ?: 1);
		equal(c.v[32], want, "events of all");
		equal(pair_count(&p, C_EXIT), i < nr / 2 ? 0 : n, "exit runs");
	}
	for (i = 0; i < nr; i++) {
		if (i == nr / 2)
			pair_detach(&p);
		user_goes(&m[i]);
		counts_zero(&c);
		call(n);
		equal(pair_count(&p, C_EXIT), i < nr / 2 ? n : 0, "exit runs, the others going");
		equal(pair_count(&p, C_BAD), 0, "wrong states");
	}
}
