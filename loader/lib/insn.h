/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a single BPF instruction is: class, operand registers, access size.
 */
#ifndef PAIRFUSE_INSN_H
#define PAIRFUSE_INSN_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

/* Newer than the headers of Debian 12. */
#ifndef BPF_MEMSX
#define BPF_MEMSX		0x80
#endif
#ifndef BPF_JCOND
#define BPF_JCOND		0xe0
#endif
#ifndef BPF_LOAD_ACQ
#define BPF_LOAD_ACQ		0x100
#define BPF_STORE_REL		0x110
#endif

#define PAIRFUSE_NR_REGS	11	/* r0..r10 */
#define PAIRFUSE_STACK_SIZE	512

#define PAIRFUSE_INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define PAIRFUSE_MOV_REG(d, s)	PAIRFUSE_INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define PAIRFUSE_MOV_IMM(d, i)	PAIRFUSE_INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define PAIRFUSE_ADD_IMM(d, i)	PAIRFUSE_INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define PAIRFUSE_LDX(sz, d, s, o) PAIRFUSE_INSN(BPF_LDX | BPF_MEM | (sz), d, s, o, 0)
#define PAIRFUSE_STX(sz, d, s, o) PAIRFUSE_INSN(BPF_STX | BPF_MEM | (sz), d, s, o, 0)
#define PAIRFUSE_ST(sz, d, o, i) PAIRFUSE_INSN(BPF_ST | BPF_MEM | (sz), d, 0, o, i)
#define PAIRFUSE_JMP_IMM(op, d, i) PAIRFUSE_INSN(BPF_JMP | (op) | BPF_K, d, 0, 0, i)
#define PAIRFUSE_JA()		PAIRFUSE_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0)
#define PAIRFUSE_CALL(id)	PAIRFUSE_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define PAIRFUSE_EXIT()		PAIRFUSE_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* An opcode that the analysis knows, with registers in range. */
bool pairfuse_insn_valid(const struct bpf_insn *insn);

static inline __u8 pairfuse_insn_class(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code);
}

static inline bool pairfuse_insn_is_imm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_DW | BPF_IMM);
}

static inline bool pairfuse_insn_is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static inline bool pairfuse_insn_is_helper(const struct bpf_insn *insn)
{
	return pairfuse_insn_is_call(insn) && insn->src_reg == 0;
}

static inline bool pairfuse_insn_is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

/* goto, near or far */
static inline bool pairfuse_insn_is_ja(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA);
}

/* A jump that may also fall through, may_goto included. */
static inline bool pairfuse_insn_is_cond(const struct bpf_insn *insn)
{
	__u8 class = pairfuse_insn_class(insn);

	return (class == BPF_JMP || class == BPF_JMP32) && !pairfuse_insn_is_ja(insn) &&
	       !pairfuse_insn_is_call(insn) && !pairfuse_insn_is_exit(insn);
}

static inline bool pairfuse_insn_is_jump(const struct bpf_insn *insn)
{
	return pairfuse_insn_is_ja(insn) || pairfuse_insn_is_cond(insn);
}

static inline bool pairfuse_insn_is_may_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JCOND);
}

/* *(size *)(src + off) into dst, sign extending or not */
static inline bool pairfuse_insn_is_load(const struct bpf_insn *insn)
{
	return pairfuse_insn_class(insn) == BPF_LDX;
}

static inline bool pairfuse_insn_is_atomic(const struct bpf_insn *insn)
{
	return pairfuse_insn_class(insn) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;
}

/* a plain store of a register or an immediate */
static inline bool pairfuse_insn_is_store(const struct bpf_insn *insn)
{
	__u8 class = pairfuse_insn_class(insn);

	return class == BPF_ST || (class == BPF_STX && BPF_MODE(insn->code) == BPF_MEM);
}

/* Bytes that a load, store or atomic instruction accesses. */
static inline unsigned int pairfuse_insn_size(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	}
	return 8;
}

/* BPF_B ... BPF_DW for 1 ... 8 bytes */
static inline __u8 pairfuse_size_code(unsigned int bytes)
{
	return bytes == 1 ? BPF_B : bytes == 2 ? BPF_H : bytes == 4 ? BPF_W : BPF_DW;
}

/* Is the helper called in bytecode? */
bool pairfuse_insns_call(const struct bpf_insn *insns, size_t nr, __s32 helper);

/*
 * Registers read and written, as bit masks. For calls these are the argument
 * registers (all five unless nargs is known) and r0 (r1-r5 are clobbered too,
 * but hold nothing that may be read).
 */
unsigned int pairfuse_insn_uses(const struct bpf_insn *insn, int nargs);
unsigned int pairfuse_insn_defs(const struct bpf_insn *insn);

#endif /* PAIRFUSE_INSN_H */
