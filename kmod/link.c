// SPDX-License-Identifier: GPL-2.0
/*
 * Links: a pair on a function, owned by a file descriptor.
 *
 *	attach ---> LIVE ---close---> DRAINING ---none in flight---> SETTLING ---> freed
 *	                                 |  (a task may sleep in the function
 *	                                 |   for hours: listed, stub not reused,
 *	                                 |   module pinned)
 *	                                 '- STUCK: ftrace did not let go
 *
 * Whoever made a link may be killed at any instant. Until the file exists,
 * attach undoes its steps itself; afterwards the last reference to the file
 * does it, through link_release(), in the context of whoever drops it.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

DEFINE_MUTEX(pairfuse_mutex);
LIST_HEAD(pairfuse_links);

static u32 last_id;

struct totals {
	u64 entered, left, not_armed, entry_missed, exit_missed;	/* entered: by any way */
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

/*
 * Has somebody been sent to the stub by the shared hook who has not arrived? Exact
 * once the hook does not send anybody any more (a grace period after it is gone): who
 * arrives between the two sums can only make it look late. Who was diverted on the
 * way (an fmod_ret program, bpf_override_return()) looks late for ever.
 */
bool pairfuse_link_is_late(struct pairfuse_link *link)
{
	u64 arrived = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct pairfuse_counters *c = per_cpu_ptr(link->counters, cpu);

		arrived += READ_ONCE(c->arrived) + READ_ONCE(c->passed);
	}
	smp_rmb();
	return link_hooked(link) != arrived;
}

/* Has the stub's address been given to anybody, or has anybody found it? */
static bool link_used(struct pairfuse_link *link)
{
	struct totals t;

	link_totals(link, &t);
	return t.entered || link_hooked(link);
}

static u64 sub_or_zero(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

static void link_describe(struct pairfuse_link *link, struct pairfuse_link_info *info)
{
	struct totals t;

	lockdep_assert_held(&pairfuse_mutex);
	link_totals(link, &t);
	*info = (struct pairfuse_link_info) {
		.id = link->id,
		.state = link->stage == PAIRFUSE_STAGE_LIVE ? PAIRFUSE_LINK_LIVE
							    : PAIRFUSE_LINK_DRAINING,
		.hook = link->hook,
		.entry_prog_id = link->entry ? link->entry->aux->id : 0,
		.exit_prog_id = link->exit ? link->exit->aux->id : 0,
		.flags = link->flags,
		.pid = link->pid,
		.entered = t.entered,
		.runs = sub_or_zero(t.left, t.not_armed + t.exit_missed),
		.not_armed = sub_or_zero(t.not_armed, t.entry_missed),
		.entry_missed = t.entry_missed,
		.exit_missed = t.exit_missed,
		.in_flight = t.entered - t.left,
	};
	strscpy(info->comm, link->comm, sizeof(info->comm));
	strscpy(info->target, link->target.name, sizeof(info->target));
	if (link->target.mod)
		strscpy(info->module, link->target.mod->name, sizeof(info->module));
}

/* Free what attach has gathered; the stub is not hooked or has drained. */
void pairfuse_link_free(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	if (link->stub >= 0)
		pairfuse_stub_free(link->stub);
	if (link->entry)
		bpf_prog_put(link->entry);
	if (link->exit)
		bpf_prog_put(link->exit);
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
 * The hook does not lead to the link (any more): nothing runs when this returns,
 * and the programs are released. The rest is left to drain.c.
 *
 * The module must not go while a task is in the stub, so a link with calls in
 * flight, or asleep on their way to the stub (drain.c), holds a reference on it. The
 * caller holds one (it came through an open file of ours), which makes taking another
 * safe. Tasks that are just executing their way in or out are drain.c's and, at the
 * latest, module exit's to wait for.
 */
static void link_retire(struct pairfuse_link *link)
{
	lockdep_assert_held(&pairfuse_mutex);
	pairfuse_stub_disarm(link->stub);
	if (link->entry)
		bpf_prog_put(link->entry);
	bpf_prog_put(link->exit);
	pairfuse_target_put_prog(&link->target);
	link->entry = NULL;
	link->exit = NULL;
	if (pairfuse_link_in_flight(link) || pairfuse_link_is_late(link)) {
		__module_get(THIS_MODULE);
		link->pinned = true;
	}
	link->stage = PAIRFUSE_STAGE_DRAINING;
	pairfuse_drain_kick();
}

static void link_detach(struct pairfuse_link *link)
{
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	err = pairfuse_site_leave(link);
	link_retire(link);
	if (!err)
		return;

	/* Keep all that the hook can reach, for ever. */
	pr_crit("%s: ftrace did not remove the hook (%d); stub %d stays in use\n",
		link->target.name, err, link->stub);
	if (!link->pinned)
		__module_get(THIS_MODULE);
	link->pinned = true;
	link->stage = PAIRFUSE_STAGE_STUCK;
}

static int link_release(struct inode *inode, struct file *file)
{
	mutex_lock(&pairfuse_mutex);
	link_detach(file->private_data);
	mutex_unlock(&pairfuse_mutex);
	return 0;
}

static long link_info(struct pairfuse_link *link, struct pairfuse_link_info __user *uinfo)
{
	struct pairfuse_link_info info;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&info, sizeof(info), sizeof(info), uinfo, &usize);
	if (err)
		return err;
	if (info.flags)
		return -EINVAL;
	mutex_lock(&pairfuse_mutex);
	link_describe(link, &info);
	mutex_unlock(&pairfuse_mutex);
	info.size = usize;
	return pairfuse_copy_out(uinfo, usize, &info, sizeof(info));
}

static long link_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_TYPE(cmd) != PAIRFUSE_IOC_MAGIC ||
	    _IOC_NR(cmd) != _IOC_NR(PAIRFUSE_IOC_LINK_INFO))
		return -ENOTTY;
	return link_info(file->private_data, (void __user *)arg);
}

static void link_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct pairfuse_link *link = file->private_data;

	seq_printf(m, "link_id:\t%u\ntarget:\t%s\nhook:\t%s\n", link->id, link->target.name,
		   link->hook == PAIRFUSE_HOOK_DIRECT ? "direct" : "shared");
}

static const struct file_operations link_fops = {
	.owner = THIS_MODULE,
	.release = link_release,
	.unlocked_ioctl = link_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = link_show_fdinfo,
	.llseek = noop_llseek,
};

/* Everything of a link that does not need the mutex. */
static struct pairfuse_link *link_create(const struct pairfuse_attach *attr)
{
	struct pairfuse_link *link;
	struct bpf_prog *prog;
	int err;

	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link)
		return ERR_PTR(-ENOMEM);
	link->stub = -1;
	INIT_LIST_HEAD(&link->chain);
	link->flags = attr->flags;
	link->filter = attr->filter;
	link->filter_value = attr->filter_value;
	link->pid = task_tgid_nr(current);
	get_task_comm(link->comm, current);

	err = -ENOMEM;
	link->counters = alloc_percpu(struct pairfuse_counters);
	if (!link->counters)
		goto fail;
	if (!(attr->flags & PAIRFUSE_ATTACH_NO_ENTRY)) {
		prog = pairfuse_prog_get(attr->entry_fd);
		err = PTR_ERR_OR_ZERO(prog);
		if (err)
			goto fail;
		link->entry = prog;
	}
	prog = pairfuse_prog_get(attr->exit_fd);
	err = PTR_ERR_OR_ZERO(prog);
	if (err)
		goto fail;
	link->exit = prog;
	err = -EACCES;
	if (!link->entry && !pairfuse_prog_is_leaf(prog))
		goto fail;
	err = pairfuse_target_get(attr->target_fd, &link->target);
	if (err)
		goto fail;
	return link;
fail:
	mutex_lock(&pairfuse_mutex);
	pairfuse_link_free(link);
	mutex_unlock(&pairfuse_mutex);
	return ERR_PTR(err);
}

static u32 next_id(void)
{
	if (++last_id == 0)
		last_id = 1;
	return last_id;
}

/* The group of the link behind a file descriptor, or a new one for -1. */
static int link_join_group(struct pairfuse_link *link, int fd)
{
	struct pairfuse_link *member;
	struct pairfuse_group *group;

	lockdep_assert_held(&pairfuse_mutex);
	if (fd == -1) {
		group = pairfuse_group_new();
		if (IS_ERR(group))
			return PTR_ERR(group);
		link->group = group;
		return 0;
	}

	CLASS(fd, f)(fd);
	if (fd_empty(f) || fd_file(f)->f_op != &link_fops)
		return -EBADF;
	member = fd_file(f)->private_data;
	if (!member->group)
		return -EBADF;
	link->group = pairfuse_group_get(member->group);
	return 0;
}

/*
 * Give the link a stub and put it on its function. On errors *linkp is NULL when
 * the link is drain.c's to free, because calls have come through its stub.
 */
static int link_start(struct pairfuse_link **linkp, const struct pairfuse_attach *attr)
{
	struct pairfuse_link *link = *linkp;
	bool exact = attr->flags & PAIRFUSE_ATTACH_EXACT;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	if ((attr->flags & PAIRFUSE_ATTACH_ELAPSED) &&
	    !(attr->flags & PAIRFUSE_ATTACH_MONOTONIC) && !link->clocked) {
		err = pairfuse_clock_get();
		if (err)
			return err;
		link->clocked = true;
	}
	err = pairfuse_stub_alloc(link->target.regs, exact, !link->entry);
	if (err < 0)
		return err;
	link->stub = err;
	if (exact) {
		err = link_join_group(link, attr->group_fd);
		if (err)
			return err;
	}
	link->id = next_id();
	pairfuse_stub_arm(link, attr->entry_cookie, attr->exit_cookie);
	link->shared_addr = pairfuse_stub_shared_addr(link->stub);
	err = pairfuse_site_join(link, attr->hook);
	if (err && !link_used(link)) {
		pairfuse_stub_disarm(link->stub);
		return err;
	}
	list_add_tail(&link->all, &pairfuse_links);
	if (err) {
		link_retire(link);
		*linkp = NULL;
	}
	return err;
}

static int link_start_locked(struct pairfuse_link **link, const struct pairfuse_attach *attr)
{
	int err;

	err = mutex_lock_killable(&pairfuse_mutex);
	if (err)
		return err;
	err = link_start(link, attr);
	mutex_unlock(&pairfuse_mutex);
	return err;
}

/* The flags, and the members that have to be as they say. */
static bool flags_valid(const struct pairfuse_attach *attr)
{
	u32 flags = attr->flags;

	if (flags & ~PAIRFUSE_ATTACH_F_ALL)
		return false;
	if (attr->group_fd && !(flags & PAIRFUSE_ATTACH_EXACT))
		return false;
	if (attr->filter > PAIRFUSE_FILTER_COMM || (attr->filter_value && !attr->filter))
		return false;
	if ((flags & PAIRFUSE_ATTACH_MONOTONIC) && !(flags & PAIRFUSE_ATTACH_ELAPSED))
		return false;
	return !(flags & PAIRFUSE_ATTACH_NO_ENTRY) ||
	       ((flags & PAIRFUSE_ATTACH_ELAPSED) && !(flags & PAIRFUSE_ATTACH_EXIT_ALWAYS) &&
		attr->entry_fd == -1 && !attr->entry_cookie);
}

/* PAIRFUSE_IOC_ATTACH: a new link's file descriptor, or an error. */
long pairfuse_link_attach(struct pairfuse_attach __user *uattr)
{
	struct pairfuse_attach attr;
	struct pairfuse_link *link;
	struct file *file;
	u32 usize;
	int err, fd;

	err = pairfuse_copy_in(&attr, sizeof(attr), sizeof(attr), uattr, &usize);
	if (err)
		return err;
	if (!flags_valid(&attr) || attr.link_id || attr.hook > PAIRFUSE_HOOK_DIRECT)
		return -EINVAL;

	link = link_create(&attr);
	if (IS_ERR(link))
		return PTR_ERR(link);
	err = link_start_locked(&link, &attr);
	if (err == -ENOSPC) {
		/* Stubs that need no more than a grace period can be had. */
		pairfuse_drain_flush();
		err = link_start_locked(&link, &attr);
	}
	if (err) {
		mutex_lock(&pairfuse_mutex);
		if (link)
			pairfuse_link_free(link);
		mutex_unlock(&pairfuse_mutex);
		return err;
	}

	/* The link is live: from here on only the detach path undoes it. */
	attr.link_id = link->id;
	attr.hook = link->hook;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		err = fd;
		goto detach;
	}
	file = anon_inode_getfile("[pairfuse_link]", &link_fops, link, O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		err = PTR_ERR(file);
		goto detach;
	}
	if (pairfuse_copy_out(uattr, usize, &attr, sizeof(attr))) {
		put_unused_fd(fd);
		fput(file);	/* releases the link */
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;

detach:
	mutex_lock(&pairfuse_mutex);
	link_detach(link);
	mutex_unlock(&pairfuse_mutex);
	return err;
}

/* PAIRFUSE_IOC_NEXT */
long pairfuse_link_next(struct pairfuse_link_info __user *uinfo)
{
	struct pairfuse_link_info info;
	struct pairfuse_link *link, *next = NULL;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&info, sizeof(info), sizeof(info), uinfo, &usize);
	if (err)
		return err;
	if (info.flags)
		return -EINVAL;

	err = mutex_lock_killable(&pairfuse_mutex);
	if (err)
		return err;
	list_for_each_entry(link, &pairfuse_links, all)
		if (link->id > info.id && (!next || link->id < next->id))
			next = link;
	if (next)
		link_describe(next, &info);
	mutex_unlock(&pairfuse_mutex);
	if (!next)
		return -ENOENT;
	info.size = usize;
	return pairfuse_copy_out(uinfo, usize, &info, sizeof(info));
}
