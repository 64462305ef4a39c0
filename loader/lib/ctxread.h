/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads of the context that are no plain loads of an argument.
 *
 * By a helper: BPF_CORE_READ(ctx, args[1]) is a call of
 * bpf_probe_read_kernel() with an address that is the context plus a constant. The
 * context is there, so the call succeeds and is a copy: loads and stores.
 */
#ifndef PAIRFUSE_CTXREAD_H
#define PAIRFUSE_CTXREAD_H

#include "absint.h"

#define PAIRFUSE_MAX_CTXREAD	64	/* bytes, more are not copied one by one */

struct pairfuse_ctxread {
	__s64 from;		/* bytes, from the context's start */
	__s64 to;		/* offset on the stack or in the state; as good for its alignment */
	unsigned int len;	/* bytes */
};

/* A call of one of these helpers, whatever it reads? */
bool pairfuse_ctxread_reads(const struct bpf_insn *insn);

/*
 * Does that call, with these values in the registers r0-r10, read the context, as much
 * of it as *read says?
 */
bool pairfuse_ctxread(const struct pairfuse_exprs *x, const struct bpf_insn *insn,
		      const pairfuse_val reg[], struct pairfuse_ctxread *read);

/*
 * The load into r0, from r3, of the piece that is at byte done, and the store to r1.
 * Returns its length. r0 is free before a call, and r1-r5 stay what they are.
 */
unsigned int pairfuse_ctxread_piece(const struct pairfuse_ctxread *read, unsigned int done,
				    struct bpf_insn *load, struct bpf_insn *store);

/*
 * Is at [off, off + size) of a kprobe's context an argument register, but the function has
 * no such argument? What is there is what the function's caller has left.
 */
bool pairfuse_ctx_surplus(const struct pairfuse_prog *prog, __s64 off, unsigned int size);

#define PAIRFUSE_REGS_IP	128	/* in struct pt_regs */

/*
 * Is at [off, off + size) of a kprobe's context the instruction pointer, and is it known? That of
 * the probe, at the beginning of the function: a constant. *ip: these bytes of it.
 */
bool pairfuse_ctx_ip(const struct pairfuse_prog *prog, __s64 off, unsigned int size, __u64 *ip);

#endif /* PAIRFUSE_CTXREAD_H */
