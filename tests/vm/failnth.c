// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach with each allocation (and each copy from and to user space) on
 * the way failing once: the kernel's fail-nth makes the nth of them that this thread
 * comes to fail. For the kernel "debug", others cannot do that.
 */
#include "vm.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int fail_nth;
static struct counts c;
static int dev;

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
	u32 plain, exact, groups;	/* free */
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
	       s.groups == before->groups && s.draining == before->draining &&
	       s.hooked == before->hooked && s.fd == before->fd;
}

/* A group's first link: -1, a further one: that link; none: 0. */
static int attach(struct pair *p, int group)
{
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = group ? PAIRFUSE_ATTACH_EXACT : 0,
		.target_fd = p->target,
		.entry_fd = p->entry,
		.exit_fd = p->exit,
		.hook = hook,
		.group_fd = group,
	};

	p->link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);
	return p->link;
}

static void check_works(struct pair *p)
{
	counts_zero(&c);
	call_n(10);
	equal(pair_count(p, C_ENTRY), 10, "entry runs");
	equal(pair_count(p, C_EXIT), 10, "exit runs");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}

/*
 * Until n is more than there is to fail; that attach has to work. So has one in
 * which the kernel got along without what it asked for.
 */
static void fail_attach(const char *what, struct pair *p, int group)
{
	unsigned int n, refusals = 0, faults = 0, tolerated = 0;
	struct state before = settled_state();
	bool failed;
	int err;

	for (n = 1;; n++) {
		arm(n);
		attach(p, group);
		err = errno;
		failed = disarm();
		if (p->link >= 0) {
			check_works(p);
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
static void fail_detach(const char *what, struct pair *p, struct pair *inner)
{
	struct state before = settled_state();
	unsigned int n;
	bool failed;

	for (n = 1;; n++) {
		need(attach(p, 0));
		if (inner)
			need(attach(inner, 0));
		arm(n);
		pair_detach(p);
		failed = disarm();
		if (inner) {
			check_works(inner);
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
	struct pair p, other;

	setup();
	pair_load(&p, CALLED, &c, 0);
	pair_load(&other, "__x64_sys_getpgid", &c, NR_PAIR_COUNTS);
	fail_attach("plain", &p, 0);
	fail_attach("a new group", &p, -1);
	need(attach(&other, -1));
	fail_attach("a group's second link", &p, other.link);
	pair_detach(&other);
	fail_detach("detach", &p, NULL);

	/* on one function */
	pair_unload(&other);
	pair_load(&other, CALLED, &c, NR_PAIR_COUNTS);
	fail_detach("detach of a function's first link", &p, &other);
	need(attach(&other, 0));
	fail_attach("a function's second link", &p, 0);
	fail_detach("detach of a function's second link", &p, NULL);
	check_works(&other);
}
