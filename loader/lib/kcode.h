/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PAIRFUSE_KCODE_H
#define PAIRFUSE_KCODE_H

#include <linux/types.h>

/*
 * PT_REGS_IP that a kprobe's program sees at the beginning of the function at addr: the
 * kernel puts its probe behind an endbr64, and shows the address behind the breakpoint that could
 * be there (kprobe_ftrace_handler() in arch/x86/kernel/kprobes/ftrace.c). 0: not known, because
 * the kernel's memory cannot be read (/proc/kcore) or the code is something else.
 */
__u64 pairfuse_kcode_probe_ip(__u64 addr);

/* The same from the first bytes of the function, for tests. */
#define PAIRFUSE_KCODE_BYTES	8
__u64 pairfuse_kcode_ip_of(__u64 addr, const __u8 code[PAIRFUSE_KCODE_BYTES]);

#endif /* PAIRFUSE_KCODE_H */
