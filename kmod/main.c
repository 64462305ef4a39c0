// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse: runs pairs of BPF programs from one stub around a function.
 * DESIGN.md in this directory is the way in.
 */
#include <linux/module.h>

#include "pairfuse.h"

static int __init pairfuse_init(void)
{
	int err;

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
MODULE_DESCRIPTION("Runs entry and exit BPF programs of a function from one fused trampoline");
