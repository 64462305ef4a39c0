// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks asleep in the traced function when the pair goes: the programs are
 * freed at once, the stub waits ("draining"), the module cannot go, nothing
 * else is held up; when the last task has left, everything is free.
 */
#include "vm.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The machine's console is a pipe that somebody reads. Let that reader go back
 * to sleep before the function is traced, where it is not in our way.
 */
static void settle(void)
{
	pause_ms(300);
}

static u32 nr_draining(int dev)
{
	struct pairfuse_info info;

	need(dev_info(dev, &info));
	return info.nr_draining;
}

/* Detached with `sleepers` in the function: what must hold now. */
static void check_draining(int dev, u32 id, u32 entry_id, u32 exit_id, const char *func)
{
	struct pairfuse_link_info li;

	check(!prog_exists(entry_id), "the entry program is still there");
	check(!prog_exists(exit_id), "the exit program is still there");
	check(dev_find(dev, id, &li), "the stub is not listed");
	equal(li.state, PAIRFUSE_LINK_DRAINING, "state");
	check(li.in_flight >= 1, "nobody in flight");
	equal(li.entry_prog_id, 0, "entry id of a draining stub");
	equal(li.exit_prog_id, 0, "exit id of a draining stub");
	check(!strcmp(li.target, func), "target '%s'", li.target);
	check_sums(&li);
	check(nr_draining(dev) >= 1, "draining is not counted");
	check(module_refs("pairfuse") > 1, "nothing but the device holds the module");
	refused(module_remove("pairfuse"), EWOULDBLOCK);
}

static void check_module_goes(int dev)
{
	struct pairfuse_link_info li;

	eventually(60, !nr_draining(dev));
	check(!dev_next(dev, 0, &li), "link %u is still listed", li.id);
	close(dev);
	eventually(30, module_refs("pairfuse") == 0);
	need(module_remove("pairfuse"));
	module_load("pairfuse");
}

TEST(asleep)
{
	const char *func = first_of(pipe_read_names);
	u32 entry_id, exit_id, id;
	int dev = dev_open();
	struct sleeper s;
	struct counts c;
	struct pair p;
	double start;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	entry_id = prog_id(p.entry);
	exit_id = prog_id(p.exit);
	settle();
	pair_attach(&p, dev);
	id = p.id;
	sleeper_start(&s);
	check(pair_count(&p, C_ENTRY) >= 1, "the sleeper is not in %s", func);

	start = now();
	pair_unload(&p);
	note("detached in %.0f ms", (now() - start) * 1e3);
	check(now() - start < 20 * slower, "detaching waited for the sleeper");
	check_draining(dev, id, entry_id, exit_id, func);
	pause_ms(500);
	check_draining(dev, id, entry_id, exit_id, func);

	sleeper_wake(&s);
	check_module_goes(dev);
}

/* The owner is killed; the sleeping tasks too, instead of waking normally. */
TEST(asleep_killed)
{
	const char *func = first_of(pipe_read_names);
	u32 *ids;
	int dev = dev_open(), status, ready[2];
	struct sleeper s;
	struct counts c;
	pid_t owner;
	char x;

	counts_new(&c);
	need(pipe(ready));
	ids = (u32 *)&c.v[40];	/* shared with the child */
	owner = need(fork());
	if (!owner) {
		struct pair p;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(dev);
		dev = dev_open();
		pair_load(&p, func, &c, 0);
		settle();
		pair_attach(&p, dev);
		ids[0] = prog_id(p.entry);
		ids[1] = prog_id(p.exit);
		ids[2] = p.id;
		check(write(ready[1], "x", 1) == 1, "write");
		for (;;)
			pause();
	}
	close(ready[1]);
	check(read(ready[0], &x, 1) == 1, "the owner did not attach");
	close(ready[0]);
	sleeper_start(&s);
	check(c.v[C_ENTRY] >= 1, "the sleeper is not in %s", func);
	need(kill(owner, SIGKILL));
	need(waitpid(owner, &status, 0));
	check(WIFSIGNALED(status), "the owner ended by itself");
	check_draining(dev, ids[2], ids[0], ids[1], func);
	sleeper_kill(&s);
	check_module_goes(dev);
}

/* A draining stub is never handed out: the same function is traced anew. */
TEST(asleep_again)
{
	const char *func = first_of(pipe_read_names);
	struct pairfuse_link_info li;
	int dev = dev_open();
	struct sleeper s[3];
	struct counts c;
	struct pair p;
	unsigned int i;
	u32 id[3];

	counts_new(&c);
	settle();
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		pair_load(&p, func, &c, 0);
		pair_attach(&p, dev);
		id[i] = p.id;
		sleeper_start(&s[i]);
		pair_unload(&p);
		check(nr_draining(dev) >= i + 1, "%u draining, want %u", nr_draining(dev), i + 1);
	}
	/* In the middle of it, another function is not affected. */
	counts_zero(&c);
	pair_load(&p, CALLED, &c, 0);
	pair_attach(&p, dev);
	call_n(100);
	equal(pair_count(&p, C_EXIT), 100, "exit runs elsewhere");
	pair_unload(&p);

	sleeper_wake(&s[1]);
	eventually(60, !dev_find(dev, id[1], &li));
	check(dev_find(dev, id[0], &li), "the first is gone too early");
	check(dev_find(dev, id[2], &li), "the third is gone too early");
	sleeper_kill(&s[0]);
	sleeper_wake(&s[2]);
	check_module_goes(dev);
}
