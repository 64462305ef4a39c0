// SPDX-License-Identifier: GPL-2.0
/*
 * Many pairs in one request: owned by one descriptor, hooked by one ops, all or none.
 */
#include "vm.h"
#include "insn.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MANY PAIRFUSE_TEST_MANY

static struct counts c;

static struct pairfuse_attach one(const struct pair *p)
{
	return (struct pairfuse_attach) {
		.size = sizeof(struct pairfuse_attach),
		.target_fd = p->target,
		.entry_fd = p->entry,
		.exit_fd = p->exit,
		.hook = hook,
	};
}

static int attach(int dev, struct pairfuse_attach *a, u32 nr, u32 *failed)
{
	struct pairfuse_attach_many m = {
		.size = sizeof(m),
		.nr = nr,
		.stride = sizeof(*a),
		.pairs = (u64)a,
	};
	int fd;
	u32 i;

	for (i = 0; i < nr; i++)
		a[i].link_id = 0;
	fd = ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m);
	if (failed)
		*failed = m.failed;
	return fd;
}

static int detach(int set, u32 id)
{
	struct pairfuse_detach d = { .size = sizeof(d), .id = id };

	return ioctl(set, PAIRFUSE_IOC_DETACH, &d);
}

static void load_many(struct pair *p, unsigned int nr)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "pairfuse_test_many%u", i);
		pair_load(&p[i], name, &c, 32);
	}
}

static u32 nr_links(int dev)
{
	struct pairfuse_link_info li = {};
	u32 n = 0;

	while (dev_next(dev, li.id, &li))
		n++;
	return n;
}

static void called(struct pair *p, u64 n, u64 want)
{
	call_n(n);
	equal(pair_count(p, C_ENTRY), want, "entry runs");
	equal(pair_count(p, C_EXIT), want, "exit runs");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}

static u32 state_of(int dev, u32 id)
{
	struct pairfuse_link_info li;

	check(dev_find(dev, id, &li), "link %u is not listed", id);
	return li.state;
}

/* One of many is called, two are on one function, and one goes before the others. */
TEST(together)
{
	static struct pairfuse_attach a[MANY + 2];
	static struct pair p[MANY + 2], again;
	struct pairfuse_link_info li;
	int dev = dev_open(), set, link;
	u64 before;
	u32 i;

	counts_new(&c);
	load_many(p, 16);
	pair_load(&p[16], CALLED, &c, 0);
	pair_load(&p[17], CALLED, &c, 8);
	for (i = 0; i < 18; i++)
		a[i] = one(&p[i]);
	set = need(attach(dev, a, 18, NULL));
	equal(nr_links(dev), 18, "links");
	for (i = 0; i < 18; i++) {
		check(a[i].link_id, "pair %u has no id", i);
		equal(a[i].hook, hook, "hook");
		check(hooked(i < 16 ? "pairfuse_test_many0" : CALLED), "not hooked");
	}
	called(&p[16], 100, 100);
	equal(pair_count(&p[17], C_EXIT), 100, "exit runs of the second");
	link_info(set, &li);
	equal(li.id, a[0].link_id, "the first link");

	/* the outer one goes */
	need(detach(set, a[16].link_id));
	refused(detach(set, a[16].link_id), ENOENT);
	called(&p[16], 100, 100);
	equal(pair_count(&p[17], C_EXIT), 200, "exit runs of the second");
	/* the last one: the hook stays where it has to */
	need(detach(set, a[17].link_id));
	called(&p[17], 100, 200);
	if (hook == PAIRFUSE_HOOK_SHARED) {
		check(hooked(CALLED), "the hook is gone");
		equal(state_of(dev, a[17].link_id), PAIRFUSE_LINK_PARKED, "state");
	} else {
		check(!hooked(CALLED), "the hook is there");
	}
	/* another comes, by itself, and goes */
	pair_load(&again, CALLED, &c, 16);
	pair_attach(&again, dev);
	called(&again, 100, 100);
	eventually(60, !dev_find(dev, a[17].link_id, &li));
	pair_detach(&again);
	called(&again, 100, 100);
	/* and stays, when the others go */
	link = pair_try(&again, dev, hook, 0);
	need(link);
	close(set);
	check(!hooked("pairfuse_test_many3") || hook == PAIRFUSE_HOOK_SHARED, "still hooked");
	before = pair_count(&again, C_EXIT);
	called(&again, 100, before + 100);
	pair_detach(&again);
	check(!hooked(CALLED) && !hooked("pairfuse_test_many3"), "still hooked");
	eventually(60, !nr_links(dev));
}

/* All of a request or nothing, and which pair is to blame. */
TEST(together_refused)
{
	struct pairfuse_attach_many m = {
		.size = sizeof(m), .stride = sizeof(struct pairfuse_attach),
	};
	static struct pairfuse_attach a[16];
	static struct pair p[16];
	struct pairfuse_attach *page;
	int dev = dev_open(), link;
	u32 i, failed;

	counts_new(&c);
	load_many(p, 12);
	for (i = 0; i < 12; i++)
		a[i] = one(&p[i]);

	a[7].exit_fd = p[7].target;
	refused(attach(dev, a, 12, &failed), EBADF);
	equal(failed, 7, "the pair to blame");
	a[7] = one(&p[7]);
	a[5].flags = 1U << 31;
	refused(attach(dev, a, 12, &failed), EINVAL);
	equal(failed, 5, "the pair to blame");
	a[5] = one(&p[5]);
	/* nine on one function */
	for (i = 0; i < PAIRFUSE_MAX_LINKS + 1; i++)
		a[i].target_fd = p[0].target;
	refused(attach(dev, a, 12, &failed), EMLINK);
	equal(failed, PAIRFUSE_MAX_LINKS, "the pair to blame");
	for (i = 0; i < 12; i++)
		a[i] = one(&p[i]);
	/* groups */
	a[3].flags = PAIRFUSE_ATTACH_EXACT;
	a[3].group_fd = PAIRFUSE_GROUP_OF(3);
	refused(attach(dev, a, 12, &failed), EBADF);
	a[3].group_fd = PAIRFUSE_GROUP_OF(2);
	refused(attach(dev, a, 12, &failed), EBADF);
	equal(failed, 3, "the pair to blame");
	a[3].group_fd = -1;
	a[4].flags = PAIRFUSE_ATTACH_EXACT;
	a[4].group_fd = PAIRFUSE_GROUP_OF(3);
	need(close(need(attach(dev, a, 12, NULL))));
	/* requests */
	m.pairs = (u64)a;
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m), EINVAL);
	m.nr = PAIRFUSE_MAX_SET + 1;
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m), EINVAL);
	m.nr = 1;
	m.pairs = 8;
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m), EFAULT);
	m.pairs = (u64)a;
	m.failed = 0;
	m.stride = 8;
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m), EINVAL);
	need(link = attach(dev, a, 1, NULL));
	refused(ioctl(link, PAIRFUSE_IOC_INFO, &m), ENOTTY);
	close(link);
	/* Readable, but the answer cannot be written: nothing may stay attached. */
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(page != MAP_FAILED, "mmap: %s", strerror(errno));
	for (i = 0; i < 4; i++)
		page[i] = one(&p[i]);
	need(mprotect(page, 4096, PROT_READ));
	m.stride = sizeof(*page);
	m.nr = 4;
	m.pairs = (u64)page;
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &m), EFAULT);
	eventually(60, !nr_links(dev));
	check(!hooked("pairfuse_test_many1"), "still hooked");
}

static void many_beside(enum neighbour kind, bool first, struct pair *p,
			struct pairfuse_attach *a, int dev)
{
	u64 seen, runs;
	int n = -1, set;

	if (first)
		n = need(neighbour_attach(kind, CALLED, &c, 40));
	set = need(attach(dev, a, 9, NULL));
	if (!first)
		n = need(neighbour_attach(kind, CALLED, &c, 40));
	seen = c.v[40];
	runs = pair_count(p, C_EXIT);
	call_n(1000);
	equal(c.v[40], seen + 1000, neighbour_name[kind]);
	equal(pair_count(p, C_EXIT), runs + 1000, "exit runs");
	close(set);
	call_n(1000);
	equal(c.v[40], seen + 2000, neighbour_name[kind]);
	close(n);
}

/* A set beside others on one of its functions, which come first or second. */
TEST(together_neighbours)
{
	static struct pairfuse_attach a[16];
	static struct pair p[16];
	int dev = dev_open(), kind;
	u32 i;

	neighbour_anchor();
	counts_new(&c);
	load_many(p, 8);
	pair_load(&p[8], CALLED, &c, 0);
	for (i = 0; i < 9; i++)
		a[i] = one(&p[i]);
	for (kind = 0; kind < NR_NEIGHBOURS; kind++) {
		many_beside(kind, true, &p[8], a, dev);
		many_beside(kind, false, &p[8], a, dev);
	}
}

/*
 * Two pairs on a busy function are hooked before a third one turns out not to be possible:
 * what calls have come through drains, and the function is as before.
 */
TEST(together_undone)
{
	int dev = dev_open(), owner, i, tries = 20 * scale / 100 ? : 1;
	static struct pairfuse_attach a[3];
	static struct pair p[3];
	struct load *l;
	u32 failed;

	counts_new(&c);
	neighbour_anchor();
	pair_load(&p[0], CALLED, &c, 0);
	pair_load(&p[1], CALLED, &c, 8);
	pair_load(&p[2], "__x64_sys_getpgid", &c, 16);
	/* has the place that a direct hook wants */
	owner = need(neighbour_attach(N_FENTRY, "__x64_sys_getpgid", &c, 40));
	for (i = 0; i < 3; i++)
		a[i] = one(&p[i]);
	a[2].hook = PAIRFUSE_HOOK_DIRECT;
	l = load_start(2);
	for (i = 0; i < tries; i++) {
		refused(attach(dev, a, 3, &failed), EBUSY);
		equal(failed, 3, "the pair to blame");
	}
	load_stop(l);
	note("%llu calls went through", (unsigned long long)pair_count(&p[1], C_ENTRY));
	eventually(60, !nr_links(dev));
	check(!hooked(CALLED), "still hooked");
	check(pair_count(&p[1], C_ENTRY), "nobody has called meanwhile");
	equal(pair_count(&p[0], C_BAD) + pair_count(&p[1], C_BAD), 0, "wrong states");
	a[2].hook = PAIRFUSE_HOOK_SHARED;
	close(need(attach(dev, a, 3, NULL)));
	close(owner);
}

/*
 * Instructions of a call with a pair and an fexit program, by how many other functions
 * are hooked: such a call looks at all users of ftrace. Needs guest time that counts
 * instructions (scripts/vm run --icount).
 */
static double per_call(void)
{
	double best = 0, t;
	int i;

	for (i = 0; i < 5; i++) {
		t = now();
		call_n(10000);
		t = (now() - t) / 10000 * 1e9;
		if (!best || t < best)
			best = t;
	}
	return best;
}

static double beside_cost(int dev, struct pairfuse_attach *a, u32 nr)
{
	double cost;
	int set, n;

	set = need(attach(dev, a, nr, NULL));
	n = need(neighbour_attach(N_FEXIT, CALLED, &c, 40));
	cost = per_call();
	close(n);
	close(set);
	return cost;
}

TEST(together_cost)
{
	static struct pairfuse_attach a[MANY + 1];
	static struct pair p[MANY + 1];
	double bare, few, all;
	int dev = dev_open();
	u32 i;

	neighbour_anchor();
	counts_new(&c);
	pair_load(&p[0], CALLED, &c, 0);
	load_many(p + 1, MANY);
	for (i = 0; i < MANY + 1; i++)
		a[i] = one(&p[i]);
	bare = per_call();
	few = beside_cost(dev, a, 1) - bare;
	all = beside_cost(dev, a, MANY) - bare;
	note("a pair and an fexit program: %.0f instructions, and %.0f with %u functions hooked",
	     few, all, MANY);
	check(all <= 1.3 * few, "%.1f times as many", all / few);
}
