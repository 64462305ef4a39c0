// SPDX-License-Identifier: GPL-2.0
/*
 * Sites: the functions that are hooked.
 *
 * A site has one hook (ops.c) and a chain of links. The hook leads to the stub of the
 * first link, each stub's body call to the next stub, the last one's to the
 * function behind its ftrace call. So several pairs on one function nest, each
 * call has a slot for each pair on its stack, and a single pair pays nothing
 * for the possibility:
 *
 *	function --hook--> stub A --body--> stub B --body--> function + 5
 *
 * Sites that came with one request share an ops, which comes and goes as a whole. When
 * the last link leaves a site while others of its ops have links, the hook stays. It has
 * to lead somewhere, and the stub of that last link is as good a place as any: it runs
 * no program any more and goes on to the function. The link is *parked*, until the ops
 * goes or another link joins the site.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

static LIST_HEAD(sites);
static LIST_HEAD(idle_ops);		/* without a live site, to be tried again */

/* What ftrace leaves where nobody is. */
const u8 pairfuse_nop5[CALL_INSN_SIZE] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

/*
 * The function's ftrace call site: 5 bytes at its start or behind its ENDBR (4
 * bytes, or their replacement when the kernel has sealed it). A NOP, or a call
 * or jump when somebody is there already; a breakpoint for the moment in which
 * it is being changed.
 */
static int find_call_site(unsigned long func, unsigned long *ip)
{
	u8 text[4 + CALL_INSN_SIZE];
	int tries, off;

	for (tries = 0; tries < 10; tries++) {
		bool changing = false;

		if (copy_from_kernel_nofault(text, (void *)func, sizeof(text)))
			return -EOPNOTSUPP;
		for (off = 0; off <= 4; off += 4) {
			if (!memcmp(text + off, pairfuse_nop5, CALL_INSN_SIZE) ||
			    text[off] == 0xe8 || text[off] == 0xe9) {
				*ip = func + off;
				return 0;
			}
			changing |= text[off] == 0xcc;
		}
		if (!changing)
			break;
		msleep(1);
	}
	return -EOPNOTSUPP;
}

static struct pairfuse_site *site_find(unsigned long ip)
{
	struct pairfuse_site *site;

	list_for_each_entry(site, &sites, sites)
		if (site->ip == ip)
			return site;
	return NULL;
}

/* The link that the hook leads to. */
struct pairfuse_link *pairfuse_site_first(struct pairfuse_site *site)
{
	return list_empty(&site->chain) ? site->parked :
	       list_first_entry(&site->chain, struct pairfuse_link, chain);
}

/* Last in the chain; whoever is there leads to it from now on. */
static void chain_append(struct pairfuse_site *site, struct pairfuse_link *link)
{
	struct pairfuse_link *last;

	link->site = site;
	link->hook = site->ops->hook;
	link->body = site->body;
	link->inner = NULL;
	pairfuse_stub_set_inner(link->stub, site->body, -1);
	if (!list_empty(&site->chain)) {
		last = list_last_entry(&site->chain, struct pairfuse_link, chain);
		last->inner = link;
		pairfuse_stub_set_inner(last->stub, site->body, link->stub);
	}
	list_add_tail(&link->chain, &site->chain);
}

/*
 * Nobody may enter link's stub any more by way of another stub. That includes
 * stubs that are draining: a task may just be before their body call.
 */
static void bypass(struct pairfuse_link *link)
{
	struct pairfuse_link *outer;

	list_for_each_entry(outer, &pairfuse_links, all) {
		if (outer->inner != link)
			continue;
		outer->inner = link->inner;
		pairfuse_stub_set_inner(outer->stub, link->body,
					link->inner ? link->inner->stub : -1);
	}
}

static struct pairfuse_site *site_new(unsigned long ip, struct pairfuse_ops *ops)
{
	struct pairfuse_site *site = kzalloc(sizeof(*site), GFP_KERNEL);

	if (!site)
		return NULL;
	site->ip = ip;
	site->body = ip + CALL_INSN_SIZE;
	site->ops = ops;
	INIT_LIST_HEAD(&site->chain);
	list_add_tail(&site->sites, &sites);
	list_add_tail(&site->of_ops, &ops->sites);
	ops->nr_sites++;
	return site;
}

static void site_free(struct pairfuse_site *site)
{
	list_del(&site->sites);
	list_del(&site->of_ops);
	kfree(site);
}

/* --- joining --- */

/* A request under way: the hooks that it needs. */
struct joining {
	struct pairfuse_ops *shared;
	struct list_head ops;		/* all, by way of `idle` */
};

static struct pairfuse_ops *ops_for(struct joining *j, enum pairfuse_hook hook)
{
	struct pairfuse_ops *ops;

	if (hook == PAIRFUSE_HOOK_SHARED && j->shared)
		return j->shared;
	ops = pairfuse_ops_new(hook);
	if (!ops)
		return NULL;
	list_add_tail(&ops->idle, &j->ops);
	if (hook == PAIRFUSE_HOOK_SHARED)
		j->shared = ops;
	return ops;
}

/* Links of new sites are in the chain at once, since nobody gets there yet. */
static int find_place(struct joining *j, struct pairfuse_link *link)
{
	struct pairfuse_site *site;
	struct pairfuse_ops *ops;
	int err;

	err = find_call_site(link->target.addr, &link->ip);
	if (err)
		return err;
	site = site_find(link->ip);
	if (!site) {
		ops = ops_for(j, link->hook);
		site = ops ? site_new(link->ip, ops) : NULL;
		if (!site)
			return -ENOMEM;
		ops->nr_live++;
	}
	if (site->ops->stuck)
		return -EBUSY;
	/* Frames add up on the caller's stack; see PAIRFUSE_RESERVE too. */
	if (list_count_nodes(&site->chain) + site->joining >= PAIRFUSE_MAX_LINKS)
		return -EMLINK;
	if (site->ops->ops)
		site->joining++;
	else
		chain_append(site, link);
	return 0;
}

static void join_hooked(struct pairfuse_site *site, struct pairfuse_link *link)
{
	struct pairfuse_link *parked = site->parked;

	site->joining--;
	chain_append(site, link);
	if (!parked)
		return;
	/* Only in shared mode are links parked, and there this cannot fail. */
	pairfuse_ops_route(site, link);
	site->parked = NULL;
	site->ops->nr_live++;
	parked->site = NULL;
	pairfuse_link_retire(parked);
}

/* Nobody is to join the sites that were hooked before. */
static void join_cancel(struct pairfuse_set *set)
{
	struct pairfuse_site *site;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		site = set->members[i].link->ip ? site_find(set->members[i].link->ip) : NULL;
		if (site)
			site->joining = 0;
	}
}

/* ftrace has not let go: all that the request has made has to stay as it is. */
static int join_stuck(struct joining *j, struct pairfuse_set *set)
{
	struct pairfuse_ops *ops, *next;

	list_for_each_entry_safe(ops, next, &j->ops, idle) {
		ops->stuck = true;
		list_del_init(&ops->idle);
	}
	join_cancel(set);
	return -EIO;
}

static int unhook_patiently(struct pairfuse_ops *ops)
{
	int err, tries;

	for (tries = 0; tries < 100; tries++) {
		err = pairfuse_ops_unhook(ops);
		if (err != -EAGAIN)
			break;
		msleep(10);
	}
	return err;
}

/*
 * Undo find_place() for all links, and take off what has been hooked. A call that was sent to
 * one link meanwhile may be on its way (drain.c): it must not be led on to another, whose
 * stub may be free by then.
 */
static int join_undo(struct joining *j, struct pairfuse_set *set)
{
	struct pairfuse_site *site, *next_site;
	struct pairfuse_ops *ops, *next;
	unsigned int i;

	list_for_each_entry(ops, &j->ops, idle)
		if (ops->ops && unhook_patiently(ops))
			return join_stuck(j, set);
	join_cancel(set);
	for (i = 0; i < set->nr; i++) {
		struct pairfuse_link *link = set->members[i].link;

		if (link->site) {
			link->inner = NULL;
			pairfuse_stub_set_inner(link->stub, link->body, -1);
		}
		list_del_init(&link->chain);
		link->site = NULL;
	}
	list_for_each_entry_safe(ops, next, &j->ops, idle) {
		list_for_each_entry_safe(site, next_site, &ops->sites, of_ops)
			site_free(site);
		pairfuse_ops_free(ops);
	}
	return 0;
}

/* failed: the link that is to blame; left alone when it is all of them. */
static int join_new(struct joining *j, struct pairfuse_set *set, unsigned int *failed)
{
	struct pairfuse_ops *ops;
	unsigned int i;
	int err;

	for (i = 0; i < set->nr; i++) {
		err = find_place(j, set->members[i].link);
		if (err) {
			*failed = i;
			return err;
		}
	}
	list_for_each_entry(ops, &j->ops, idle) {
		err = pairfuse_ops_hook(ops);
		if (err == -EIO)
			ops->stuck = true;
		else if (err)
			ops->ops = NULL;
		if (err)
			return err;
	}
	return 0;
}

/*
 * Put the armed links of a set on their functions, hooking those that are not yet;
 * link->hook is what a new site gets. When this returns 0, calls run the pairs. On errors
 * all is as before, though calls may have come through (pairfuse_link_used()). Sleeps.
 *
 * -EOPNOTSUPP: no call site found, or ftrace does not know it. -EBUSY: held by
 * a user that excludes us. -EMLINK: too many links there. -ENOMEM, -ENODEV. -EIO: ftrace
 * would not let go of what it had just been given: the stubs have to stay.
 */
int pairfuse_sites_join(struct pairfuse_set *set, unsigned int *failed)
{
	struct joining j = { .ops = LIST_HEAD_INIT(j.ops) };
	struct pairfuse_ops *ops, *next;
	unsigned int i;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	err = join_new(&j, set, failed);
	if (err == -EIO)
		return join_stuck(&j, set);
	if (err)
		return join_undo(&j, set) ?: err;
	list_for_each_entry_safe(ops, next, &j.ops, idle)
		list_del_init(&ops->idle);
	for (i = 0; i < set->nr; i++) {
		struct pairfuse_link *link = set->members[i].link;

		if (!link->site)
			join_hooked(site_find(link->ip), link);
	}
	return 0;
}

/* --- leaving --- */

/* The hook is gone: its sites too, and what was parked there drains. */
static void ops_gone(struct pairfuse_ops *ops)
{
	struct pairfuse_site *site, *next;

	list_for_each_entry_safe(site, next, &ops->sites, of_ops) {
		if (site->parked) {
			site->parked->site = NULL;
			if (site->parked->stage == PAIRFUSE_STAGE_PARKED)
				pairfuse_link_retire(site->parked);
		}
		site_free(site);
	}
	pairfuse_ops_free(ops);
}

/*
 * Take a link off its function. Afterwards nobody is sent to its stub, unless it is
 * parked (link->site says so); tasks may still be on their way into it (see drain.c for
 * how long) or inside. An error means that ftrace would not let go: then the stub and all
 * that it refers to have to stay. Sleeps.
 */
int pairfuse_site_leave(struct pairfuse_link *link)
{
	struct pairfuse_site *site = link->site;
	struct pairfuse_ops *ops = site->ops;
	int err = 0;

	lockdep_assert_held(&pairfuse_mutex);
	if (!list_is_singular(&site->chain)) {
		if (list_is_first(&link->chain, &site->chain))
			err = pairfuse_ops_route(site, list_next_entry(link, chain));
		if (err)
			return err;
		bypass(link);
		list_del_init(&link->chain);
		link->site = NULL;
		return 0;
	}

	bypass(link);
	list_del_init(&link->chain);
	site->parked = link;
	if (--ops->nr_live)
		return 0;
	err = pairfuse_ops_unhook(ops);
	if (err == -EAGAIN) {
		list_move_tail(&ops->idle, &idle_ops);
		pairfuse_drain_kick();
		return 0;
	}
	if (err) {
		ops->stuck = true;
		return err;
	}
	ops_gone(ops);
	return 0;
}

bool pairfuse_sites_retry(void)
{
	struct pairfuse_ops *ops, *next;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	list_for_each_entry_safe(ops, next, &idle_ops, idle) {
		if (ops->nr_live) {		/* somebody has joined again */
			list_del_init(&ops->idle);
			continue;
		}
		err = pairfuse_ops_unhook(ops);
		if (!err) {
			ops_gone(ops);
		} else if (err != -EAGAIN) {
			pr_crit("ftrace did not remove a hook (%d); its stubs stay in use\n", err);
			ops->stuck = true;
			list_del_init(&ops->idle);
			__module_get(THIS_MODULE);
		}
	}
	return !list_empty(&idle_ops);
}
