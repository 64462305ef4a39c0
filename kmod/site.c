// SPDX-License-Identifier: GPL-2.0
/*
 * Sites: the functions that are hooked, and how.
 *
 * A site has one hook and a chain of links. The hook leads to the stub of the
 * first link, each stub's body call to the next stub, the last one's to the
 * function behind its ftrace call. So several pairs on one function nest, each
 * call has a slot for each pair on its stack, and a single pair pays nothing
 * for the possibility:
 *
 *	function --hook--> stub A --body--> stub B --body--> function + 5
 *
 * Shared mode: an ftrace_ops with IPMODIFY; ftrace returns to our stub instead
 * of into the function. It goes together with everything but a second user of
 * IPMODIFY (livepatch, a kprobe with a post handler), BPF trampolines included:
 * those then take the address to call from the stack.
 *
 * Direct mode: ftrace's call site calls (or, where the kernel can, jumps to)
 * the stub itself. One direct caller per function, and a BPF trampoline is one.
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

static LIST_HEAD(sites);

/* what ftrace leaves where nobody is */
static const u8 nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

/*
 * Runs on every call of a function in shared mode, with whatever context that
 * has; ftrace's trampoline has saved the registers. Must not be traced and
 * calls nothing, so it needs no protection against recursion.
 *
 * The count is that of the link whose stub the call is sent to: link and address are
 * read by way of one pointer.
 */
static void notrace shared_hook(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct pairfuse_link *link = READ_ONCE(ops->private);

	this_cpu_inc(link->counters->hooked);
	ftrace_regs_set_instruction_pointer(fregs, link->shared_addr);
}

static unsigned long direct_addr(int stub)
{
	if (PAIRFUSE_DIRECT_JMP)
		return ftrace_jmp_set(pairfuse_stub_jmp_addr(stub));
	return pairfuse_stub_call_addr(stub);
}

static int hook_shared(struct pairfuse_site *site, struct pairfuse_link *link)
{
	int err, tries;

	site->ops->func = shared_hook;
	site->ops->flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	site->ops->private = link;
	err = ftrace_set_filter_ip(site->ops, site->ip, 0, 0);
	if (err)
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	/*
	 * A BPF trampoline on the function is asked to share; it answers
	 * -EAGAIN while it is being changed.
	 */
	for (tries = 0; tries < 100; tries++) {
		err = register_ftrace_function(site->ops);
		if (err != -EAGAIN)
			break;
		msleep(1);
	}
	return err == -EAGAIN ? -EBUSY : err;
}

/*
 * With kernel.ftrace_enabled cleared, an ops that is not permanent is registered without
 * an error, and nothing is patched: the site would be silent, and nobody would know.
 */
static bool call_site_empty(unsigned long ip)
{
	u8 text[sizeof(nop5)];

	return copy_from_kernel_nofault(text, (void *)ip, sizeof(text)) ||
	       !memcmp(text, nop5, sizeof(nop5));
}

static int hook_direct(struct pairfuse_site *site, int stub)
{
	int err;

	err = ftrace_set_filter_ip(site->ops, site->ip, 0, 0);
	if (err)
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	site->hooked = direct_addr(stub);
	err = register_ftrace_direct(site->ops, site->hooked);
	if (err)
		return err;
	/*
	 * Do not fall silent when kernel.ftrace_enabled is cleared: refuse that
	 * instead, as BPF's own direct calls on newer kernels do. Registering
	 * sets the flags by itself, so this comes after it.
	 */
	site->ops->flags |= FTRACE_OPS_FL_PERMANENT;
	/*
	 * The caller frees the filter. If ftrace will not let go it will not later
	 * either: then this has to look like a hook, which stays.
	 */
	if (call_site_empty(site->ip) &&
	    !unregister_ftrace_direct(site->ops, site->hooked, false))
		return -EBUSY;
	return 0;
}

/*
 * On errors too calls may have been sent to the stub: an ops is on ftrace's list
 * for a moment before ftrace finds out that it must not be. The hook has counted
 * them when this returns, and nobody looks at the ops any more.
 */
static int hook(struct pairfuse_site *site, struct pairfuse_link *link)
{
	int err;

	/*
	 * Always a fresh one: on 6.12 an ops that was unregistered keeps
	 * pointers to its freed filter.
	 */
	site->ops = kzalloc(sizeof(*site->ops), GFP_KERNEL);
	if (!site->ops)
		return -ENOMEM;
	err = site->hook == PAIRFUSE_HOOK_DIRECT ? hook_direct(site, link->stub)
						 : hook_shared(site, link);
	if (err) {
		synchronize_rcu_tasks_rude();
		synchronize_rcu_tasks();
		ftrace_free_filter(site->ops);
		kfree(site->ops);
	}
	return err;
}

/*
 * Unregistering waits until no CPU and no task is in ftrace's trampoline: our ops are
 * dynamic, which makes ftrace wait for RCU-tasks. Then the ops can be freed. A task that
 * the shared hook has sent on may sleep before it arrives: see drain.c.
 */
static int unhook(struct pairfuse_site *site)
{
	int err;

	if (site->hook == PAIRFUSE_HOOK_DIRECT) {
		err = unregister_ftrace_direct(site->ops, site->hooked, true);
	} else {
		err = unregister_ftrace_function(site->ops);
		if (!err)
			ftrace_free_filter(site->ops);
	}
	if (!err)
		kfree(site->ops);
	return err;
}

/* Let the hook lead to another stub. */
static int rehook(struct pairfuse_site *site, struct pairfuse_link *link)
{
	unsigned long addr;
	int err;

	if (site->hook == PAIRFUSE_HOOK_SHARED) {
		WRITE_ONCE(site->ops->private, link);
		return 0;
	}
	addr = direct_addr(link->stub);
	err = modify_ftrace_direct(site->ops, addr);
	if (!err)
		site->hooked = addr;
	return err;
}

/*
 * The function's ftrace call site: 5 bytes at its start or behind its ENDBR (4
 * bytes, or their replacement when the kernel has sealed it). A NOP, or a call
 * or jump when somebody is there already; a breakpoint for the moment in which
 * it is being changed.
 */
static int find_call_site(unsigned long func, unsigned long *ip)
{
	u8 text[4 + sizeof(nop5)];
	int tries, off;

	for (tries = 0; tries < 10; tries++) {
		bool changing = false;

		if (copy_from_kernel_nofault(text, (void *)func, sizeof(text)))
			return -EOPNOTSUPP;
		for (off = 0; off <= 4; off += 4) {
			if (!memcmp(text + off, nop5, sizeof(nop5)) ||
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

static int site_create(struct pairfuse_link *link, unsigned long ip, enum pairfuse_hook mode)
{
	struct pairfuse_site *site = kzalloc(sizeof(*site), GFP_KERNEL);
	int err;

	if (!site)
		return -ENOMEM;
	site->ip = ip;
	site->body = ip + CALL_INSN_SIZE;
	site->hook = mode;
	INIT_LIST_HEAD(&site->chain);

	link->body = site->body;
	link->inner = NULL;
	pairfuse_stub_set_inner(link->stub, site->body, -1);
	if (mode == PAIRFUSE_HOOK_SHARED)
		pairfuse_target_share(&link->target, true);
	err = hook(site, link);
	if (err) {
		if (mode == PAIRFUSE_HOOK_SHARED)
			pairfuse_target_share(&link->target, false);
		kfree(site);
		return err;
	}
	list_add_tail(&link->chain, &site->chain);
	list_add_tail(&site->sites, &sites);
	link->site = site;
	link->hook = site->hook;
	return 0;
}

/*
 * Put an armed link on its function, creating the site if need be; mode is what
 * a new site gets. When this returns 0, calls run the pair. Sleeps.
 *
 * -EOPNOTSUPP: no call site found, or ftrace does not know it. -EBUSY: held by
 * a user that excludes us. -EMLINK: too many links there. -ENOMEM, -ENODEV.
 */
int pairfuse_site_join(struct pairfuse_link *link, enum pairfuse_hook mode)
{
	struct pairfuse_link *last;
	struct pairfuse_site *site;
	unsigned long ip;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	err = find_call_site(link->target.addr, &ip);
	if (err)
		return err;
	site = site_find(ip);
	if (!site)
		return site_create(link, ip, mode);

	/* Frames add up on the caller's stack, which is 16 kB for everybody. */
	if (list_count_nodes(&site->chain) >= PAIRFUSE_MAX_LINKS)
		return -EMLINK;
	last = list_last_entry(&site->chain, struct pairfuse_link, chain);
	link->body = site->body;
	link->inner = NULL;
	pairfuse_stub_set_inner(link->stub, site->body, -1);
	/* From here on calls go through the new stub. */
	last->inner = link;
	pairfuse_stub_set_inner(last->stub, site->body, link->stub);
	list_add_tail(&link->chain, &site->chain);
	link->site = site;
	link->hook = site->hook;
	return 0;
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

/*
 * Take a link off its function. Afterwards nobody is sent to its stub; tasks may
 * still be on their way into it (see drain.c for how long) or inside. An error means
 * that ftrace would not let go: then the stub and all that it refers to have to stay.
 * Sleeps.
 */
int pairfuse_site_leave(struct pairfuse_link *link)
{
	struct pairfuse_site *site = link->site;
	int err = 0;

	lockdep_assert_held(&pairfuse_mutex);
	if (list_is_singular(&site->chain)) {
		err = unhook(site);
		if (!err && site->hook == PAIRFUSE_HOOK_SHARED)
			pairfuse_target_share(&link->target, false);
	} else if (list_is_first(&link->chain, &site->chain)) {
		err = rehook(site, list_next_entry(link, chain));
	}
	if (err)
		return err;

	bypass(link);
	list_del_init(&link->chain);
	link->site = NULL;
	if (list_empty(&site->chain)) {
		list_del(&site->sites);
		kfree(site);
	}
	return 0;
}
