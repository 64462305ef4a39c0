// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of programs as the kernel builds them. Written from the kernel's
 * side (kprobes, perf_syscall_enter), not from the rewriting's tables.
 */
#include <stddef.h>
#include <string.h>

#include "hook.h"
#include "selfcheck.h"

unsigned int pairfuse_check_regs(const struct pairfuse_prog *prog)
{
	if (prog->proto)
		return prog->proto->nr_regs < PAIRFUSE_MAX_REGS ? prog->proto->nr_regs :
								  PAIRFUSE_MAX_REGS;
	return pairfuse_hook_is_typed(prog->at) ? 3 : PAIRFUSE_MAX_REGS;
}

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

/* --- the way back --- */

static unsigned char *probe_at(__u64 off, unsigned int nr, bool is_exit, __u64 *args, __u64 *ret)
{
	static const size_t in[] = {
		offsetof(struct pairfuse_user_regs, di), offsetof(struct pairfuse_user_regs, si),
		offsetof(struct pairfuse_user_regs, dx), offsetof(struct pairfuse_user_regs, cx),
		offsetof(struct pairfuse_user_regs, r8), offsetof(struct pairfuse_user_regs, r9),
	};
	unsigned int i;

	if (is_exit)
		return off == offsetof(struct pairfuse_user_regs, ax) ? (void *)ret : NULL;
	for (i = 0; i < nr && i < PAIRFUSE_MAX_REGS; i++)
		if (in[i] == off)
			return (void *)&args[i];
	return NULL;
}

static unsigned char *syscall_at(__u64 off, struct pairfuse_user_regs *regs)
{
	__u64 *const in[] = { &regs->di, &regs->si, &regs->dx, &regs->r10, &regs->r8, &regs->r9 };
	__u64 i = (off - offsetof(struct syscall_record, args)) / 8;

	return off >= offsetof(struct syscall_record, args) && i < 6 ? (void *)in[i] : NULL;
}

unsigned char *pairfuse_check_context_at(const struct pairfuse_prog *prog, unsigned int nr_regs,
					 __u64 off, __u64 *args, struct pairfuse_user_regs *user,
					 __u64 *ret)
{
	switch (prog->at) {
	case PAIRFUSE_AT_KPROBE:
	case PAIRFUSE_AT_KRETPROBE:
		return probe_at(off, nr_regs, prog->at == PAIRFUSE_AT_KRETPROBE, args, ret);
	case PAIRFUSE_AT_SYS_ENTER:
		return syscall_at(off, user);
	case PAIRFUSE_AT_SYS_EXIT:
		return off == offsetof(struct syscall_record, args) ? (void *)ret : NULL;
	default:
		if (off / 8 < nr_regs)
			return (void *)&args[off / 8];
		return off / 8 == nr_regs && prog->at == PAIRFUSE_AT_FEXIT ? (void *)ret : NULL;
	}
}
