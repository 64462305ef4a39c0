// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of programs as the kernel builds them. Written from the kernel's
 * side (kprobes, perf_syscall_enter), not from the rewriting's tables.
 */
#include <string.h>

#include "context.h"

static void probe_regs(const __u64 *args, unsigned int nr, struct test_regs *regs)
{
	__u64 *const in[] = { &regs->di, &regs->si, &regs->dx, &regs->cx, &regs->r8, &regs->r9 };
	unsigned int i;

	for (i = 0; i < nr; i++)
		*in[i] = args[i];
}

static void syscall_record(const struct test_regs *regs, union test_context *ctx)
{
	ctx->syscall.nr = regs->orig_ax;
	ctx->syscall.args[0] = regs->di;
	ctx->syscall.args[1] = regs->si;
	ctx->syscall.args[2] = regs->dx;
	ctx->syscall.args[3] = regs->r10;
	ctx->syscall.args[4] = regs->r8;
	ctx->syscall.args[5] = regs->r9;
}

void test_context(const struct pairfuse_prog *prog, unsigned int nr_regs, const __u64 *args,
		  __u64 ret, union test_context *ctx)
{
	const struct test_regs *user = (void *)(unsigned long)args[0];

	memset(ctx, 0x5a, sizeof(*ctx));
	switch (prog->at) {
	case PAIRFUSE_AT_KPROBE:
		probe_regs(args, nr_regs, &ctx->regs);
		break;
	case PAIRFUSE_AT_KRETPROBE:
		ctx->regs.ax = ret;
		break;
	case PAIRFUSE_AT_SYS_ENTER:
		syscall_record(user, ctx);
		break;
	case PAIRFUSE_AT_SYS_EXIT:
		ctx->syscall.nr = user->orig_ax;
		ctx->syscall.args[0] = ret;
		break;
	default:
		memcpy(ctx->words, args, nr_regs * sizeof(args[0]));
		if (prog->at == PAIRFUSE_AT_FEXIT)
			ctx->words[nr_regs] = ret;
	}
}
