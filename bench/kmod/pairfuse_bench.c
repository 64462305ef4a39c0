// SPDX-License-Identifier: GPL-2.0
/*
 * What a pair costs that somebody writes into the traced function by hand, in C:
 * the method of "Pairwise BPF Programs Should Be Optimized Together" (figure 5).
 * For benchmarks only.
 *
 * A stock kernel's getpgid() cannot be changed, so there are two functions here
 * that do the same nothing, each called by one ioctl: `plain`, and `hand` with the
 * read pair of bpf/fsdist.bpf.c in it, made of the same hist_add(). What `hand`
 * adds to `plain` is what the pair costs: two ktime_get_ns(), the division, the
 * histogram. As in the paper there is no hook, no recursion guard, no test of
 * options (target_pid, in_ms: known when it was written) and no map. So this is
 * what nobody who has to attach anything at run time could be asked to beat,
 * but for ktime_get_ns(). For comparison, `plain` is measured fused as well.
 *
 * Both functions are traceable (a NOP for ftrace), as any that one would patch.
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "hist.bpf.h"
#include "pairfuse_bench.h"

/* Global, noinline and with a side effect, so that calls are calls. */
#define TARGET __used noinline __noclone

long pairfuse_bench_plain(unsigned long arg);
long pairfuse_bench_hand(unsigned long arg);

static struct hist hist;

TARGET long pairfuse_bench_plain(unsigned long arg)
{
	long ret;

	barrier();
	ret = arg;
	OPTIMIZER_HIDE_VAR(ret);
	return ret;
}

TARGET long pairfuse_bench_hand(unsigned long arg)
{
	u64 ts = ktime_get_ns();
	s64 delta;
	long ret;

	barrier();
	ret = arg;
	OPTIMIZER_HIDE_VAR(ret);

	delta = ktime_get_ns() - ts;
	if (delta < 0)
		return ret;
	hist_add(&hist, (u64)delta / 1000);
	return ret;
}

#define ONE(n)					\
	void pairfuse_bench_many##n(void);	\
	TARGET void pairfuse_bench_many##n(void) { barrier(); }
#include "many.h"

static u64 events(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < MAX_SLOTS; i++)
		sum += READ_ONCE(hist.slots[i]);
	return sum;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case PAIRFUSE_BENCH_PLAIN:
		return pairfuse_bench_plain(arg);
	case PAIRFUSE_BENCH_HAND:
		return pairfuse_bench_hand(arg);
	case PAIRFUSE_BENCH_EVENTS:
		return put_user(events(), (u64 __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations bench_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pairfuse-bench",
	.fops	= &bench_fops,
	.mode	= 0600,
};

module_misc_device(bench_device);
MODULE_DESCRIPTION("targets for the benchmarks of pairfuse");
MODULE_LICENSE("GPL");
