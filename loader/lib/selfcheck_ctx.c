// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of programs as the kernel builds them. Written from the kernel's
 * side (kprobes, perf_syscall_enter), not from the rewriting's tables.
 */
#include <string.h>

#include "selfcheck.h"

struct syscall_record {		/* sys_enter, sys_exit */
	__u64 hidden;
	__s32 nr, pad;
	__u64 args[6];		/* sys_exit: [0] is the return value */
};

static unsigned int probe_context(const __u64 *args, unsigned int nr, __u64 ip,
				  unsigned char *ctx)
{
	struct pairfuse_user_regs *regs = (void *)ctx;
	__u64 *const in[] = { &regs->di, &regs->si, &regs->dx, &regs->cx, &regs->r8, &regs->r9 };
	unsigned int i;

	/* in the others is what the caller has left */
	for (i = 0; i < PAIRFUSE_MAX_REGS; i++)
		*in[i] = i < nr ? args[i] : ~args[0] * (i + 1);
	if (ip)
		regs->ip = ip;
	return sizeof(*regs);
}

static unsigned int syscall_context(const struct pairfuse_user_regs *regs, unsigned char *ctx)
{
	struct syscall_record *record = (void *)ctx;

	record->nr = regs->orig_ax;
	record->args[0] = regs->di;
	record->args[1] = regs->si;
	record->args[2] = regs->dx;
	record->args[3] = regs->r10;
	record->args[4] = regs->r8;
	record->args[5] = regs->r9;
	return sizeof(*record);
}

static unsigned int sysexit_context(const struct pairfuse_user_regs *regs, __u64 ret,
				    unsigned char *ctx)
{
	struct syscall_record *record = (void *)ctx;

	record->nr = regs->orig_ax;
	record->args[0] = ret;
	return sizeof(*record);
}

static unsigned int array_context(const __u64 *args, unsigned int nr, bool is_exit, __u64 ret,
				  unsigned char *ctx)
{
	memcpy(ctx, args, nr * sizeof(args[0]));
	if (is_exit)
		memcpy(ctx + nr * sizeof(args[0]), &ret, sizeof(ret));
	return (nr + is_exit) * sizeof(args[0]);
}

unsigned int pairfuse_check_context(const struct pairfuse_prog *prog, unsigned int nr_regs,
				    const __u64 *args, const struct pairfuse_user_regs *user,
				    __u64 ret, unsigned char *ctx)
{
	switch (prog->at) {
	case PAIRFUSE_AT_KPROBE:
		return probe_context(args, nr_regs, prog->ip, ctx);
	case PAIRFUSE_AT_KRETPROBE:
		((struct pairfuse_user_regs *)ctx)->ax = ret;
		return sizeof(struct pairfuse_user_regs);
	case PAIRFUSE_AT_SYS_ENTER:
		return syscall_context(user, ctx);
	case PAIRFUSE_AT_SYS_EXIT:
		return sysexit_context(user, ret, ctx);
	default:
		return array_context(args, nr_regs, prog->at == PAIRFUSE_AT_FEXIT, ret, ctx);
	}
}
