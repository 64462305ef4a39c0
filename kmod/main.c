// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse: runs pairs of BPF programs from one stub around a function.
 * DESIGN.md in this directory is the way in.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/stringify.h>
#include <asm/cpufeature.h>
#include <asm/ibt.h>

#include "pairfuse.h"

/* Serialises every change; see pairfuse.h. */
DEFINE_MUTEX(pairfuse_mutex);

/*
 * Does an indirect call in the kernel have to lead to ENDBR here? A test can say so for a
 * CPU that does not mind (ops.c).
 */
bool pairfuse_ibt;
static int ibt = -1;
module_param(ibt, int, 0444);
MODULE_PARM_DESC(ibt, "behave as on a CPU with indirect branch tracking: 0, 1, or -1 for as it is (default)");

static int __init pairfuse_init(void)
{
	int err;

	pairfuse_ibt = ibt < 0 ? HAS_KERNEL_IBT && cpu_feature_enabled(X86_FEATURE_IBT) : ibt;
	err = pairfuse_drain_init();
	if (err)
		return err;
	err = pairfuse_device_init();
	if (err)
		pairfuse_drain_exit();
	return err;
}

static void __exit pairfuse_exit(void)
{
	pairfuse_device_exit();
	pairfuse_drain_exit();
	pairfuse_clock_exit();
}

module_init(pairfuse_init);
module_exit(pairfuse_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("pairfuse developers");
MODULE_VERSION(__stringify(PAIRFUSE_ABI_MAJOR) "." __stringify(PAIRFUSE_ABI_MINOR));
MODULE_ALIAS("devname:pairfuse");
MODULE_DESCRIPTION("Runs entry and exit BPF programs of a function from one fused trampoline");
