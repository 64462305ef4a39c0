// SPDX-License-Identifier: GPL-2.0
/*
 * What is given to ftrace: one ftrace_ops for all functions of a request.
 *
 * One for all, since ftrace makes everybody pay for each: a function that has two users
 * walks the list of all registered ops at every call, and attaching or detaching one is
 * a walk over all functions of the kernel and a grace period. All or nothing, since
 * ftrace asks the BPF trampolines of an ops' functions to share them (and no longer
 * to) when the ops is registered (and unregistered), and at no other time.
 *
 * Shared mode: an ops with IPMODIFY; ftrace returns to our stub instead of into the
 * function. It goes together with everything but a second user of IPMODIFY
 * (livepatch, a kprobe with a post handler), BPF trampolines included: those then take
 * the address to call from the stack.
 *
 * Direct mode: ftrace's call site calls (or, where the kernel can, jumps to) the stub
 * itself. One direct caller per function, and a BPF trampoline is one. ftrace has one
 * address for all functions of such an ops, so each has an ops of its own.
 *
 * Indirect branch tracking. A BPF trampoline that shares calls what lies in the return
 * slot, indirectly; behind an IPMODIFY ops of ours that is a stub, which begins with
 * ENDBR. But ftrace switches trampolines over *before* it makes an ops effective, and
 * back *after* it has ceased to be: meanwhile the slot leads behind the function's own
 * call site, where no ENDBR is, and a CPU with IBT stops the kernel. (A fault of stock
 * kernels; livepatch has it too.) So, on such CPUs, a second ops without IPMODIFY stands
 * in during both: its callback sends calls to the same stubs, when nobody else has.
 * Calls of trampolines that do not share and are not to look at the slot are counted
 * as sent then and do not arrive, so the link may be taken for late when it is detached
 * (drain.c): some seconds, nothing else.
 *
 * All functions with pairfuse_mutex held; they sleep, for grace periods among others.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

#define TRIES		100		/* 1 ms each, for trampolines that are being changed */
#define PATIENCE	(10 * HZ)	/* for all of an ops' */
#define MAX_BITS	20
#define FACTORS		8

/*
 * From call sites to links, without a search: each site has a place of its own at
 * (ip * factor) >> shift, in 32 bits, by the choice of the factor. Only ips of the ops
 * are looked up, so nothing is compared.
 */
struct pairfuse_routes {
	u32 factor;
	u32 shift;
	const struct pairfuse_link *to[];
};

static __always_inline u32 route_index(const struct pairfuse_routes *routes, unsigned long ip)
{
	return ((u32)ip * routes->factor) >> routes->shift;
}

/* --- what runs on every call --- */

/*
 * In whatever context the function is called; ftrace's trampoline has saved the
 * registers. Must not be traced and calls nothing, so it needs no protection against
 * recursion. The count is that of the link whose stub the call is sent to: link and
 * address are read by way of one pointer.
 *
 * first: only if nobody has sent the call anywhere yet. Where two of our ops are on a
 * function each call must be counted once.
 */
static __always_inline void send(const struct pairfuse_link *link, unsigned long ip,
				 struct ftrace_regs *fregs, bool first)
{
	if (first && ftrace_regs_get_instruction_pointer(fregs) != ip + CALL_INSN_SIZE)
		return;
	this_cpu_inc(link->counters->hooked);
	ftrace_regs_set_instruction_pointer(fregs, link->shared_addr);
}

/* One function: private is its link. */
static void notrace shared_hook(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	send(READ_ONCE(ops->private), ip, fregs, false);
}
NOKPROBE_SYMBOL(shared_hook);

static void notrace shared_hook_first(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	send(READ_ONCE(ops->private), ip, fregs, true);
}
NOKPROBE_SYMBOL(shared_hook_first);

/* Several: private is where their links are. */
static void notrace shared_hook_many(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct pairfuse_routes *routes = ops->private;

	send(READ_ONCE(routes->to[route_index(routes, ip)]), ip, fregs, false);
}
NOKPROBE_SYMBOL(shared_hook_many);

static void notrace shared_hook_many_first(unsigned long ip, unsigned long parent_ip,
					   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct pairfuse_routes *routes = ops->private;

	send(READ_ONCE(routes->to[route_index(routes, ip)]), ip, fregs, true);
}
NOKPROBE_SYMBOL(shared_hook_many_first);

/* Where an ops is only to come and go: calls go on as they would. */
static void notrace no_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *fregs)
{
}
NOKPROBE_SYMBOL(no_hook);

static ftrace_func_t hook_function(const struct pairfuse_ops *ops, bool first)
{
	if (ops->routes)
		return first ? shared_hook_many_first : shared_hook_many;
	return first ? shared_hook_first : shared_hook;
}

/* --- routes --- */

static bool routes_fit(struct pairfuse_ops *ops, struct pairfuse_routes *routes)
{
	struct pairfuse_site *site;

	memset(routes->to, 0, sizeof(routes->to[0]) << (32 - routes->shift));
	list_for_each_entry(site, &ops->sites, of_ops) {
		const struct pairfuse_link **to = &routes->to[route_index(routes, site->ip)];

		if (*to)
			return false;
		*to = pairfuse_site_first(site);
	}
	return true;
}

/*
 * A factor that keeps all sites apart: the first of some that does, in the smallest table
 * for which there is one. (Of n sites in m places, exp(-n * n / 2m) of all factors do; with
 * the most sites that there are stubs for, 70 % in the largest.)
 */
static int routes_make(struct pairfuse_ops *ops)
{
	unsigned int bits, try;
	struct pairfuse_routes *routes;
	u32 factor = 0x9e3779b1;

	for (bits = order_base_2(ops->nr_sites) + 1; bits <= MAX_BITS; bits++) {
		routes = kvzalloc(struct_size(routes, to, 1UL << bits), GFP_KERNEL);
		if (!routes)
			return -ENOMEM;
		routes->shift = 32 - bits;
		for (try = 0; try < FACTORS; try++) {
			factor = factor * 1664525 + 1013904223;	/* any other numbers */
			routes->factor = factor | 1;
			if (routes_fit(ops, routes)) {
				ops->routes = routes;
				return 0;
			}
		}
		kvfree(routes);
	}
	return -ENOMEM;
}

/* --- the kernel's ftrace_ops --- */

static void ftrace_ops_free(struct ftrace_ops *fops)
{
	ftrace_free_filter(fops);
	kfree(fops);
}

/*
 * Always a fresh one: on 6.12 an ops that was unregistered keeps pointers to its freed
 * filter. For one site, or for all.
 */
static struct ftrace_ops *ftrace_ops_make(struct pairfuse_ops *ops, struct pairfuse_site *one)
{
	struct ftrace_ops *fops = kzalloc(sizeof(*fops), GFP_KERNEL);
	unsigned long *ips = kvcalloc(ops->nr_sites, sizeof(*ips), GFP_KERNEL);
	struct pairfuse_site *site;
	unsigned int n = 0;
	int err = -ENOMEM;

	if (fops && ips) {
		list_for_each_entry(site, &ops->sites, of_ops)
			if (!one || site == one)
				ips[n++] = site->ip;
		err = ftrace_set_filter_ips(fops, ips, n, 0, 0);
		if (err && err != -ENOMEM)
			err = -EOPNOTSUPP;
	}
	kvfree(ips);
	if (!err)
		return fops;
	if (fops)
		ftrace_ops_free(fops);
	return ERR_PTR(err);
}

/*
 * After an error. Calls may have been sent on all the same: an ops is on ftrace's list for a
 * moment before ftrace finds out that it must not be. The hook has counted them when this
 * returns, and nobody looks at the ops any more. -EIO: somebody may, since ftrace has given up
 * half way (an inconsistency, see the log): it stays, and all that it leads to has to.
 */
static int ftrace_ops_abandon(struct ftrace_ops *fops)
{
	if (fops->flags & FTRACE_OPS_FL_ENABLED)
		return -EIO;
	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();
	ftrace_ops_free(fops);
	return 0;
}

/* A BPF trampoline that is asked to share answers -EAGAIN while it is being changed. */
static int register_patiently(struct ftrace_ops *fops)
{
	int err, tries;

	for (tries = 0; tries < TRIES; tries++) {
		err = register_ftrace_function(fops);
		if (err != -EAGAIN)
			break;
		msleep(1);
	}
	return err;
}

/*
 * Unregistering waits until no CPU and no task is in ftrace's trampoline: our ops are
 * dynamic, which makes ftrace wait for RCU-tasks. Then the ops can be freed. A task that
 * the shared hook has sent on may sleep before it arrives: see drain.c.
 */
static int unregister_and_free(struct ftrace_ops *fops)
{
	int err = unregister_ftrace_function(fops);

	if (!err)
		ftrace_ops_free(fops);
	return err;
}

/* --- shared mode --- */

static void share(struct pairfuse_ops *ops, bool share)
{
	struct pairfuse_site *site;

	list_for_each_entry(site, &ops->sites, of_ops)
		pairfuse_target_share(&pairfuse_site_first(site)->target, share);
}

/*
 * On a CPU with IBT, see above; NULL where there is no need. A CPU that walks the list of
 * all ops at this moment, with preemption off, may not see a new one: so that is waited for.
 */
static struct ftrace_ops *window_open(struct pairfuse_ops *ops)
{
	struct ftrace_ops *fops;
	int err;

	if (!pairfuse_ibt)
		return NULL;
	fops = ftrace_ops_make(ops, NULL);
	if (IS_ERR(fops))
		return fops;
	fops->func = hook_function(ops, true);
	fops->flags = FTRACE_OPS_FL_PERMANENT;
	fops->private = ops->ops->private;
	err = register_ftrace_function(fops);
	if (!err) {
		synchronize_rcu();
		return fops;
	}
	return ERR_PTR(ftrace_ops_abandon(fops) ?: err);
}

/* Nor does such a CPU go on with what a trampoline was before. */
static int window_close(struct ftrace_ops *fops)
{
	if (!fops)
		return 0;
	synchronize_rcu();
	return unregister_and_free(fops);
}

/*
 * A trampoline may go on as if it shared the function although nobody with IPMODIFY is
 * there: ftrace does not undo what it asked for when an ops is refused, and takes no notice
 * when a trampoline that is being changed, or has no memory, does not do as it is told at the
 * end. Such a trampoline takes what is called from the stack for good, which works,
 * but not on a CPU with IBT. An ops that comes and goes has it asked once more. -EBUSY
 * from there says that somebody else is there by now: then it is right to share.
 */
static int settle_site(struct pairfuse_ops *ops, struct pairfuse_site *site,
		       unsigned long deadline)
{
	struct pairfuse_target *target = &pairfuse_site_first(site)->target;
	struct ftrace_ops *fops;
	int err;

	while (pairfuse_target_shares(target)) {
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		fops = ftrace_ops_make(ops, site);
		if (IS_ERR(fops))
			return PTR_ERR(fops);
		fops->func = no_hook;
		fops->flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
		err = register_patiently(fops);
		if (!err) {
			err = unregister_and_free(fops);
			if (err)
				return err;
			continue;
		}
		if (ftrace_ops_abandon(fops))
			return -EIO;
		if (err != -EAGAIN)
			return err == -EBUSY ? 0 : err;
	}
	return 0;
}

static int settle(struct pairfuse_ops *ops)
{
	unsigned long deadline = jiffies + PATIENCE;
	struct pairfuse_site *site;
	int err = 0, bad;

	list_for_each_entry(site, &ops->sites, of_ops) {
		bad = settle_site(ops, site, deadline);
		if (bad)
			err = bad;
	}
	return err;
}

/* Told to nobody any more; those in use may have to be asked. */
static int unshare(struct pairfuse_ops *ops)
{
	share(ops, false);
	return settle(ops);
}

/*
 * Calls go to the stubs when this has returned 0. -EIO: what was registered, or stands in,
 * could not be taken back. Other errors: all is as before.
 */
static int hook_shared(struct pairfuse_ops *ops)
{
	struct ftrace_ops *fops = ops->ops, *window;
	int err;

	fops->func = hook_function(ops, pairfuse_ibt);
	fops->flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	fops->private = ops->routes ?: (void *)pairfuse_site_first(
		list_first_entry(&ops->sites, struct pairfuse_site, of_ops));
	window = window_open(ops);
	if (IS_ERR(window))
		return PTR_ERR(window);
	share(ops, true);
	err = register_patiently(fops);
	if (err) {
		if (unshare(ops) && window)
			return -EIO;
		if (window_close(window))
			return -EIO;
		return err == -EAGAIN ? -EBUSY : err;
	}
	/* Live, and with two hooks for good, which refer to the same. */
	if (window_close(window))
		ops->stuck = true;
	return 0;
}

/*
 * When trampolines cannot be brought back on a CPU with IBT, what stands in has to stay,
 * and with it the stubs.
 */
static int unhook_shared(struct pairfuse_ops *ops)
{
	struct ftrace_ops *window = window_open(ops);
	int err;

	if (IS_ERR(window))
		return PTR_ERR(window) == -ENOMEM ? -EAGAIN : PTR_ERR(window);
	err = unregister_ftrace_function(ops->ops);
	if (err) {
		window_close(window);
		return err;
	}
	ftrace_ops_free(ops->ops);
	ops->ops = NULL;
	err = unshare(ops);
	if (err && window)
		return err;
	return window_close(window);
}

/* --- direct mode --- */

static unsigned long direct_addr(int stub)
{
	if (PAIRFUSE_DIRECT_JMP)
		return ftrace_jmp_set(pairfuse_stub_jmp_addr(stub));
	return pairfuse_stub_call_addr(stub);
}

/*
 * With kernel.ftrace_enabled cleared, an ops that is not permanent is registered without
 * an error, and nothing is patched: the site would be silent, and nobody would know.
 */
static bool call_site_empty(unsigned long ip)
{
	u8 text[CALL_INSN_SIZE];

	return copy_from_kernel_nofault(text, (void *)ip, sizeof(text)) ||
	       !memcmp(text, pairfuse_nop5, CALL_INSN_SIZE);
}

static int hook_direct(struct pairfuse_ops *ops)
{
	struct pairfuse_site *site = list_first_entry(&ops->sites, struct pairfuse_site, of_ops);
	int err;

	ops->direct = direct_addr(pairfuse_site_first(site)->stub);
	err = register_ftrace_direct(ops->ops, ops->direct);
	if (err)
		return err;
	/*
	 * Do not fall silent when kernel.ftrace_enabled is cleared: refuse that
	 * instead, as BPF's own direct calls on newer kernels do. Registering
	 * sets the flags by itself, so this comes after it.
	 */
	ops->ops->flags |= FTRACE_OPS_FL_PERMANENT;
	/*
	 * The caller frees the filter. If ftrace will not let go it will not later
	 * either: then this has to look like a hook, which stays.
	 */
	if (call_site_empty(site->ip) &&
	    !unregister_ftrace_direct(ops->ops, ops->direct, false))
		return -EBUSY;
	return 0;
}

/* --- either --- */

struct pairfuse_ops *pairfuse_ops_new(enum pairfuse_hook hook)
{
	struct pairfuse_ops *ops = kzalloc(sizeof(*ops), GFP_KERNEL);

	if (!ops)
		return NULL;
	INIT_LIST_HEAD(&ops->idle);
	INIT_LIST_HEAD(&ops->sites);
	ops->hook = hook;
	return ops;
}

/* Not hooked (any more), no sites. */
void pairfuse_ops_free(struct pairfuse_ops *ops)
{
	list_del(&ops->idle);
	kvfree(ops->routes);
	kfree(ops);
}

/*
 * Hook all sites that have been put into ops, each with a link at least: when this
 * returns 0 calls run the pairs. On errors calls may have been sent to stubs
 * (pairfuse_link_used()). -EOPNOTSUPP: ftrace does not know a site. -EBUSY: one is held by
 * a user that excludes us. -ENOMEM, -ENODEV. -EIO: calls may go on being sent.
 */
int pairfuse_ops_hook(struct pairfuse_ops *ops)
{
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	if (ops->hook == PAIRFUSE_HOOK_SHARED && ops->nr_sites > 1) {
		err = routes_make(ops);
		if (err)
			return err;
	}
	ops->ops = ftrace_ops_make(ops, NULL);
	if (IS_ERR(ops->ops))
		return PTR_ERR(ops->ops);
	err = ops->hook == PAIRFUSE_HOOK_DIRECT ? hook_direct(ops) : hook_shared(ops);
	if (err && err != -EIO)
		err = ftrace_ops_abandon(ops->ops) ?: err;
	return err;
}

/* -EAGAIN: nothing has changed, to be tried again. Other errors: it stays for good. */
int pairfuse_ops_unhook(struct pairfuse_ops *ops)
{
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	if (ops->stuck)
		return -EIO;
	if (ops->hook == PAIRFUSE_HOOK_SHARED)
		return unhook_shared(ops);
	err = unregister_ftrace_direct(ops->ops, ops->direct, true);
	if (err)
		return err;
	kfree(ops->ops);
	ops->ops = NULL;
	return 0;
}

int pairfuse_ops_route(struct pairfuse_site *site, struct pairfuse_link *link)
{
	struct pairfuse_ops *ops = site->ops;
	unsigned long addr;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	if (ops->routes) {
		WRITE_ONCE(ops->routes->to[route_index(ops->routes, site->ip)], link);
		return 0;
	}
	if (ops->hook == PAIRFUSE_HOOK_SHARED) {
		WRITE_ONCE(ops->ops->private, link);
		return 0;
	}
	addr = direct_addr(link->stub);
	err = modify_ftrace_direct(ops->ops, addr);
	if (!err)
		ops->direct = addr;
	return err;
}
