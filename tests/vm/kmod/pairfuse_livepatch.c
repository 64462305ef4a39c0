// SPDX-License-Identifier: GPL-2.0
/*
 * A livepatch of the function that the tests call: does the same and counts. For
 * tests only.
 */
#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>

static atomic64_t calls;

static asmlinkage long patched_getsid(const struct pt_regs *regs)
{
	atomic64_inc(&calls);
	/* the tests ask for themselves only */
	return regs->di ? -ENOSYS : task_session_vnr(current);
}

static struct klp_func funcs[] = {
	{ .old_name = "__x64_sys_getsid", .new_func = patched_getsid }, {}
};

static struct klp_object objects[] = {
	{ .funcs = funcs }, {}
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
};

static int calls_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", atomic64_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };
module_param_cb(calls, &calls_ops, NULL, 0444);

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("pairfuse: a livepatch as neighbour, for tests");
MODULE_INFO(livepatch, "Y");
