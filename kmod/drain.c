// SPDX-License-Identifier: GPL-2.0
/*
 * Draining: when may the stub of a detached link be used again?
 *
 * Not while a task is inside: its return address points into the stub, and its
 * frame belongs to the old pair. And not while somebody executes the few
 * instructions before `entered` is counted or after `left` was. So:
 *
 *   1. The hook is gone, other stubs lead past this one (site.c): no new comers.
 *   2. RCU-tasks grace period: whoever was on the way in has counted itself, or
 *      sleeps in a BPF program on the way (see LATE below).
 *      (A task passes such a period only by sleeping or in user mode.)
 *   3. entered == left. As nobody enters, left can only grow towards entered;
 *      reading both CPU by CPU cannot see equality before it is true.
 *      This may take as long as the longest sleeper takes. Meanwhile counters are summed
 *      up now and then, and nothing is waited for. Or whoever is in flight will never
 *      return, which is to be seen from the stacks of all tasks (stacks.c).
 *   4. RCU-tasks grace period: whoever counted `left` has executed the return.
 *
 * "RCU-tasks" is two flavours: synchronize_rcu_tasks() for tasks, and
 * synchronize_rcu_tasks_rude() for the idle tasks and interrupts above them,
 * which the former does not see. ftrace waits for both in the same place. (Where the
 * kernel keeps tracers out of its idle loop, as 7.3 does, the latter is empty; the
 * RCU grace periods inside of the former cover interrupts.)
 *
 * LATE. In shared mode a BPF trampoline may be between the hook and the stub: ftrace
 * "returns" into it, with our address for what it is to call in the function's place.
 * Before it calls that, it runs programs, and one that is sleepable (fentry.s,
 * fmod_ret.s, lsm.s, where the kernel allows them: system calls since 7.0, the hooks of
 * LSMs, and CONFIG_FUNCTION_ERROR_INJECTION's list) can wait for a page for as long as
 * somebody likes. RCU-tasks takes that for what it is, sleep. So the hook counts whom
 * it sends (`hooked`), the stub who comes (`arrived`, `passed`), and a link for which
 * these differ after step 2 is late. It goes on
 *
 *   - when they are equal: nobody is on the way, or
 *   - after BPF_MAX_TRAMP_LINKS rounds of two grace periods: RCU-tasks-trace, and
 *     RCU-tasks. Somebody may have been diverted on the way, by an fmod_ret program or
 *     bpf_override_return(), and never arrives. Who is still on the way after step 2
 *     sleeps in a program, and is a reader of the former for as long as that runs; so
 *     each round leaves him asleep in a later one at least, and no trampoline has more.
 *
 * Other links do not wait for those grace periods, which a page fault may hold up for
 * hours: they have a worker of their own.
 *
 * One worker does this for all links, a round for each grace period, and rounds without
 * one while all that is left are sleepers: the longer they sleep the fewer. It keeps out
 * of the way of those who detach: RCU makes its grace periods one after the other,
 * with pauses of 100 ms, and ftrace waits for the same ones, with its lock and our
 * mutex held. A round amid a series of detaches makes each of them wait for two or
 * three in place of one. So a round that finds the mutex taken comes later, though
 * not much later: somebody may attach and detach without end.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "pairfuse.h"

#define POLL_FIRST	msecs_to_jiffies(20)
#define POLL_LAST	msecs_to_jiffies(60000)
#define SCAN_FIRST	msecs_to_jiffies(2000)
#define SCAN_LAST	msecs_to_jiffies(600000)
#define DEAD_FOR	msecs_to_jiffies(20000)
#define QUIET		msecs_to_jiffies(50)
#define PATIENCE	msecs_to_jiffies(2000)

static struct workqueue_struct *drain_wq;
static unsigned long progress_at;	/* jiffies: when a link got on last, or was detached */
static unsigned long patience_end;	/* when the next round makes way no more */
static bool kicked;			/* it was asked for by who detached */
static atomic_t waiting;		/* for rounds, in pairfuse_drain_flush() */

static void drain_round(struct work_struct *work);
static DECLARE_DELAYED_WORK(drain_work, drain_round);
static void late_round(struct work_struct *work);
static DECLARE_DELAYED_WORK(late_work, late_round);

/*
 * The grace period after detaching is over: is everybody there, and out? Somebody who
 * was on the way in at that moment may have stayed inside, so the module may have
 * to be pinned only now. Should it be going already, its exit waits for us.
 */
static bool link_drained(struct pairfuse_link *link)
{
	if (!link->late_over && pairfuse_link_is_late(link)) {
		pairfuse_link_set_stage(link, PAIRFUSE_STAGE_LATE);
		queue_delayed_work(drain_wq, &late_work, QUIET);
	} else {
		link->waited = true;
		if (link->dead || pairfuse_link_in_flight(link) == 0) {
			pairfuse_link_set_stage(link, PAIRFUSE_STAGE_SETTLING);
			return true;
		}
	}
	if (!link->pinned)
		link->pinned = try_module_get(THIS_MODULE);
	return false;
}

static bool is_sleeping(const struct pairfuse_link *link)
{
	return link->stage == PAIRFUSE_STAGE_DRAINING && link->waited;
}

/* Time to look at the stacks for the sake of this link? Less and less often. */
static bool wants_scan(struct pairfuse_link *link)
{
	unsigned long since = jiffies - link->retired;

	if (is_sleeping(link) && link->missing &&
	    time_after(jiffies, link->missing_since + DEAD_FOR))
		return true;
	if (!is_sleeping(link) || since < max(link->scan_after, SCAN_FIRST))
		return false;
	link->scan_after = clamp(2 * since, SCAN_FIRST, since + SCAN_LAST);
	return true;
}

/*
 * Whose stub is on no stack that was looked at, the second time after a while, with the same
 * calls in flight: why twice, see stacks.c.
 */
static void link_not_found(struct pairfuse_link *link)
{
	u64 in_flight = pairfuse_link_in_flight(link);

	if (!link->missing || link->missing_calls != in_flight) {
		link->missing = true;
		link->missing_calls = in_flight;
		link->missing_since = jiffies;
	} else if (time_after(jiffies, link->missing_since + DEAD_FOR)) {
		link->dead = true;
	}
}

/*
 * Calls in flight whose stub is on no stack will never leave it: their tasks have ended
 * in the function.
 */
static void find_dead(bool now)
{
	unsigned long *found;
	struct pairfuse_link *link;
	bool wanted = now;

	list_for_each_entry(link, &pairfuse_links, all)
		wanted |= wants_scan(link);
	found = wanted ? bitmap_zalloc(PAIRFUSE_NR_STUBS, GFP_KERNEL) : NULL;
	if (found && pairfuse_stacks_scan(found)) {
		list_for_each_entry(link, &pairfuse_links, all) {
			if (!is_sleeping(link))
				continue;
			if (test_bit(link->stub, found))
				link->missing = false;
			else
				link_not_found(link);
		}
	}
	bitmap_free(found);
}

/*
 * Collect the links that the coming grace period is for, by stage. Those that have had
 * theirs and wait for sleepers need none; whether they are through is to be seen at once.
 * Is anything left to be looked at later?
 */
static bool collect(struct list_head *detached, struct list_head *settling)
{
	struct pairfuse_link *link;
	bool later = false;

	find_dead(atomic_read(&waiting));
	list_for_each_entry(link, &pairfuse_links, all) {
		if (link->stage == PAIRFUSE_STAGE_LATE && !pairfuse_link_is_late(link))
			pairfuse_link_set_stage(link, PAIRFUSE_STAGE_DRAINING);
		if (is_sleeping(link) && (link->dead || pairfuse_link_in_flight(link) == 0))
			pairfuse_link_set_stage(link, PAIRFUSE_STAGE_SETTLING);
		later |= link->stage == PAIRFUSE_STAGE_LATE || is_sleeping(link);
		if (link->stage == PAIRFUSE_STAGE_DRAINING && !link->waited)
			list_move_tail(&link->chain, detached);
		else if (link->stage == PAIRFUSE_STAGE_SETTLING)
			list_move_tail(&link->chain, settling);
	}
	return later;
}

/* Take the mutex, or make way for who has it and come back later. */
static bool lock_or_later(void)
{
	if (mutex_trylock(&pairfuse_mutex))
		return true;
	if (!atomic_read(&waiting) && time_before(jiffies, READ_ONCE(patience_end))) {
		queue_delayed_work(drain_wq, &drain_work, QUIET);
		return false;
	}
	mutex_lock(&pairfuse_mutex);
	return true;
}

static void next_round(unsigned long delay)
{
	lockdep_assert_held(&pairfuse_mutex);
	if (!kicked)
		WRITE_ONCE(patience_end, jiffies + delay + PATIENCE);
	queue_delayed_work(drain_wq, &drain_work, delay);
}

/* Without progress less and less often: what has taken long may take that much longer. */
static void look_again(void)
{
	next_round(clamp((jiffies - progress_at) / 8, POLL_FIRST, POLL_LAST));
}

static void drain_round(struct work_struct *work)
{
	struct pairfuse_link *link, *tmp;
	LIST_HEAD(detached);
	LIST_HEAD(settling);
	bool progress, later;

	/*
	 * Only those that were detached (settled) before the grace period can
	 * go on after it. Nobody else touches `chain` of detached links, nor
	 * frees them.
	 */
	if (!lock_or_later())
		return;
	kicked = false;
	later = pairfuse_sites_retry();
	later |= collect(&detached, &settling);
	progress = !list_empty(&detached) || !list_empty(&settling);
	if (!progress && later)
		look_again();
	mutex_unlock(&pairfuse_mutex);
	if (!progress)
		return;

	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();

	mutex_lock(&pairfuse_mutex);
	list_for_each_entry_safe(link, tmp, &settling, chain) {
		list_del(&link->chain);
		pairfuse_link_unlist(link);
		pairfuse_link_free(link);
	}
	progress = false;
	list_for_each_entry_safe(link, tmp, &detached, chain) {
		list_del_init(&link->chain);
		progress |= link_drained(link);
	}
	list_for_each_entry(link, &pairfuse_links, all)
		later |= link->stage == PAIRFUSE_STAGE_DRAINING ||
			 link->stage == PAIRFUSE_STAGE_LATE;
	if (progress) {
		progress_at = jiffies;
		next_round(0);
	} else if (later) {
		look_again();
	}
	mutex_unlock(&pairfuse_mutex);
}

/*
 * Those that are late when this begins are one step further on when it ends. That may
 * take long although they arrive meanwhile: any program anywhere that sleeps holds up
 * these grace periods. So it holds the module itself, and rmmod says busy in place of
 * waiting. (When it is going already, module exit waits.)
 */
static void late_round(struct work_struct *work)
{
	bool any = false, kick = false, pinned;
	struct pairfuse_link *link;

	mutex_lock(&pairfuse_mutex);
	list_for_each_entry(link, &pairfuse_links, all) {
		link->late_seen = link->stage == PAIRFUSE_STAGE_LATE;
		any |= link->late_seen;
	}
	mutex_unlock(&pairfuse_mutex);
	if (!any)
		return;

	pinned = try_module_get(THIS_MODULE);
	synchronize_rcu_tasks_trace();
	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();

	mutex_lock(&pairfuse_mutex);
	list_for_each_entry(link, &pairfuse_links, all) {
		if (link->stage != PAIRFUSE_STAGE_LATE || !link->late_seen ||
		    ++link->late_rounds < BPF_MAX_TRAMP_LINKS)
			continue;
		link->late_over = true;
		pairfuse_link_set_stage(link, PAIRFUSE_STAGE_DRAINING);
		kick = true;
	}
	if (kick)
		pairfuse_drain_kick();
	queue_delayed_work(drain_wq, &late_work, QUIET);
	mutex_unlock(&pairfuse_mutex);
	if (pinned)
		module_put(THIS_MODULE);
}

/* Something was detached: look soon, when no more comes. With the mutex held. */
void pairfuse_drain_kick(void)
{
	lockdep_assert_held(&pairfuse_mutex);
	progress_at = jiffies;
	if (!kicked) {
		kicked = true;
		WRITE_ONCE(patience_end, jiffies + PATIENCE);
	}
	mod_delayed_work(drain_wq, &drain_work, QUIET);
}

/*
 * Give stubs without calls in flight, or with none that will ever return, the rounds that
 * they need to become free. Sleeps; without the mutex.
 */
void pairfuse_drain_flush(void)
{
	int round;

	atomic_inc(&waiting);
	for (round = 0; round < 3; round++) {
		mod_delayed_work(drain_wq, &drain_work, 0);
		flush_delayed_work(&drain_work);
	}
	atomic_dec(&waiting);
}

int pairfuse_drain_init(void)
{
	/*
	 * Grace periods take their time: do not hold up the system's queues. Nor a suspend,
	 * by being freezable: a worker may wait for as long as some program sleeps.
	 */
	drain_wq = alloc_workqueue("pairfuse_drain", WQ_UNBOUND, 2);
	return drain_wq ? 0 : -ENOMEM;
}

/*
 * At module exit no file is open and no link pinned, so what is left had no
 * calls in flight and was not late when it was detached, at most tasks in the last
 * instructions.
 * Wait for all; never give up, since the text must not go before.
 */
void pairfuse_drain_exit(void)
{
	bool empty;

	for (;;) {
		mutex_lock(&pairfuse_mutex);
		empty = list_empty(&pairfuse_links);
		mutex_unlock(&pairfuse_mutex);
		if (empty)
			break;
		pairfuse_drain_flush();
		msleep(1);
	}
	cancel_delayed_work_sync(&drain_work);
	cancel_delayed_work_sync(&late_work);
	destroy_workqueue(drain_wq);
}
