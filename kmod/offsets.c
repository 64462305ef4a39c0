// SPDX-License-Identifier: GPL-2.0
/*
 * Becomes offsets.h: what stub_text.S has to know about structures. Widths and
 * offsets always come from the headers of the kernel that is built for.
 */
#define PAIRFUSE_NO_OFFSETS
#include <linux/kbuild.h>
#include <linux/sched.h>
#include <asm/current.h>
#include "pairfuse.h"

int main(void);
int main(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	OFFSET(PAIRFUSE_PCPU_CURRENT, pcpu_hot, current_task);
	OFFSET(PAIRFUSE_PCPU_PREEMPT_COUNT, pcpu_hot, preempt_count);
	BUILD_BUG_ON(sizeof_field(struct pcpu_hot, preempt_count) != 4);
#else
	BUILD_BUG_ON(sizeof(__preempt_count) !=
		     (IS_ENABLED(CONFIG_HAS_SEPARATE_PREEMPT_RESCHED_BITS) ? 8 : 4) &&
		     sizeof(__preempt_count) != 8);
#endif
	OFFSET(PAIRFUSE_TASK_BPF_CTX, task_struct, bpf_ctx);
	OFFSET(PAIRFUSE_TASK_STACK, task_struct, stack);
	/* The bits of an address that tell how far up a task's stack it is: none of these? */
	DEFINE(PAIRFUSE_STACK_RESERVE, PAIRFUSE_RESERVE);
	DEFINE(PAIRFUSE_STACK_DEEP, THREAD_SIZE - PAIRFUSE_RESERVE);
	BUILD_BUG_ON(PAIRFUSE_RESERVE & (PAIRFUSE_RESERVE - 1));

	DEFINE(PAIRFUSE_STUB_DATA_SIZE, sizeof(struct pairfuse_stub_data));
	DEFINE(PAIRFUSE_STUB_COUNT, PAIRFUSE_NR_STUBS);
	DEFINE(PAIRFUSE_STUB_PLAIN, PAIRFUSE_NR_PLAIN);
	DEFINE(PAIRFUSE_STUB_PLAIN_FEW, PAIRFUSE_NR_PLAIN_FEW);
	DEFINE(PAIRFUSE_STUB_EXACT_FEW, PAIRFUSE_EXACT + PAIRFUSE_NR_EXACT_FEW);
	DEFINE(PAIRFUSE_STUB_TIMED, PAIRFUSE_TIMED);
	DEFINE(PAIRFUSE_STUB_TIMED_EXACT, PAIRFUSE_TIMED_EXACT);
	DEFINE(PAIRFUSE_STUB_MONO, PAIRFUSE_MONO);
	DEFINE(PAIRFUSE_STUB_MONO_EXACT, PAIRFUSE_MONO_EXACT);
	DEFINE(PAIRFUSE_STUB_ONE, PAIRFUSE_ONE);
	DEFINE(PAIRFUSE_STUB_LEAF_ONE, PAIRFUSE_LEAF_ONE);
	DEFINE(PAIRFUSE_STUB_LEAF_FEW, PAIRFUSE_LEAF_FEW);
	DEFINE(PAIRFUSE_STUB_LEAF, PAIRFUSE_LEAF);
	DEFINE(PAIRFUSE_STUB_LEAF_EXACT, PAIRFUSE_LEAF_EXACT);
	OFFSET(PAIRFUSE_STUB_COUNTERS, pairfuse_stub_data, counters);
	OFFSET(PAIRFUSE_STUB_ENTRY_ACTIVE, pairfuse_stub_data, entry_active);
	OFFSET(PAIRFUSE_STUB_CYCLE_NS, pairfuse_stub_data, cycle_ns);
	OFFSET(PAIRFUSE_STUB_EXIT_ACTIVE, pairfuse_stub_data, exit_active);
	OFFSET(PAIRFUSE_STUB_ENTRY_RUN_CTX, pairfuse_stub_data, entry_run_ctx.run_ctx);
	OFFSET(PAIRFUSE_STUB_EXIT_RUN_CTX, pairfuse_stub_data, exit_run_ctx.run_ctx);
	OFFSET(PAIRFUSE_STUB_EXIT_ALWAYS, pairfuse_stub_data, exit_always);
	OFFSET(PAIRFUSE_STUB_NEST, pairfuse_stub_data, nest);
	OFFSET(PAIRFUSE_STUB_FILTER_OFFSET, pairfuse_stub_data, filter_offset);
	OFFSET(PAIRFUSE_STUB_FILTER_VALUE, pairfuse_stub_data, filter_value);

	OFFSET(PAIRFUSE_COUNT_ARRIVED, pairfuse_counters, arrived);
	OFFSET(PAIRFUSE_COUNT_PASSED, pairfuse_counters, passed);
	OFFSET(PAIRFUSE_COUNT_ENTERED, pairfuse_counters, entered);
	OFFSET(PAIRFUSE_COUNT_LEFT, pairfuse_counters, left);
	OFFSET(PAIRFUSE_COUNT_NOT_ARMED, pairfuse_counters, not_armed);
	OFFSET(PAIRFUSE_COUNT_ENTRY_MISSED, pairfuse_counters, entry_missed);
	OFFSET(PAIRFUSE_COUNT_EXIT_MISSED, pairfuse_counters, exit_missed);
	OFFSET(PAIRFUSE_COUNT_DEEP, pairfuse_counters, deep);
	return 0;
}
