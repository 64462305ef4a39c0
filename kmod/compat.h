/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between the supported kernels, for C and assembly. The
 * other files read as if there were only the newest one.
 */
#ifndef PAIRFUSE_COMPAT_H
#define PAIRFUSE_COMPAT_H

#include "kernel.h"

/*
 * Direct calls can be jumps (DYNAMIC_FTRACE_WITH_JMP, bit 0 of the address
 * says so since 7.0; 6.19 had an ops flag instead). A jump leaves only the
 * caller's return address on the stack.
 */
#if defined(CONFIG_DYNAMIC_FTRACE_WITH_JMP) && LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define PAIRFUSE_DIRECT_JMP 1
#else
#define PAIRFUSE_DIRECT_JMP 0
#endif

/*
 * Where a task's preempt count and `current` live, and how wide the count is.
 * struct pcpu_hot went away in 6.15; the count became 64 bits wide where the
 * reschedule bit is apart from it (7.1).
 */
#ifdef __ASSEMBLY__
#include <asm/percpu.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define PAIRFUSE_CURRENT	PER_CPU_VAR(current_task)
#define PAIRFUSE_PREEMPT_COUNT	PER_CPU_VAR(__preempt_count)
#else
#define PAIRFUSE_CURRENT	PER_CPU_VAR(pcpu_hot + PAIRFUSE_PCPU_CURRENT)
#define PAIRFUSE_PREEMPT_COUNT	PER_CPU_VAR(pcpu_hot + PAIRFUSE_PCPU_PREEMPT_COUNT)
#endif

/*
 * Preemption off is an RCU read side section, but with lockdep the helpers of BPF
 * want to see rcu_read_lock(). There the registers that a call may change change.
 */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
#define PAIRFUSE_RCU_LOCK	; call pairfuse_rcu_lock
#define PAIRFUSE_RCU_UNLOCK	call pairfuse_rcu_unlock;
#else
#define PAIRFUSE_RCU_LOCK
#define PAIRFUSE_RCU_UNLOCK
#endif

#ifdef CONFIG_HAS_SEPARATE_PREEMPT_RESCHED_BITS
#define PAIRFUSE_PREEMPT_INC	incq	PAIRFUSE_PREEMPT_COUNT PAIRFUSE_RCU_LOCK
#define PAIRFUSE_PREEMPT_DEC	PAIRFUSE_RCU_UNLOCK decq	PAIRFUSE_PREEMPT_COUNT
#else
#define PAIRFUSE_PREEMPT_INC	incl	PAIRFUSE_PREEMPT_COUNT PAIRFUSE_RCU_LOCK
#define PAIRFUSE_PREEMPT_DEC	PAIRFUSE_RCU_UNLOCK decl	PAIRFUSE_PREEMPT_COUNT
#endif

/* What preempt_enable_notrace() calls when the count reaches zero. */
#ifdef CONFIG_PREEMPT_DYNAMIC
#define PAIRFUSE_PREEMPT_SCHEDULE	call	__SCT__preempt_schedule_notrace
#elif defined(CONFIG_PREEMPTION)
#define PAIRFUSE_PREEMPT_SCHEDULE	call	preempt_schedule_notrace_thunk
#else
#define PAIRFUSE_PREEMPT_SCHEDULE
#endif

#else /* !__ASSEMBLY__ */

#include <linux/ftrace.h>

#if !PAIRFUSE_DIRECT_JMP
#define ftrace_jmp_set(addr) (addr)
#endif

/*
 * Where a BPF trampoline's flags are protected by a mutex in it (until 7.0), or by
 * one of a pool that modules cannot take.
 */
#ifdef CONFIG_HAVE_SINGLE_FTRACE_DIRECT_OPS
#define PAIRFUSE_TRAMPOLINE_MUTEX 0
#else
#define PAIRFUSE_TRAMPOLINE_MUTEX 1
#endif

/* Fills in a struct system_time_snapshot of CLOCK_MONOTONIC, or what comes with it. */
#ifdef PAIRFUSE_SNAPSHOT_ID
#define pairfuse_snapshot(snap) ktime_get_snapshot_id(CLOCK_MONOTONIC, snap)
#else
#define pairfuse_snapshot(snap) ktime_get_snapshot(snap)
#endif

/* A JIT may give a program a stack per CPU, which it cannot share with itself (6.13). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define pairfuse_has_private_stack(aux) ((aux)->priv_stack_ptr != NULL)
#else
#define pairfuse_has_private_stack(aux) false
#endif

#endif /* __ASSEMBLY__ */

#endif /* PAIRFUSE_COMPAT_H */
