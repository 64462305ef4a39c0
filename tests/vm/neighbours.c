// SPDX-License-Identifier: GPL-2.0
/*
 * The pair and ordinary BPF users on one function, attached and detached in
 * every order while it is called: nobody may lose or gain an event.
 */
#include "vm.h"

#include <unistd.h>

enum { PAIR = NR_NEIGHBOURS, NR_USERS };

struct world {
	int dev;
	struct counts c;
	struct pair p;
	int fd[NR_NEIGHBOURS];		/* -1: not attached */
	struct load *l;
};

static unsigned int idx(unsigned int user)
{
	return 16 + user;
}

static bool attached(const struct world *w, unsigned int user)
{
	return user == PAIR ? w->p.link >= 0 : w->fd[user] >= 0;
}

/* fentry and fexit are the BPF trampoline, which direct mode excludes. */
static bool trampoline(const struct world *w)
{
	return attached(w, N_FENTRY) || attached(w, N_FEXIT);
}

static void attach_pair(struct world *w)
{
	if (hook == PAIRFUSE_HOOK_DIRECT && trampoline(w))
		refused(pair_try(&w->p, w->dev, hook, 0), EBUSY);
	else
		pair_attach(&w->p, w->dev);
}

static void attach(struct world *w, unsigned int user)
{
	bool excluded;

	if (user == PAIR) {
		attach_pair(w);
		return;
	}
	excluded = hook == PAIRFUSE_HOOK_DIRECT && w->p.link >= 0 &&
		   (user == N_FENTRY || user == N_FEXIT);
	w->fd[user] = neighbour_attach(user, CALLED, &w->c, idx(user));
	if (excluded) {
		/* EINVAL since 7.3, see kernel-facts */
		check(w->fd[user] < 0, "%s attached beside direct mode", neighbour_name[user]);
		check(errno == EBUSY || errno == EINVAL, "%s: %s", neighbour_name[user],
		      strerror(errno));
		return;
	}
	check(w->fd[user] >= 0, "%s: %s", neighbour_name[user], strerror(errno));
}

static void detach(struct world *w, unsigned int user)
{
	if (!attached(w, user))
		return;
	if (user == PAIR) {
		pair_detach(&w->p);
		return;
	}
	need(close(w->fd[user]));
	w->fd[user] = -1;
}

/* With the load out of the way, each user counts exactly what is called. */
static void count_all(struct world *w)
{
	enum { N = 100 };
	/*
	 * One for each CPU: where a thread is preempted in a program the kernel leaves
	 * it out for others on that CPU.
	 */
	unsigned int i, threads = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;

	load_pause(w->l);
	/* of the load until now, with whoever came and went meanwhile */
	if (attached(w, PAIR))
		pair_check(&w->p);
	counts_zero(&w->c);
	if (attached(w, PAIR))
		pair_mark(&w->p);
	call_threads(threads, N);
	for (i = 0; i < NR_NEIGHBOURS; i++)
		equal(w->c.v[idx(i)], attached(w, i) ? N * threads : 0, neighbour_name[i]);
	equal(pair_count(&w->p, C_ENTRY), attached(w, PAIR) ? N * threads : 0, "pair's entry");
	equal(pair_count(&w->p, C_EXIT), attached(w, PAIR) ? N * threads : 0, "pair's exit");
	equal(pair_count(&w->p, C_BAD), 0, "pair's wrong states");
	load_resume(w->l);
}

static void world_new(struct world *w)
{
	unsigned int i;

	neighbour_anchor();
	w->dev = dev_open();
	counts_new(&w->c);
	pair_load(&w->p, CALLED, &w->c, 0);
	for (i = 0; i < NR_NEIGHBOURS; i++)
		w->fd[i] = -1;
	w->l = load_start(2);
}

static void world_end(struct world *w)
{
	unsigned int i;

	for (i = 0; i < NR_USERS; i++)
		detach(w, i);
	check(load_stop(w->l) > 0, "nobody called");
	pair_unload(&w->p);
}

/* Pair and one neighbour: both orders of coming and both of going. */
TEST(neighbours)
{
	unsigned int user, order;
	struct world w;

	world_new(&w);
	for (user = 0; user < NR_NEIGHBOURS; user++) {
		for (order = 0; order < 4; order++) {
			unsigned int first = order & 1 ? PAIR : user;
			unsigned int second = order & 1 ? user : PAIR;

			attach(&w, first);
			count_all(&w);
			attach(&w, second);
			count_all(&w);
			detach(&w, order & 2 ? first : second);
			count_all(&w);
			detach(&w, order & 2 ? second : first);
			count_all(&w);
		}
	}
	world_end(&w);
}

static void shuffle(unsigned int *v, unsigned int n)
{
	while (n > 1) {
		unsigned int j = random_below(n--), t = v[n];

		v[n] = v[j];
		v[j] = t;
	}
}

/* All five, in random orders. */
TEST(neighbours_orders)
{
	unsigned int order[NR_USERS], i, round;
	struct world w;

	world_new(&w);
	for (i = 0; i < NR_USERS; i++)
		order[i] = i;
	for (round = 0; round < 10 * scale / 100 + 1; round++) {
		shuffle(order, NR_USERS);
		for (i = 0; i < NR_USERS; i++)
			attach(&w, order[i]);
		count_all(&w);
		shuffle(order, NR_USERS);
		for (i = 0; i < NR_USERS; i++) {
			detach(&w, order[i]);
			count_all(&w);
		}
	}
	world_end(&w);
}
