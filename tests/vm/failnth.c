// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach with each allocation (and each copy from and to user space) on
 * the way failing once: the kernel's fail-nth makes the nth of them that this thread
 * comes to fail. For the kernel "debug", others cannot do that.
 */
#include "vm.h"
#include "insn.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CALLS 10

static int fail_nth;
static struct counts c;
static int dev;

/* What a request says besides programs and hook mode. */
static const struct pairfuse_attach plain;
static const struct pairfuse_attach new_group = {
	.flags = PAIRFUSE_ATTACH_EXACT,
	.group_fd = -1,
};

static void set_option(const char *file, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", file);
	fd = need(open(path, O_WRONLY | O_CLOEXEC));
	need(write(fd, value, strlen(value)));
	close(fd);
}

/*
 * Allocations that may sleep are left out by default; those of user pages stay out:
 * this program's own page faults are not what is tested. A backtrace in the log for
 * each fault would count as a complaint of the kernel.
 */
static void setup(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	check(fail_nth >= 0, "this kernel has no fail-nth: use the one called debug");
	set_option("failslab/ignore-gfp-wait", "N");
	set_option("failslab/verbose", "0");
	set_option("fail_page_alloc/ignore-gfp-wait", "N");
	set_option("fail_page_alloc/min-order", "0");
	set_option("fail_page_alloc/verbose", "0");
	set_option("fail_usercopy/verbose", "0");
	dev = dev_open();
	counts_new(&c);
}

static void arm(unsigned int n)
{
	char text[16];

	need(write(fail_nth, text, snprintf(text, sizeof(text), "%u", n)));
}

/*
 * Has something failed since? What is left of n is read and cleared by copies too:
 * the one that fails tells that it is the first that does.
 */
static bool disarm(void)
{
	char text[16] = "";
	bool failed = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	while (write(fail_nth, "0", 1) != 1)
		check(errno == EFAULT, "fail-nth: %s", strerror(errno));
	return failed;
}

/* What an attach that failed must not change. */
struct state {
	u32 plain, exact, timed, timed_exact, groups;	/* free */
	u32 draining;
	bool hooked;
	int fd;				/* lowest free one */
};

static struct state state_now(void)
{
	struct pairfuse_info info;
	struct state s;

	need(dev_info(dev, &info));
	s = (struct state){
		.plain = info.nr_free,
		.exact = info.nr_exact_free,
		.timed = info.nr_timed_free,
		.timed_exact = info.nr_timed_exact_free,
		.groups = info.nr_groups_free,
		.draining = info.nr_draining,
		.hooked = hooked(CALLED),
		.fd = need(dup(dev)),
	};
	close(s.fd);
	return s;
}

/* What was detached before has to have gone, or "as before" would never come again. */
static struct state settled_state(void)
{
	eventually(60, state_now().draining == 0);
	return state_now();
}

static bool as_before(const struct state *before)
{
	struct state s = state_now();

	return s.plain == before->plain && s.exact == before->exact &&
	       s.timed == before->timed && s.timed_exact == before->timed_exact &&
	       s.groups == before->groups && s.draining == before->draining &&
	       s.hooked == before->hooked && s.fd == before->fd;
}

static int attach(struct pair *p, const struct pairfuse_attach *how)
{
	struct pairfuse_attach a = *how;

	a.size = sizeof(a);
	a.target_fd = p->target;
	a.entry_fd = how->flags & PAIRFUSE_ATTACH_NO_ENTRY ? -1 : p->entry;
	a.exit_fd = p->exit;
	a.hook = hook;
	p->link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);
	return p->link;
}

/* Another thread calls as well: a filter is on this one, and lets it pass by. */
static void check_works(struct pair *p, const struct pairfuse_attach *how)
{
	u64 runs = how->filter ? CALLS : 2 * CALLS;

	counts_zero(&c);
	call_n(CALLS);
	call_threads(1, CALLS);
	equal(pair_count(p, C_ENTRY), how->flags & PAIRFUSE_ATTACH_NO_ENTRY ? 0 : runs,
	      "entry runs");
	equal(pair_count(p, C_EXIT), runs, "exit runs");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}

/*
 * Until n is more than there is to fail; that attach has to work. So has one in
 * which the kernel got along without what it asked for.
 */
static void fail_attach(const char *what, struct pair *p, const struct pairfuse_attach *how)
{
	unsigned int n, refusals = 0, faults = 0, tolerated = 0;
	struct state before = settled_state();
	bool failed;
	int err;

	for (n = 1;; n++) {
		arm(n);
		attach(p, how);
		err = errno;
		failed = disarm();
		if (p->link >= 0) {
			check_works(p, how);
			pair_detach(p);
			tolerated += failed;
		} else {
			check(failed, "%s: %s, and nothing was made to fail", what, strerror(err));
			check(err == ENOMEM || err == EFAULT, "%s: place %u: %s", what, n,
			      strerror(err));
			refusals += err == ENOMEM;
			faults += err == EFAULT;
		}
		eventually(30, as_before(&before));
		if (!failed)
			break;
	}
	note("%s: %u places: %u times ENOMEM, %u EFAULT, %u went on without", what, n - 1,
	     refusals, faults, tolerated);
	check(refusals > 0, "%s: no allocation failed", what);
	/*
	 * The request always, and the answer as a rule: whether a slab needs a page
	 * differs from try to try, and so does which place is the last.
	 */
	check(faults > 0, "%s: no copy failed", what);
}

/* Detaching cannot be refused; `inner` (or NULL) is on the function too, behind p. */
static void fail_detach(const char *what, struct pair *p, const struct pairfuse_attach *how,
			struct pair *inner)
{
	struct state before = settled_state();
	unsigned int n;
	bool failed;

	for (n = 1;; n++) {
		need(attach(p, how));
		if (inner)
			need(attach(inner, &plain));
		arm(n);
		pair_detach(p);
		failed = disarm();
		if (inner) {
			check_works(inner, &plain);
			pair_detach(inner);
		}
		eventually(30, as_before(&before));
		if (!failed)
			break;
	}
	note("%s: %u places", what, n - 1);
}

TEST(failnth)
{
	struct pairfuse_attach second = { .flags = PAIRFUSE_ATTACH_EXACT };
	struct pair p, other;

	setup();
	pair_load(&p, CALLED, &c, 0);
	pair_load(&other, "__x64_sys_getpgid", &c, NR_PAIR_COUNTS);
	fail_attach("plain", &p, &plain);
	fail_attach("a new group", &p, &new_group);
	second.group_fd = need(attach(&other, &new_group));
	fail_attach("a group's second link", &p, &second);
	pair_detach(&other);
	fail_detach("detach", &p, &plain, NULL);

	/* on one function */
	pair_unload(&other);
	pair_load(&other, CALLED, &c, NR_PAIR_COUNTS);
	fail_detach("detach of a function's first link", &p, &plain, &other);
	need(attach(&other, &plain));
	fail_attach("a function's second link", &p, &plain);
	fail_detach("detach of a function's second link", &p, &plain, NULL);
	check_works(&other, &plain);
	pair_unload(&other);
	pair_unload(&p);
}

/*
 * An exit program that calls nothing, in place of p's: it looks for a time in place
 * of p's state.
 */
static void use_timed_exit(struct pair *p)
{
	const struct bpf_insn insns[] = {
		LDMAP(R2, c.fd, 8 * p->base),
		MOVI(R3, 1),
		INC(R2, 8 * C_EXIT, R3),
		LD8(R4, R1, 8 * PAIRFUSE_CTX_ELAPSED),
		JNEI(R4, 0, 1),
		INC(R2, 8 * C_BAD, R3),
		MOVI(R0, 0),
		EXIT(),
	};

	close(p->exit);
	p->exit = need(load_raw(insns, ARRAY_SIZE(insns)));
}

#define TIMED(more) (PAIRFUSE_ATTACH_ELAPSED | (more))

/* Times taken by stubs, stubs without an entry program, filters. */
TEST(failnth_timed)
{
	const struct {
		const char *what;
		struct pairfuse_attach how;
	} kinds[] = {
		{ "filter", {
			.filter = PAIRFUSE_FILTER_TID, .filter_value = gettid() } },
		{ "elapsed", {
			.flags = TIMED(0) } },
		{ "monotonic", {
			.flags = TIMED(PAIRFUSE_ATTACH_MONOTONIC) } },
		{ "elapsed, no entry", {
			.flags = TIMED(PAIRFUSE_ATTACH_NO_ENTRY) } },
		{ "elapsed, no entry, filter", {
			.flags = TIMED(PAIRFUSE_ATTACH_NO_ENTRY),
			.filter = PAIRFUSE_FILTER_TID, .filter_value = gettid() } },
		{ "monotonic, no entry, a new group", {
			.flags = TIMED(PAIRFUSE_ATTACH_MONOTONIC | PAIRFUSE_ATTACH_NO_ENTRY |
				       PAIRFUSE_ATTACH_EXACT),
			.group_fd = -1 } },
	};
	struct pair p, other;
	unsigned int k;

	setup();
	pair_load(&p, CALLED, &c, 0);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (k == 1)
			use_timed_exit(&p);
		fail_attach(kinds[k].what, &p, &kinds[k].how);
	}
	/* beside another on one function */
	pair_load(&other, CALLED, &c, NR_PAIR_COUNTS);
	fail_detach("detach of a function's first link, no entry, filter", &p, &kinds[4].how,
		    &other);
	need(attach(&other, &plain));
	fail_attach("a function's second link, no entry, filter", &p, &kinds[4].how);
	check_works(&other, &plain);
	pair_unload(&other);
	pair_unload(&p);
}
