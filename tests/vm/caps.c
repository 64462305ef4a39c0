// SPDX-License-Identifier: GPL-2.0
/*
 * What each privilege is good for; the table is in kmod/DESIGN.md. A child gives up what
 * it should not have and tries, with fds from before.
 */
#include "vm.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the kernel, and called by nobody else. */
#define TARGET	"__x64_sys_getpgid"
#define CALLS	100

#define CAP(name) (1ULL << CAP_##name)

static int dev;
static struct counts c;
static struct pair p;

static void call_target(void)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		need(syscall(SYS_getpgid, 0));
}

static void keep(u64 caps)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = caps >> (32 * i);
		data[i].inheritable = 0;
	}
	need(syscall(SYS_capset, &h, data));
}

static void in_child(void (*fn)(u64 caps), u64 caps)
{
	pid_t pid = need(fork());
	int status;

	if (!pid) {
		fn(caps);
		_exit(0);
	}
	need(waitpid(pid, &status, 0));
	check(!status, "with capabilities %llx: status %x", (unsigned long long)caps, status);
}

/* All of it, from the device on: what loading such programs takes is enough. */
static void allowed(u64 caps)
{
	struct pairfuse_link_info li;
	struct pairfuse_info info;
	struct counts own;
	struct pair mine;
	int fd;

	keep(caps);
	fd = dev_open();
	need(dev_info(fd, &info));
	counts_new(&own);
	pair_load(&mine, TARGET, &own, 0);
	pair_attach(&mine, fd);
	call_target();
	check(pair_count(&mine, C_ENTRY) >= CALLS, "entry runs");
	check(pair_count(&mine, C_EXIT) >= CALLS, "exit runs");
	equal(pair_count(&mine, C_BAD), 0, "wrong states");
	check(dev_find(fd, mine.id, &li), "the link is not listed");
	check(dev_find(fd, p.id, &li), "somebody else's link is not listed");
	pair_unload(&mine);
}

static void denied(void)
{
	struct pairfuse_link_info li = { .size = sizeof(li) };
	struct pairfuse_info info;
	struct pair mine = p;

	refused(pair_try(&mine, dev, hook, 0), EPERM);
	refused(dev_info(dev, &info), EPERM);
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), EPERM);
	/* What one has been given is one's own. */
	link_info(p.link, &li);
	equal(li.id, p.id, "the link that was passed on");
}

static void without(u64 caps)
{
	keep(caps);
	denied();
}

/* Root of a user namespace has all capabilities, there. */
static void namespaced(u64 caps)
{
	(void)caps;
	need(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	denied();
}

TEST(caps)
{
	static const u64 enough[] = { CAP(BPF) | CAP(PERFMON), CAP(SYS_ADMIN) };
	static const u64 not_enough[] = {
		0, CAP(BPF), CAP(PERFMON), ~(CAP(BPF) | CAP(SYS_ADMIN)) & (CAP(LAST_CAP) * 2 - 1),
		~(CAP(PERFMON) | CAP(SYS_ADMIN)) & (CAP(LAST_CAP) * 2 - 1),
	};
	unsigned int i;

	dev = dev_open();
	counts_new(&c);
	pair_load(&p, TARGET, &c, 0);
	pair_attach(&p, dev);
	for (i = 0; i < ARRAY_SIZE(enough); i++)
		in_child(allowed, enough[i]);
	for (i = 0; i < ARRAY_SIZE(not_enough); i++)
		in_child(without, not_enough[i]);
	in_child(namespaced, 0);
	/* None of them has been in the way of what was there before. */
	call_target();
	check(pair_count(&p, C_EXIT) >= (1 + ARRAY_SIZE(enough)) * CALLS, "exit runs");
	pair_check(&p);
	pair_unload(&p);
}
