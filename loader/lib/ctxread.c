// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of the context by a helper, taken apart. A piece is as large as its place
 * in the context and on the stack allow: the verifier wants both aligned.
 */
#include "ctxread.h"
#include "hook.h"

bool pairfuse_ctxread_reads(const struct bpf_insn *insn)
{
	return pairfuse_insn_is_helper(insn) &&
	       (insn->imm == BPF_FUNC_probe_read || insn->imm == BPF_FUNC_probe_read_kernel);
}

bool pairfuse_ctxread(const struct pairfuse_exprs *x, const struct bpf_insn *insn,
		      const pairfuse_val reg[], struct pairfuse_ctxread *read)
{
	const struct pairfuse_expr *to = pairfuse_expr(x, reg[1]);
	const struct pairfuse_expr *from = pairfuse_expr(x, reg[3]);
	__u64 len;

	if (!pairfuse_ctxread_reads(insn) || from->kind != PAIRFUSE_E_CTX)
		return false;
	if (!pairfuse_expr_is_const(x, reg[2], &len) || !len || len > PAIRFUSE_MAX_CTXREAD)
		return false;
	read->from = (__s64)from->imm;
	read->len = len;
	/* what is allocated is aligned; of another place on the stack nothing is known */
	read->to = to->taint & PAIRFUSE_T_STACK ? 1 : 0;
	if (to->kind == PAIRFUSE_E_STACK || to->kind == PAIRFUSE_E_STATE)
		read->to = (__s64)to->imm;
	return true;
}

unsigned int pairfuse_ctxread_piece(const struct pairfuse_ctxread *read, unsigned int done,
				    struct bpf_insn *load, struct bpf_insn *store)
{
	unsigned int n = 8;

	while (n > 1 && (n > read->len - done || (read->from + done) % n ||
			 (read->to + done) % n))
		n /= 2;
	*load = PAIRFUSE_LDX(pairfuse_size_code(n), 0, 3, done);
	*store = PAIRFUSE_STX(pairfuse_size_code(n), 1, 0, done);
	return n;
}

bool pairfuse_ctx_surplus(const struct pairfuse_prog *prog, __s64 off, unsigned int size)
{
	struct pairfuse_prog any = *prog;
	struct pairfuse_field field;

	any.proto = NULL;
	return prog->at == PAIRFUSE_AT_KPROBE && prog->proto &&
	       !pairfuse_hook_field(prog, off, size, &field) &&
	       pairfuse_hook_field(&any, off, size, &field);
}

bool pairfuse_ctx_ip(const struct pairfuse_prog *prog, __s64 off, unsigned int size, __u64 *ip)
{
	unsigned int byte = off & 7;

	if (prog->at != PAIRFUSE_AT_KPROBE || !prog->ip || off - byte != PAIRFUSE_REGS_IP ||
	    off % size)
		return false;
	*ip = prog->ip >> 8 * byte;
	if (size < 8)
		*ip &= (1ULL << 8 * size) - 1;
	return true;
}
