// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of the function that we are on. Both of us decide where a call goes
 * on (ftrace's IPMODIFY), so there can be one only: who comes second gets EBUSY, and
 * the first one does not notice.
 */
#include "vm.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SYS_PATCH	"/sys/kernel/livepatch/pairfuse_livepatch"
#define SYS_MODULE	"/sys/module/pairfuse_livepatch"

static long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	check(f && fscanf(f, "%ld", &n) == 1, "%s: %s", path, strerror(errno));
	fclose(f);
	return n;
}

/* As insmod does. A patch stays a module of its own, so modprobe is no use. */
int patch_load(void)
{
	char path[256];
	struct utsname u;
	int fd, ret, err;

	need(uname(&u));
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/pairfuse_livepatch.ko", u.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd >= 0, "%s: %s (a kernel without CONFIG_LIVEPATCH?)", path, strerror(errno));
	ret = syscall(SYS_finit_module, fd, "", 0);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

bool patch_settled(void)
{
	return !read_number(SYS_PATCH "/transition");
}

void patch_unload(void)
{
	int fd = need(open(SYS_PATCH "/enabled", O_WRONLY | O_CLOEXEC));

	need(write(fd, "0", 1));
	close(fd);
	eventually(60, access(SYS_PATCH, F_OK));
	/* The last reference is dropped after that. */
	eventually(60, !module_remove("pairfuse_livepatch"));
}

long patch_calls(void)
{
	return read_number(SYS_MODULE "/parameters/calls");
}

static void check_counts(struct pair *p, u64 n)
{
	equal(pair_count(p, C_ENTRY), n, "entry runs");
	equal(pair_count(p, C_EXIT), n, "exit runs");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}

TEST(livepatch)
{
	const u64 n = 1000;
	int dev = dev_open();
	struct counts c;
	struct pair p;
	long before;

	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);

	/* second: the livepatch */
	pair_attach(&p, dev);
	call_n(n);
	refused(patch_load(), EBUSY);
	check(access(SYS_MODULE, F_OK), "the livepatch is there");
	call_n(n);
	check_counts(&p, 2 * n);
	pair_detach(&p);

	/* second: we */
	need(patch_load());
	eventually(60, patch_settled());
	before = patch_calls();
	refused(pair_try(&p, dev, hook, 0), EBUSY);
	call_n(n);
	equal(patch_calls(), before + n, "calls of the patch");
	check_counts(&p, 2 * n);
	patch_unload();

	/* the one gone, the other may come */
	pair_attach(&p, dev);
	call_n(n);
	check_counts(&p, 3 * n);
	pair_detach(&p);
	need(patch_load());
	eventually(60, patch_settled());
	call_n(n);
	check(patch_calls() >= (long)n, "the patch is not in use");
	patch_unload();
}

/*
 * A patch comes into effect for a task when nothing that it changes is on the task's
 * stack, which the kernel must be able to walk reliably: through our stub too. Without
 * that it would wait, and send signals after 15 s, until the sleeper leaves.
 */
TEST(livepatch_asleep)
{
	const char *func = first_of(pipe_read_names);
	int dev = dev_open();
	struct counts c;
	struct sleeper s;
	struct pair p;
	double start;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	pair_attach(&p, dev);
	sleeper_start(&s);
	check(pair_count(&p, C_ENTRY) > pair_count(&p, C_EXIT), "nobody sleeps in %s", func);
	start = now();
	need(patch_load());
	eventually(12, patch_settled());
	note("in effect after %.1f s", now() - start);
	sleeper_wake(&s);
	pair_detach(&p);
	patch_unload();
}

/*
 * Refused, but not before calls went through the stub: a kprobe on the function has
 * ftrace look at all of its users on each call, and ours is one for a moment.
 */
TEST(livepatch_beside)
{
	int dev = dev_open(), kprobe, i, tries = 20 * scale / 100 ? : 1;
	struct pairfuse_info info;
	struct counts c, k;
	struct load *l;
	struct pair p;

	counts_new(&c);
	counts_new(&k);
	pair_load(&p, CALLED, &c, 0);
	need(patch_load());
	eventually(60, patch_settled());
	kprobe = need(neighbour_attach(N_KPROBE, CALLED, &k, 0));
	l = load_start(2);
	for (i = 0; i < tries; i++)
		refused(pair_try(&p, dev, hook, 0), EBUSY);
	load_stop(l);
	note("%llu calls went through a stub", (unsigned long long)pair_count(&p, C_ENTRY));
	eventually(60, ({ need(dev_info(dev, &info)); !info.nr_draining; }));
	close(kprobe);
	patch_unload();
}
