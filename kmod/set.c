// SPDX-License-Identifier: GPL-2.0
/*
 * Sets: what one file descriptor owns, the links of one request.
 *
 * Whoever made a set may be killed at any instant. Until the file exists, attach undoes
 * its steps itself; afterwards the last reference to the file does it, through
 * set_release(), in the context of whoever drops it.
 *
 * The set holds the programs. They are put when no CPU can be in them any more: after
 * their stubs have been disarmed, and a grace period. (bpf_prog_put() frees a program's
 * memory after one by itself. But the last put takes its exception table away at once,
 * and then a load that faults, which is what typed loads of BPF programs may do, finds no
 * fixup and is an oops.) The same holds for what else a program refers to, since all of
 * it goes with the program: maps, BTF, its recursion guard. What a call needs of us (run
 * contexts, cookies, counters, the task's word, the stub's text) stays until the stub has
 * drained; the function's module too.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "pairfuse.h"
#include "trace.h"

static const struct file_operations set_fops;

/* Programs whose last users are gone, or will be after a grace period. */
static void put_programs(struct pairfuse_member *members, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (members[i].entry)
			bpf_prog_put(members[i].entry);
		if (members[i].exit)
			bpf_prog_put(members[i].exit);
		members[i].entry = NULL;
		members[i].exit = NULL;
	}
}

/* --- detaching --- */

/* Keep all that the hook can reach, for ever. */
static void link_stuck(struct pairfuse_link *link, int err)
{
	pr_crit("%s: ftrace did not remove the hook (%d); stub %d stays in use\n",
		link->target.name, err, link->stub);
	if (!link->pinned)
		__module_get(THIS_MODULE);
	link->pinned = true;
	pairfuse_link_set_stage(link, PAIRFUSE_STAGE_STUCK);
}

/*
 * No call that comes from now on runs the programs; those that run them now have
 * preemption off, so a grace period later nobody does. The caller holds a reference on
 * the module (it came through an open file of ours).
 */
static void link_detach(struct pairfuse_link *link)
{
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	trace_pairfuse_detach(link);
	err = pairfuse_site_leave(link);
	pairfuse_stub_disarm(link->stub);
	if (err)
		link_stuck(link, err);
	else if (link->site)
		pairfuse_link_set_stage(link, PAIRFUSE_STAGE_PARKED);
	else
		pairfuse_link_retire(link);
}

static void set_detach(struct pairfuse_set *set)
{
	unsigned int i;

	mutex_lock(&pairfuse_mutex);
	for (i = 0; i < set->nr; i++) {
		if (set->members[i].link)
			link_detach(set->members[i].link);
		WRITE_ONCE(set->members[i].link, NULL);
	}
	mutex_unlock(&pairfuse_mutex);
	synchronize_rcu();
	put_programs(set->members, set->nr);
	kvfree(set);
}

static int set_release(struct inode *inode, struct file *file)
{
	set_detach(file->private_data);
	return 0;
}

/* PAIRFUSE_IOC_DETACH */
static long set_detach_one(struct pairfuse_set *set, struct pairfuse_detach __user *udetach)
{
	struct pairfuse_member gone = {};
	struct pairfuse_detach detach;
	unsigned int i;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&detach, sizeof(detach), sizeof(detach), udetach, &usize);
	if (err)
		return err;
	if (detach.flags || detach.reserved || !detach.id)
		return -EINVAL;
	err = mutex_lock_killable(&pairfuse_mutex);
	if (err)
		return err;
	for (i = 0; i < set->nr; i++) {
		struct pairfuse_member *m = &set->members[i];

		if (!m->link || m->link->id != detach.id)
			continue;
		link_detach(m->link);
		gone = *m;
		WRITE_ONCE(m->link, NULL);
		m->entry = NULL;
		m->exit = NULL;
		break;
	}
	mutex_unlock(&pairfuse_mutex);
	if (!gone.link)
		return -ENOENT;
	synchronize_rcu();
	put_programs(&gone, 1);
	return 0;
}

/* --- asking --- */

static struct pairfuse_link *set_find(struct pairfuse_set *set, u32 id)
{
	struct pairfuse_link *link;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		link = READ_ONCE(set->members[i].link);
		if (link && (!id || link->id == id))
			return link;
	}
	return NULL;
}

/*
 * Neither waits for those who attach or detach. A link that is found with the list's
 * mutex cannot go while that is held: it leaves its set before it leaves the list.
 */
static long set_info(struct pairfuse_set *set, struct pairfuse_link_info __user *uinfo)
{
	struct pairfuse_link_info info;
	struct pairfuse_link *link;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&info, sizeof(info), PAIRFUSE_LINK_INFO_MIN, uinfo, &usize);
	if (err)
		return err;
	if (info.flags)
		return -EINVAL;
	mutex_lock(&pairfuse_list_mutex);
	link = set_find(set, info.id);
	if (link)
		pairfuse_link_describe(link, &info);
	mutex_unlock(&pairfuse_list_mutex);
	if (!link)
		return -ENOENT;
	info.size = usize;
	return pairfuse_copy_out(uinfo, usize, &info, sizeof(info));
}

static void set_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct pairfuse_set *set = file->private_data;
	struct pairfuse_link *link;
	unsigned int i;

	mutex_lock(&pairfuse_list_mutex);
	for (i = 0; i < set->nr; i++) {
		link = READ_ONCE(set->members[i].link);
		if (link)
			seq_printf(m, "link_id:\t%u\ntarget:\t%s\nhook:\t%s\n", link->id,
				   link->target.name,
				   link->hook == PAIRFUSE_HOOK_DIRECT ? "direct" : "shared");
	}
	mutex_unlock(&pairfuse_list_mutex);
}

static long set_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	if (_IOC_TYPE(cmd) != PAIRFUSE_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(PAIRFUSE_IOC_LINK_INFO):
		return set_info(file->private_data, argp);
	case _IOC_NR(PAIRFUSE_IOC_DETACH):
		return set_detach_one(file->private_data, argp);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations set_fops = {
	.owner = THIS_MODULE,
	.release = set_release,
	.unlocked_ioctl = set_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = set_show_fdinfo,
	.llseek = noop_llseek,
};

/* --- attaching --- */

static int member_programs(struct pairfuse_member *m, const struct pairfuse_attach *attr)
{
	struct bpf_prog *prog;

	if (!(attr->flags & PAIRFUSE_ATTACH_NO_ENTRY)) {
		prog = pairfuse_prog_get(attr->entry_fd);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
		m->entry = prog;
		m->link->entry_id = prog->aux->id;
	}
	prog = pairfuse_prog_get(attr->exit_fd);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	m->exit = prog;
	m->link->exit_id = prog->aux->id;
	if (!m->entry && (!pairfuse_prog_is_leaf(prog) || pairfuse_prog_uses_slot(prog)))
		return -EACCES;
	return 0;
}

/* Everything of a link that does not need the mutex. On errors the set has what there is. */
static int member_create(struct pairfuse_member *m, const struct pairfuse_attach *attr)
{
	struct pairfuse_link *link;
	int err;

	link = kzalloc(sizeof(*link), GFP_KERNEL_ACCOUNT);
	if (!link)
		return -ENOMEM;
	m->link = link;
	link->stub = -1;
	INIT_LIST_HEAD(&link->chain);
	link->flags = attr->flags;
	link->hook = attr->hook;
	link->filter = attr->filter;
	link->filter_value = attr->filter_value;
	link->pid = task_tgid_nr(current);
	get_task_comm(link->comm, current);

	link->counters = alloc_percpu(struct pairfuse_counters);
	if (!link->counters)
		return -ENOMEM;
	err = member_programs(m, attr);
	return err ?: pairfuse_target_get(attr->target_fd, &link->target);
}

static struct pairfuse_link *first_in_group(struct pairfuse_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (set->members[i].link && set->members[i].link->group)
			return set->members[i].link;
	return NULL;
}

/* The group of the link behind a file descriptor, of a member of the set, or a new one. */
static int link_join_group(struct pairfuse_link *link, struct pairfuse_set *set, unsigned int i,
			   int fd)
{
	struct pairfuse_link *member = NULL;
	struct pairfuse_group *group;

	lockdep_assert_held(&pairfuse_mutex);
	if (fd == -1) {
		group = pairfuse_group_new();
		if (IS_ERR(group))
			return PTR_ERR(group);
		link->group = group;
		return 0;
	}
	if (fd < -1) {
		if (PAIRFUSE_GROUP_OF(fd) < i)
			member = set->members[PAIRFUSE_GROUP_OF(fd)].link;
	} else {
		CLASS(fd, f)(fd);
		if (fd_empty(f) || fd_file(f)->f_op != &set_fops)
			return -EBADF;
		member = first_in_group(fd_file(f)->private_data);
	}
	if (!member || !member->group)
		return -EBADF;
	link->group = pairfuse_group_get(member->group);
	return 0;
}

static unsigned int member_wants(const struct pairfuse_member *m,
				 const struct pairfuse_attach *attr)
{
	unsigned int wants = 0;

	if (attr->flags & PAIRFUSE_ATTACH_EXACT)
		wants |= PAIRFUSE_WANTS_EXACT;
	if (attr->flags & PAIRFUSE_ATTACH_MONOTONIC)
		wants |= PAIRFUSE_WANTS_MONO;
	if (!m->entry)
		wants |= PAIRFUSE_WANTS_TIMED;
	else if (pairfuse_prog_is_leaf(m->entry))
		wants |= PAIRFUSE_WANTS_LEAF;
	return wants;
}

/* Clock, stub, group; undone by link_unprepare(). */
static int link_prepare(struct pairfuse_set *set, unsigned int i,
			const struct pairfuse_attach *attr)
{
	struct pairfuse_member *m = &set->members[i];
	struct pairfuse_link *link = m->link;
	int err;

	if ((attr->flags & PAIRFUSE_ATTACH_ELAPSED) &&
	    !(attr->flags & PAIRFUSE_ATTACH_MONOTONIC)) {
		err = pairfuse_clock_get();
		if (err)
			return err;
		link->clocked = true;
	}
	err = pairfuse_stub_alloc(link->target.regs, member_wants(m, attr));
	if (err < 0)
		return err;
	link->stub = err;
	if (attr->flags & PAIRFUSE_ATTACH_EXACT) {
		err = link_join_group(link, set, i, attr->group_fd);
		if (err)
			return err;
	}
	link->id = pairfuse_link_next_id();
	pairfuse_stub_arm(link, m->entry, m->exit, attr);
	link->shared_addr = pairfuse_stub_shared_addr(link->stub);
	return 0;
}

/* Nobody has seen the stub. */
static void link_unprepare(struct pairfuse_link *link)
{
	if (link->stub >= 0) {
		pairfuse_stub_disarm(link->stub);
		pairfuse_clock_disarm(link->stub);
		pairfuse_stub_free(link->stub);
	}
	link->stub = -1;
	pairfuse_group_put(link->group);
	link->group = NULL;
	if (link->clocked)
		pairfuse_clock_put();
	link->clocked = false;
}

/*
 * Nothing is attached. If calls have come through one link, they may be on their way
 * through all that it led to: then all are the drain worker's to free. Nobody runs their
 * programs after a grace period.
 */
static void set_undo(struct pairfuse_set *set, bool stuck)
{
	unsigned int i;

	set->used = stuck;
	for (i = 0; i < set->nr; i++)
		set->used |= pairfuse_link_used(set->members[i].link);
	for (i = 0; i < set->nr; i++) {
		struct pairfuse_link *link = set->members[i].link;

		if (!set->used || link->stub < 0) {
			link_unprepare(link);
			continue;
		}
		pairfuse_stub_disarm(link->stub);
		pairfuse_link_list(link);
		if (stuck)
			link_stuck(link, -EIO);
		else
			pairfuse_link_retire(link);
		set->members[i].link = NULL;
	}
}

/* *failed: the member that is to blame, or nr: all of them together. */
static int set_start(struct pairfuse_set *set, const struct pairfuse_attach *attrs,
		     unsigned int *failed)
{
	unsigned int i;
	int err;

	lockdep_assert_held(&pairfuse_mutex);
	for (i = 0; i < set->nr; i++) {
		err = link_prepare(set, i, &attrs[i]);
		if (err) {
			*failed = i;
			goto undo;
		}
	}
	*failed = set->nr;
	err = pairfuse_sites_join(set, failed);
	if (err)
		goto undo;
	if (IS_ENABLED(CONFIG_LIVEPATCH))
		pr_info_once("functions that have a pair cannot be livepatched (-EBUSY), from now on and as long as they have it\n");
	for (i = 0; i < set->nr; i++) {
		pairfuse_link_list(set->members[i].link);
		trace_pairfuse_attach(set->members[i].link);
	}
	return 0;
undo:
	set_undo(set, err == -EIO);
	return err;
}

static int set_start_locked(struct pairfuse_set *set, const struct pairfuse_attach *attrs,
			    unsigned int *failed)
{
	int err;

	err = mutex_lock_killable(&pairfuse_mutex);
	if (err)
		return err;
	err = set_start(set, attrs, failed);
	mutex_unlock(&pairfuse_mutex);
	return err;
}

/* Not attached; links that drain by themselves are none of it any more. */
static void set_free(struct pairfuse_set *set)
{
	unsigned int i;

	mutex_lock(&pairfuse_mutex);
	for (i = 0; i < set->nr; i++)
		if (set->members[i].link)
			pairfuse_link_free(set->members[i].link);
	mutex_unlock(&pairfuse_mutex);
	if (set->used)
		synchronize_rcu();
	put_programs(set->members, set->nr);
	kvfree(set);
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

static bool attr_valid(const struct pairfuse_attach *attr)
{
	return flags_valid(attr) && !attr->link_id && attr->hook <= PAIRFUSE_HOOK_DIRECT;
}

/* A set with live links, or an error. */
static struct pairfuse_set *set_attach(const struct pairfuse_attach *attrs, unsigned int nr,
				       unsigned int *failed)
{
	struct pairfuse_set *set = kvzalloc(struct_size(set, members, nr), GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int err = 0;

	*failed = nr;
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->nr = nr;
	for (i = 0; !err && i < nr; i++) {
		err = member_create(&set->members[i], &attrs[i]);
		if (err)
			*failed = i;
	}
	if (!err)
		err = set_start_locked(set, attrs, failed);
	if ((err == -ENOSPC || err == -EUSERS) && !set->used) {
		/* Stubs (groups) that need no more than a grace period can be had. */
		pairfuse_drain_flush();
		*failed = nr;
		err = set_start_locked(set, attrs, failed);
	}
	if (!err)
		return set;
	set_free(set);
	return ERR_PTR(err);
}

/* The set is live: from here on only the detach path undoes it. A file, with a number. */
static struct file *set_file(struct pairfuse_set *set, int *fd)
{
	struct file *file;

	*fd = get_unused_fd_flags(O_CLOEXEC);
	if (*fd < 0)
		return ERR_PTR(*fd);
	file = anon_inode_getfile("[pairfuse_link]", &set_fops, set, O_RDWR | O_CLOEXEC);
	if (IS_ERR(file))
		put_unused_fd(*fd);
	return file;
}

/* PAIRFUSE_IOC_ATTACH: a new link's file descriptor, or an error. */
long pairfuse_set_attach_one(struct pairfuse_attach __user *uattr)
{
	struct pairfuse_attach attr;
	struct pairfuse_set *set;
	unsigned int failed;
	struct file *file;
	u32 usize;
	int err, fd;

	err = pairfuse_copy_in(&attr, sizeof(attr), sizeof(attr), uattr, &usize);
	if (err)
		return err;
	if (!attr_valid(&attr) || attr.group_fd < -1)
		return -EINVAL;
	set = set_attach(&attr, 1, &failed);
	if (IS_ERR(set))
		return PTR_ERR(set);
	attr.link_id = set->members[0].link->id;
	attr.hook = set->members[0].link->hook;
	file = set_file(set, &fd);
	if (IS_ERR(file)) {
		set_detach(set);
		return PTR_ERR(file);
	}
	if (pairfuse_copy_out(uattr, usize, &attr, sizeof(attr))) {
		put_unused_fd(fd);
		fput(file);	/* releases the set */
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;
}

static struct pairfuse_attach __user *nth(const struct pairfuse_attach_many *many, u32 i)
{
	return u64_to_user_ptr(many->pairs + (u64)i * many->stride);
}

static int attrs_in(struct pairfuse_attach *attrs, struct pairfuse_attach_many *many)
{
	u32 i, usize;
	int err;

	for (i = 0; i < many->nr; i++) {
		many->failed = i;
		err = pairfuse_copy_in(&attrs[i], sizeof(*attrs), sizeof(*attrs), nth(many, i),
				       &usize);
		if (err)
			return err;
		if (usize > many->stride || !attr_valid(&attrs[i]))
			return -EINVAL;
		attrs[i].size = usize;
	}
	return 0;
}

static int attrs_out(struct pairfuse_attach *attrs, const struct pairfuse_attach_many *many,
		     const struct pairfuse_set *set)
{
	u32 i;

	for (i = 0; i < many->nr; i++) {
		attrs[i].link_id = set->members[i].link->id;
		attrs[i].hook = set->members[i].link->hook;
		if (pairfuse_copy_out(nth(many, i), attrs[i].size, &attrs[i], sizeof(*attrs)))
			return -EFAULT;
	}
	return 0;
}

static long attach_many(struct pairfuse_attach_many *many, struct pairfuse_attach *attrs)
{
	struct pairfuse_set *set;
	struct file *file;
	int err, fd;

	err = attrs_in(attrs, many);
	if (err)
		return err;
	set = set_attach(attrs, many->nr, &many->failed);
	if (IS_ERR(set))
		return PTR_ERR(set);
	file = set_file(set, &fd);
	if (IS_ERR(file)) {
		set_detach(set);
		return PTR_ERR(file);
	}
	if (attrs_out(attrs, many, set)) {
		put_unused_fd(fd);
		fput(file);	/* releases the set */
		return -EFAULT;
	}
	fd_install(fd, file);
	return fd;
}

/* PAIRFUSE_IOC_ATTACH_MANY: a file descriptor that owns all links, or an error. */
long pairfuse_set_attach_many(struct pairfuse_attach_many __user *umany)
{
	struct pairfuse_attach_many many;
	struct pairfuse_attach *attrs;
	u32 usize;
	long ret;

	ret = pairfuse_copy_in(&many, sizeof(many), sizeof(many), umany, &usize);
	if (ret)
		return ret;
	if (many.flags || many.failed || many.reserved || !many.nr ||
	    many.nr > PAIRFUSE_MAX_SET || many.stride < sizeof(*attrs) ||
	    many.stride > PAGE_SIZE || many.stride % 8 || many.pairs % 8)
		return -EINVAL;
	attrs = kvcalloc(many.nr, sizeof(*attrs), GFP_KERNEL_ACCOUNT);
	if (!attrs)
		return -ENOMEM;
	ret = attach_many(&many, attrs);
	kvfree(attrs);
	many.size = usize;
	if (ret < 0 && pairfuse_copy_out(umany, usize, &many, sizeof(many)))
		return -EFAULT;
	return ret;
}
