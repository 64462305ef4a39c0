// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions as text, in the notation of the kernel's verifier and bpftool.
 */
#include <stdio.h>

#include "analysis.h"
#include "helper.h"
#include "insn.h"

static const char *const alu_ops[16] = {
	[BPF_ADD >> 4] = "+=", [BPF_SUB >> 4] = "-=", [BPF_MUL >> 4] = "*=",
	[BPF_DIV >> 4] = "/=", [BPF_OR >> 4] = "|=", [BPF_AND >> 4] = "&=",
	[BPF_LSH >> 4] = "<<=", [BPF_RSH >> 4] = ">>=", [BPF_MOD >> 4] = "%=",
	[BPF_XOR >> 4] = "^=", [BPF_MOV >> 4] = "=", [BPF_ARSH >> 4] = "s>>=",
};

static const char *const jmp_ops[16] = {
	[BPF_JEQ >> 4] = "==", [BPF_JGT >> 4] = ">", [BPF_JGE >> 4] = ">=",
	[BPF_JSET >> 4] = "&", [BPF_JNE >> 4] = "!=", [BPF_JSGT >> 4] = "s>",
	[BPF_JSGE >> 4] = "s>=", [BPF_JLT >> 4] = "<", [BPF_JLE >> 4] = "<=",
	[BPF_JSLT >> 4] = "s<", [BPF_JSLE >> 4] = "s<=",
};

static const char *size_name(const struct bpf_insn *insn)
{
	switch (pairfuse_insn_size(insn)) {
	case 1:
		return "u8";
	case 2:
		return "u16";
	case 4:
		return "u32";
	}
	return "u64";
}

static void alu_text(const struct bpf_insn *insn, char *buf, size_t len)
{
	char w = pairfuse_insn_class(insn) == BPF_ALU ? 'w' : 'r';
	const char *op = alu_ops[BPF_OP(insn->code) >> 4];

	if (BPF_OP(insn->code) == BPF_NEG)
		snprintf(buf, len, "%c%u = -%c%u", w, insn->dst_reg, w, insn->dst_reg);
	else if (BPF_OP(insn->code) == BPF_END)
		snprintf(buf, len, "r%u = %s%d r%u", insn->dst_reg,
			 w == 'r' ? "bswap" : BPF_SRC(insn->code) == BPF_X ? "be" : "le",
			 insn->imm, insn->dst_reg);
	else if (!op)
		snprintf(buf, len, "(%02x)", insn->code);
	else if (BPF_OP(insn->code) == BPF_MOV && BPF_SRC(insn->code) == BPF_X && insn->off)
		snprintf(buf, len, "%c%u = (s%d)%c%u", w, insn->dst_reg, insn->off, w,
			 insn->src_reg);
	else if (BPF_SRC(insn->code) == BPF_X)
		snprintf(buf, len, "%c%u %s%s %c%u", w, insn->dst_reg, insn->off ? "s" : "", op, w,
			 insn->src_reg);
	else
		snprintf(buf, len, "%c%u %s%s %d", w, insn->dst_reg, insn->off ? "s" : "", op,
			 insn->imm);
}

static void mem_text(const struct bpf_insn *insn, char *buf, size_t len)
{
	const char *size = size_name(insn);

	switch (pairfuse_insn_class(insn)) {
	case BPF_LDX:
		snprintf(buf, len, "r%u = *(%s%s *)(r%u %+d)", insn->dst_reg,
			 BPF_MODE(insn->code) == BPF_MEMSX ? "s" : "",
			 BPF_MODE(insn->code) == BPF_MEMSX ? size + 1 : size, insn->src_reg,
			 insn->off);
		return;
	case BPF_ST:
		snprintf(buf, len, "*(%s *)(r%u %+d) = %d", size, insn->dst_reg, insn->off,
			 insn->imm);
		return;
	}
	if (!pairfuse_insn_is_atomic(insn))
		snprintf(buf, len, "*(%s *)(r%u %+d) = r%u", size, insn->dst_reg, insn->off,
			 insn->src_reg);
	else if (insn->imm == BPF_CMPXCHG)
		snprintf(buf, len, "r0 = atomic_cmpxchg((%s *)(r%u %+d), r0, r%u)", size,
			 insn->dst_reg, insn->off, insn->src_reg);
	else if (insn->imm == BPF_XCHG)
		snprintf(buf, len, "r%u = atomic_xchg((%s *)(r%u %+d), r%u)", insn->src_reg, size,
			 insn->dst_reg, insn->off, insn->src_reg);
	else if (insn->imm & BPF_FETCH)
		snprintf(buf, len, "r%u = atomic_fetch((%s *)(r%u %+d) %s r%u)", insn->src_reg,
			 size, insn->dst_reg, insn->off, alu_ops[(insn->imm & 0xf0) >> 4],
			 insn->src_reg);
	else
		snprintf(buf, len, "lock *(%s *)(r%u %+d) %s r%u", size, insn->dst_reg, insn->off,
			 alu_ops[(insn->imm & 0xf0) >> 4] ?: "?", insn->src_reg);
}

static void call_text(const struct bpf_insn *insn, char *buf, size_t len)
{
	const struct pairfuse_helper *h = pairfuse_helper(insn->imm);

	if (insn->src_reg == BPF_PSEUDO_CALL)
		snprintf(buf, len, "call pc%+d", insn->imm);
	else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		snprintf(buf, len, "call kfunc#%d", insn->imm);
	else if (h)
		snprintf(buf, len, "call %s#%d", h->name, insn->imm);
	else
		snprintf(buf, len, "call #%d", insn->imm);
}

static void jump_text(const struct bpf_insn *insn, char *buf, size_t len)
{
	char w = pairfuse_insn_class(insn) == BPF_JMP32 ? 'w' : 'r';
	const char *op = jmp_ops[BPF_OP(insn->code) >> 4];

	if (pairfuse_insn_is_exit(insn))
		snprintf(buf, len, "exit");
	else if (insn->code == (BPF_JMP32 | BPF_JA))
		snprintf(buf, len, "gotol pc%+d", insn->imm);
	else if (pairfuse_insn_is_ja(insn))
		snprintf(buf, len, "goto pc%+d", insn->off);
	else if (pairfuse_insn_is_may_goto(insn))
		snprintf(buf, len, "may_goto pc%+d", insn->off);
	else if (!op)
		snprintf(buf, len, "(%02x)", insn->code);
	else if (BPF_SRC(insn->code) == BPF_X)
		snprintf(buf, len, "if %c%u %s %c%u goto pc%+d", w, insn->dst_reg, op, w,
			 insn->src_reg, insn->off);
	else
		snprintf(buf, len, "if %c%u %s %d goto pc%+d", w, insn->dst_reg, op, insn->imm,
			 insn->off);
}

static void imm64_text(const struct bpf_insn *insn, __s32 hi, char *buf, size_t len)
{
	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
		if (insn->imm == PAIRFUSE_TASK_CARRIER)
			snprintf(buf, len, "r%u = task storage", insn->dst_reg);
		else
			snprintf(buf, len, "r%u = map[%d]", insn->dst_reg, insn->imm);
		return;
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		snprintf(buf, len, "r%u = map[%d] value %+d", insn->dst_reg, insn->imm, hi);
		return;
	case BPF_PSEUDO_FUNC:
		snprintf(buf, len, "r%u = func pc%+d", insn->dst_reg, insn->imm);
		return;
	}
	snprintf(buf, len, "r%u = 0x%llx ll", insn->dst_reg,
		 (__u32)insn->imm | (unsigned long long)(__u32)hi << 32);
}

const char *pairfuse_insn_text(const struct bpf_insn *insn, size_t nr, char *buf, size_t len)
{
	switch (pairfuse_insn_class(insn)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu_text(insn, buf, len);
		break;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		mem_text(insn, buf, len);
		break;
	case BPF_LD:
		if (pairfuse_insn_is_imm64(insn))
			imm64_text(insn, nr > 1 ? insn[1].imm : 0, buf, len);
		else
			snprintf(buf, len, "(%02x)", insn->code);
		break;
	default:
		if (pairfuse_insn_is_call(insn))
			call_text(insn, buf, len);
		else
			jump_text(insn, buf, len);
	}
	return buf;
}
