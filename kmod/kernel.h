/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which kernels the module is for. All others are refused here, each in a sentence;
 * build.mk shows that before kbuild begins, which would show it for each file.
 * Needs linux/version.h and the kernel's configuration, nothing else.
 */
#ifndef PAIRFUSE_KERNEL_H
#define PAIRFUSE_KERNEL_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "pairfuse needs Linux 6.12 or newer: older kernels lack bpf_rdonly_cast() for raw tracepoint programs"
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0)
#error "pairfuse does not know this kernel yet: it was checked up to Linux 7.3"
#endif

#ifndef CONFIG_X86_64
#error "pairfuse supports x86-64 only: its stubs are assembly"
#endif
#ifdef CONFIG_PREEMPT_RT
#error "pairfuse does not support PREEMPT_RT: its stubs run programs with preemption off"
#endif
#ifndef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
#error "pairfuse needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
#endif
#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "pairfuse needs CONFIG_DYNAMIC_FTRACE_WITH_ARGS"
#endif
#ifndef CONFIG_HAVE_STATIC_CALL_INLINE
#error "pairfuse needs CONFIG_HAVE_STATIC_CALL_INLINE"
#endif
#ifndef CONFIG_BPF_JIT
#error "pairfuse needs CONFIG_BPF_JIT"
#endif
#ifndef CONFIG_DEBUG_INFO_BTF
#error "pairfuse needs CONFIG_DEBUG_INFO_BTF"
#endif
#ifndef CONFIG_TASKS_RCU
#error "pairfuse needs CONFIG_TASKS_RCU: without it stubs can never be used again"
#endif

#endif /* PAIRFUSE_KERNEL_H */
