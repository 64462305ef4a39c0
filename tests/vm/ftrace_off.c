// SPDX-License-Identifier: GPL-2.0
/*
 * kernel.ftrace_enabled = 0, by which an administrator stops all that ftrace patches. With
 * a pair attached that is refused, since the tool would fall silent without knowing;
 * while it is off, attaching is refused. Newer kernels do not have it any more, and say so.
 */
#include "vm.h"

#include <fcntl.h>
#include <unistd.h>

#define SWITCH "/proc/sys/kernel/ftrace_enabled"

static int ftrace(bool on)
{
	int fd = need(open(SWITCH, O_WRONLY | O_CLOEXEC)), err = 0;

	if (write(fd, on ? "1" : "0", 1) != 1)
		err = errno;
	close(fd);
	errno = err;
	return err ? -1 : 0;
}

static bool is_on(void)
{
	int fd = need(open(SWITCH, O_RDONLY | O_CLOEXEC));
	char c = 0;

	need(read(fd, &c, 1));
	close(fd);
	return c == '1';
}

static void restore(void)
{
	ftrace(true);
}

static void calls(struct pair *p, u64 want)
{
	counts_zero(p->c);
	call_threads(2, 100);
	equal(pair_count(p, C_ENTRY), want, "entry runs");
	equal(pair_count(p, C_EXIT), want, "exit runs");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}

TEST(ftrace_off)
{
	struct pairfuse_info info;
	int dev = dev_open();
	struct counts c;
	struct pair p;
	bool no_switch;
	int round;

	at_end(restore);
	no_switch = ftrace(false);
	check(!no_switch || errno == EOPNOTSUPP, SWITCH ": %s", strerror(errno));
	need(ftrace(true));
	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
	for (round = 0; round < 3; round++) {
		pair_attach(&p, dev);
		calls(&p, 200);
		refused(ftrace(false), no_switch ? EOPNOTSUPP : EBUSY);
		check(is_on(), "off, although that was refused");
		calls(&p, 200);
		pair_detach(&p);
		calls(&p, 0);
		if (no_switch)
			continue;

		need(ftrace(false));
		refused(pair_try(&p, dev, hook, 0), EBUSY);
		calls(&p, 0);
		need(ftrace(true));
		calls(&p, 0);
	}
	pair_unload(&p);
	eventually(30, ({ need(dev_info(dev, &info)); info.nr_free == info.nr_stubs; }));
}
