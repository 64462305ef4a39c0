// SPDX-License-Identifier: GPL-2.0
/*
 * What a single BPF instruction is: validity, registers read and written.
 */
#include "insn.h"

static bool alu_valid(const struct bpf_insn *insn)
{
	bool is64 = pairfuse_insn_class(insn) == BPF_ALU64;

	switch (BPF_OP(insn->code)) {
	case BPF_END:
		return insn->imm == 16 || insn->imm == 32 || insn->imm == 64;
	case BPF_NEG:
		return BPF_SRC(insn->code) == BPF_K;
	case BPF_DIV:
	case BPF_MOD:
		return insn->off == 0 || insn->off == 1; /* 1: signed */
	case BPF_MOV:
		if (BPF_SRC(insn->code) == BPF_K)
			return insn->off == 0;
		/* sign extending moves; address space casts (arena) are not known */
		return insn->off == 0 || insn->off == 8 || insn->off == 16 ||
		       (is64 && insn->off == 32);
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_OR:
	case BPF_AND:
	case BPF_LSH:
	case BPF_RSH:
	case BPF_XOR:
	case BPF_ARSH:
		return insn->off == 0;
	}
	return false;
}

static bool jump_valid(const struct bpf_insn *insn)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return BPF_SRC(insn->code) == BPF_K;
	case BPF_CALL:
		return insn->code == (BPF_JMP | BPF_CALL) &&
		       (insn->src_reg == 0 || insn->src_reg == BPF_PSEUDO_CALL ||
			insn->src_reg == BPF_PSEUDO_KFUNC_CALL);
	case BPF_EXIT:
		return insn->code == (BPF_JMP | BPF_EXIT);
	case BPF_JCOND:
		return insn->code == (BPF_JMP | BPF_JCOND);
	case BPF_JEQ:
	case BPF_JNE:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JLT:
	case BPF_JLE:
	case BPF_JSET:
	case BPF_JSGT:
	case BPF_JSGE:
	case BPF_JSLT:
	case BPF_JSLE:
		return true;
	}
	return false;
}

static bool atomic_valid(const struct bpf_insn *insn)
{
	if (insn->imm == BPF_LOAD_ACQ || insn->imm == BPF_STORE_REL)
		return true;
	if (BPF_SIZE(insn->code) != BPF_W && BPF_SIZE(insn->code) != BPF_DW)
		return false;
	switch (insn->imm) {
	case BPF_ADD:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
	case BPF_ADD | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_AND | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
	case BPF_CMPXCHG:
		return true;
	}
	return false;
}

bool pairfuse_insn_valid(const struct bpf_insn *insn)
{
	if (insn->dst_reg > 10)
		return false;
	if (!pairfuse_insn_is_imm64(insn) && insn->src_reg > 10)
		return false;
	/* r10 is the frame pointer: read only */
	if (pairfuse_insn_defs(insn) & (1U << 10))
		return false;

	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:	/* BPF_ABS, BPF_IND: packets only */
		return pairfuse_insn_is_imm64(insn) && insn->src_reg <= 6 && insn->off == 0;
	case BPF_LDX:
		return BPF_MODE(insn->code) == BPF_MEM ||
		       (BPF_MODE(insn->code) == BPF_MEMSX && BPF_SIZE(insn->code) != BPF_DW);
	case BPF_ST:
		return BPF_MODE(insn->code) == BPF_MEM;
	case BPF_STX:
		return BPF_MODE(insn->code) == BPF_MEM ||
		       (BPF_MODE(insn->code) == BPF_ATOMIC && atomic_valid(insn));
	case BPF_ALU:
	case BPF_ALU64:
		return alu_valid(insn);
	}
	return jump_valid(insn);
}

static unsigned int alu_uses(const struct bpf_insn *insn)
{
	unsigned int dst = 1U << insn->dst_reg;
	unsigned int src = BPF_SRC(insn->code) == BPF_X ? 1U << insn->src_reg : 0;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		return src;
	case BPF_END:
	case BPF_NEG:
		return dst;
	}
	return dst | src;
}

static unsigned int jump_uses(const struct bpf_insn *insn, int nargs)
{
	unsigned int uses = 0;

	if (pairfuse_insn_is_call(insn))
		return nargs < 0 || nargs > 5 ? 0x3e : ((1U << nargs) - 1) << 1;
	if (pairfuse_insn_is_exit(insn))
		return 1;
	if (pairfuse_insn_is_ja(insn) || pairfuse_insn_is_may_goto(insn))
		return 0;
	uses = 1U << insn->dst_reg;
	if (BPF_SRC(insn->code) == BPF_X)
		uses |= 1U << insn->src_reg;
	return uses;
}

unsigned int pairfuse_insn_uses(const struct bpf_insn *insn, int nargs)
{
	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
		return 0;
	case BPF_LDX:
		return 1U << insn->src_reg;
	case BPF_ST:
		return 1U << insn->dst_reg;
	case BPF_STX:
		if (pairfuse_insn_is_atomic(insn) && insn->imm == BPF_LOAD_ACQ)
			return 1U << insn->src_reg;
		if (pairfuse_insn_is_atomic(insn) && insn->imm == BPF_CMPXCHG)
			return 1U << insn->dst_reg | 1U << insn->src_reg | 1;
		return 1U << insn->dst_reg | 1U << insn->src_reg;
	case BPF_ALU:
	case BPF_ALU64:
		return alu_uses(insn);
	}
	return jump_uses(insn, nargs);
}

unsigned int pairfuse_insn_defs(const struct bpf_insn *insn)
{
	switch (pairfuse_insn_class(insn)) {
	case BPF_LD:
	case BPF_LDX:
	case BPF_ALU:
	case BPF_ALU64:
		return 1U << insn->dst_reg;
	case BPF_STX:
		if (!pairfuse_insn_is_atomic(insn))
			return 0;
		if (insn->imm == BPF_LOAD_ACQ)
			return 1U << insn->dst_reg;
		if (insn->imm == BPF_CMPXCHG)
			return 1;
		if (insn->imm != BPF_STORE_REL && (insn->imm & BPF_FETCH))
			return 1U << insn->src_reg;
		return 0;
	case BPF_JMP:
		return pairfuse_insn_is_call(insn) ? 1 : 0;
	}
	return 0;
}

bool pairfuse_insns_call(const struct bpf_insn *insns, size_t nr, __s32 helper)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (pairfuse_insn_is_helper(&insns[i]) && insns[i].imm == helper)
			return true;
		i += pairfuse_insn_is_imm64(&insns[i]);
	}
	return false;
}
