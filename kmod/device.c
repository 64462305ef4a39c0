// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/pairfuse: who may ask, and the rules for structures from user space.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>

#include "pairfuse.h"

int pairfuse_copy_in(void *dst, size_t size, size_t min, const void __user *src, u32 *usize)
{
	if (get_user(*usize, (const u32 __user *)src))
		return -EFAULT;
	if (*usize > PAGE_SIZE)
		return -E2BIG;
	if (*usize < min)
		return -EINVAL;
	return copy_struct_from_user(dst, size, src, *usize);
}

int pairfuse_copy_out(void __user *dst, u32 usize, const void *src, size_t size)
{
	return copy_to_user(dst, src, min_t(size_t, usize, size)) ? -EFAULT : 0;
}

static long device_info(struct pairfuse_info __user *uinfo)
{
	struct pairfuse_link *link;
	struct pairfuse_info info;
	u32 usize;
	int err;

	err = pairfuse_copy_in(&info, sizeof(info), sizeof(info), uinfo, &usize);
	if (err)
		return err;
	if (info.flags || info.features)
		return -EINVAL;

	info = (struct pairfuse_info) {
		.size = usize,
		.abi_major = PAIRFUSE_ABI_MAJOR,
		.abi_minor = PAIRFUSE_ABI_MINOR,
		.slot_size = PAIRFUSE_SLOT_SIZE,
		.ctx_words = PAIRFUSE_CTX_WORDS,
		.max_args = PAIRFUSE_MAX_ARGS,
		.nr_groups = pairfuse_group_nr(),
		.hooks = BIT(PAIRFUSE_HOOK_SHARED) | BIT(PAIRFUSE_HOOK_DIRECT),
	};
	/* Figures that change at any time: nobody waits for those who attach or detach. */
	info.nr_stubs = pairfuse_stub_count(false, false, &info.nr_free);
	info.nr_exact_stubs = pairfuse_stub_count(true, false, &info.nr_exact_free);
	info.nr_timed_stubs = pairfuse_stub_count(false, true, &info.nr_timed_free);
	info.nr_timed_exact_stubs = pairfuse_stub_count(true, true, &info.nr_timed_exact_free);
	if (pairfuse_clock_usable())
		info.features |= PAIRFUSE_FEATURE_COUNTER;
	info.nr_groups_free = pairfuse_group_nr_free();
	mutex_lock(&pairfuse_list_mutex);
	list_for_each_entry(link, &pairfuse_links, all)
		info.nr_draining += link->stage > PAIRFUSE_STAGE_PARKED;
	mutex_unlock(&pairfuse_list_mutex);
	return pairfuse_copy_out(uinfo, usize, &info, sizeof(info));
}

/*
 * Tracing with BPF needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN for either)
 * in the initial user namespace, so the same is asked here: nobody can attach
 * what they could not attach without us.
 */
static bool permitted(void)
{
	return (capable(CAP_BPF) || capable(CAP_SYS_ADMIN)) &&
	       (capable(CAP_PERFMON) || capable(CAP_SYS_ADMIN));
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	if (_IOC_TYPE(cmd) != PAIRFUSE_IOC_MAGIC)
		return -ENOTTY;
	if (!permitted())
		return -EPERM;
	/* By number alone: the size in the structure counts, not that in cmd. */
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(PAIRFUSE_IOC_INFO):
		return device_info(argp);
	case _IOC_NR(PAIRFUSE_IOC_ATTACH):
		return pairfuse_set_attach_one(argp);
	case _IOC_NR(PAIRFUSE_IOC_ATTACH_MANY):
		return pairfuse_set_attach_many(argp);
	case _IOC_NR(PAIRFUSE_IOC_NEXT):
		return pairfuse_link_next(argp);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pairfuse",
	.fops = &device_fops,
	.mode = 0600,
};

int pairfuse_device_init(void)
{
	return misc_register(&device);
}

void pairfuse_device_exit(void)
{
	misc_deregister(&device);
}
