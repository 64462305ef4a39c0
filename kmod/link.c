// SPDX-License-Identifier: GPL-2.0
/*
 * Links: a pair on a function, with its stub and its counters. A file descriptor owns
 * it while it is live (set.c), afterwards the drain worker (drain.c).
 *
 *	attach ---> LIVE ---close---> DRAINING ---none in flight---> SETTLING ---> freed
 *	             |        .-->      |  (a task may sleep in the function
 *	             '-> PARKED         |   for hours: listed, stub not reused,
 *	                (the hook stays |   module pinned)
 *	                 for others)    '- STUCK: ftrace did not let go
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"
#include "trace.h"

DEFINE_MUTEX(pairfuse_list_mutex);
LIST_HEAD(pairfuse_links);

static u32 last_id;

struct totals {
	u64 entered, left, not_armed, entry_missed, exit_missed;	/* entered: by any way */
	u64 deep;
};

/*
 * Sums over all CPUs. `left` is read before `entered`, so that a count read
 * while calls come and go is never negative.
 */
static void link_totals(struct pairfuse_link *link, struct totals *t)
{
	int cpu;

	memset(t, 0, sizeof(*t));
	for_each_possible_cpu(cpu) {
		struct pairfuse_counters *c = per_cpu_ptr(link->counters, cpu);

		t->exit_missed += READ_ONCE(c->exit_missed);
		t->not_armed += READ_ONCE(c->not_armed);
		t->entry_missed += READ_ONCE(c->entry_missed);
		t->deep += READ_ONCE(c->deep);
		t->left += READ_ONCE(c->left);
	}
	smp_rmb();
	for_each_possible_cpu(cpu) {
		struct pairfuse_counters *c = per_cpu_ptr(link->counters, cpu);

		t->entered += READ_ONCE(c->entered) + READ_ONCE(c->arrived);
	}
}

/* Exact once nobody enters any more. */
u64 pairfuse_link_in_flight(struct pairfuse_link *link)
{
	struct totals t;

	link_totals(link, &t);
	return t.entered - t.left;
}

static u64 link_hooked(struct pairfuse_link *link)
{
	u64 hooked = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		hooked += READ_ONCE(per_cpu_ptr(link->counters, cpu)->hooked);
	return hooked;
}

static u64 link_arrived(struct pairfuse_link *link)
{
	u64 arrived = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct pairfuse_counters *c = per_cpu_ptr(link->counters, cpu);

		arrived += READ_ONCE(c->arrived) + READ_ONCE(c->passed);
	}
	return arrived;
}

/*
 * Has somebody been sent to the stub by the shared hook who has not arrived? Exact
 * once the hook does not send anybody any more (a grace period after it is gone): who
 * arrives between the two sums can only make it look late. Who was diverted on the
 * way (an fmod_ret program, bpf_override_return()) looks late for ever.
 */
bool pairfuse_link_is_late(struct pairfuse_link *link)
{
	u64 arrived = link_arrived(link);

	smp_rmb();
	return link_hooked(link) != arrived;
}

/*
 * As many at least were sent before this and have not arrived: `hooked` is read first, so
 * those who come and go meanwhile make it smaller, down to 0.
 */
static u64 link_diverted(struct pairfuse_link *link)
{
	u64 hooked = link_hooked(link), arrived;

	smp_rmb();
	arrived = link_arrived(link);
	return hooked > arrived ? hooked - arrived : 0;
}

/* Has the stub's address been given to anybody, or has anybody found it? */
bool pairfuse_link_used(struct pairfuse_link *link)
{
	struct totals t;

	link_totals(link, &t);
	return t.entered || link_hooked(link);
}

/* --- the list --- */

void pairfuse_link_list(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	mutex_lock(&pairfuse_list_mutex);
	list_add_tail(&link->all, &pairfuse_links);
	mutex_unlock(&pairfuse_list_mutex);
}

void pairfuse_link_unlist(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	mutex_lock(&pairfuse_list_mutex);
	list_del(&link->all);
	mutex_unlock(&pairfuse_list_mutex);
}

void pairfuse_link_set_stage(struct pairfuse_link *link, enum pairfuse_stage stage)
{
	lockdep_assert_held(&pairfuse_mutex);
	mutex_lock(&pairfuse_list_mutex);
	link->stage = stage;
	mutex_unlock(&pairfuse_list_mutex);
}

u32 pairfuse_link_next_id(void)
{
	lockdep_assert_held(&pairfuse_mutex);
	if (++last_id == 0)
		last_id = 1;
	return last_id;
}

static u64 sub_or_zero(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

static enum pairfuse_link_state link_state(const struct pairfuse_link *link)
{
	switch (link->stage) {
	case PAIRFUSE_STAGE_LIVE:
		return PAIRFUSE_LINK_LIVE;
	case PAIRFUSE_STAGE_PARKED:
		return PAIRFUSE_LINK_PARKED;
	default:
		return PAIRFUSE_LINK_DRAINING;
	}
}

/* With either mutex. */
void pairfuse_link_describe(struct pairfuse_link *link, struct pairfuse_link_info *info)
{
	bool live = link->stage == PAIRFUSE_STAGE_LIVE;
	struct totals t;

	link_totals(link, &t);
	*info = (struct pairfuse_link_info) {
		.id = link->id,
		.state = link_state(link),
		.hook = link->hook,
		.entry_prog_id = live ? link->entry_id : 0,
		.exit_prog_id = live ? link->exit_id : 0,
		.flags = link->flags,
		.pid = link->pid,
		.entered = t.entered,
		.runs = sub_or_zero(t.left, t.not_armed + t.exit_missed),
		.not_armed = sub_or_zero(t.not_armed, t.entry_missed),
		.entry_missed = t.entry_missed,
		.exit_missed = t.exit_missed,
		.in_flight = t.entered - t.left,
		.deep = t.deep,
		.diverted = link_diverted(link),
	};
	strscpy(info->comm, link->comm, sizeof(info->comm));
	strscpy(info->target, link->target.name, sizeof(info->target));
	if (link->target.mod)
		strscpy(info->module, link->target.mod->name, sizeof(info->module));
}

/* PAIRFUSE_IOC_NEXT; does not wait for those who attach or detach. */
long pairfuse_link_next(struct pairfuse_link_info __user *uinfo)
{
	struct pairfuse_link_info info;
	struct pairfuse_link *link, *next = NULL;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&info, sizeof(info), PAIRFUSE_LINK_INFO_MIN, uinfo, &usize);
	if (err)
		return err;
	if (info.flags)
		return -EINVAL;

	mutex_lock(&pairfuse_list_mutex);
	list_for_each_entry(link, &pairfuse_links, all)
		if (link->id > info.id && (!next || link->id < next->id))
			next = link;
	if (next)
		pairfuse_link_describe(next, &info);
	mutex_unlock(&pairfuse_list_mutex);
	if (!next)
		return -ENOENT;
	info.size = usize;
	return pairfuse_copy_out(uinfo, usize, &info, sizeof(info));
}

/* --- the end --- */

/* Free what attach has gathered; the stub is not hooked or has drained. Not listed. */
void pairfuse_link_free(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	if (link->stub >= 0) {
		pairfuse_clock_disarm(link->stub);
		pairfuse_stub_free(link->stub);
	}
	if (link->clocked)
		pairfuse_clock_put();
	pairfuse_group_put(link->group);
	pairfuse_target_put(&link->target);
	free_percpu(link->counters);
	if (link->pinned)
		module_put(THIS_MODULE);
	kfree(link);
}

/*
 * The hook does not lead to the link (any more), and its stub runs no programs: the rest
 * is left to drain.c.
 *
 * The module must not go while a task is in the stub, so a link with calls in
 * flight, or asleep on their way to the stub (drain.c), holds a reference on it. Should
 * the module be going already, its exit waits for the link. Tasks that are just executing
 * their way in or out are drain.c's and, at the latest, module exit's to wait for.
 */
void pairfuse_link_retire(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	pairfuse_target_put_prog(&link->target);
	if (!link->pinned && (pairfuse_link_in_flight(link) || pairfuse_link_is_late(link)))
		link->pinned = try_module_get(THIS_MODULE);
	link->retired = jiffies;
	pairfuse_link_set_stage(link, PAIRFUSE_STAGE_DRAINING);
	pairfuse_drain_kick();
}
