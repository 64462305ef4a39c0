// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzing the analysis: any bytecode over any maps. Whatever comes out is a
 * verdict; what is fused is a program that ends and jumps nowhere else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "fuzz.h"
#include "insn.h"

static void fail(const char *what, size_t pair)
{
	fprintf(stderr, "pair %zu: %s\n", pair, what);
	abort();
}

static void check_code(const struct pairfuse_code *code, size_t pair)
{
	const struct bpf_insn *insn;
	size_t i;
	__s64 to;

	if (!code->nr_insns)
		fail("fused, without code", pair);
	for (i = 0; i < code->nr_insns; i++) {
		insn = &code->insns[i];
		if (!pairfuse_insn_valid(insn))
			fail("an instruction that is none", pair);
		if (pairfuse_insn_is_imm64(insn) && ++i == code->nr_insns)
			fail("half an instruction at the end", pair);
		if (!pairfuse_insn_is_jump(insn))
			continue;
		to = (__s64)i + 1 + (insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off);
		if (to < 0 || to >= (__s64)code->nr_insns || !code->insns[to].code)
			fail("a jump out of the program, or into an instruction", pair);
	}
	insn = &code->insns[code->nr_insns - 1];
	if (!pairfuse_insn_is_exit(insn) && !pairfuse_insn_is_ja(insn))
		fail("the program runs on behind its end", pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_input f;
	struct pairfuse_result *res;
	size_t i;

	fuzz_decode(data, size, &f);
	if (!pairfuse_analyze(&f.in, &res)) {
		for (i = 0; i < res->nr_pairs; i++) {
			const struct pairfuse_pair *p = &res->pairs[i];

			if (p->reason >= PAIRFUSE_REASON_COUNT)
				fail("an unknown reason", i);
			if (!p->reason != !p->reason_text[0])
				fail("a refusal without text, or the other way round", i);
			if (p->reason)
				continue;
			check_code(&p->entry_code, i);
			check_code(&p->exit_code, i);
		}
		pairfuse_result_free(res);
	}
	fuzz_input_free(&f);
	return 0;
}

/* --- changes that know what an instruction is --- */

static unsigned int rnd(unsigned int *seed, unsigned int n)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % n;
}

static size_t code_begin(const uint8_t *data, size_t size)
{
	size_t at;

	if (size < FUZZ_HEADER)
		return size;
	at = FUZZ_HEADER + data[0] % (FUZZ_IN_MAPS + 1) * FUZZ_MAP +
	     data[1] % (FUZZ_IN_PROGS + 1) * FUZZ_PROG;
	return at < size ? at : size;
}

static void change_insn(struct bpf_insn *in, unsigned int *seed)
{
	static const __u8 codes[] = {
		BPF_JMP | BPF_CALL, BPF_JMP | BPF_EXIT, BPF_JMP | BPF_JA, BPF_JMP32 | BPF_JA,
		BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JSET | BPF_X, BPF_JMP32 | BPF_JSGT,
		BPF_LDX | BPF_MEM | BPF_DW, BPF_LDX | BPF_MEM | BPF_B, BPF_LDX | BPF_MEMSX | BPF_W,
		BPF_STX | BPF_MEM | BPF_DW, BPF_STX | BPF_ATOMIC | BPF_DW,
		BPF_ST | BPF_MEM | BPF_W,
		BPF_ALU64 | BPF_MOV | BPF_X, BPF_ALU64 | BPF_MOV | BPF_K, BPF_ALU64 | BPF_ADD,
		BPF_ALU64 | BPF_ADD | BPF_X, BPF_ALU | BPF_END | BPF_X, BPF_ALU | BPF_ARSH | BPF_X,
		BPF_LD | BPF_DW | BPF_IMM, 0,
	};
	static const __s32 helpers[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 15, 16, 25, 27, 35, 67, 113, 115, 130, 131, 132,
		141, 156, 157, 158, 173, 174, 183, 184, 185,
	};

	switch (rnd(seed, 8)) {
	case 0:
		in->code = codes[rnd(seed, sizeof(codes))];
		break;
	case 1:
		in->dst_reg = rnd(seed, 11);
		break;
	case 2:
		in->src_reg = rnd(seed, 11);
		break;
	case 3:
		in->off = rnd(seed, 4) ? (int)rnd(seed, 64) - 32 : -8 * (int)rnd(seed, 65);
		break;
	case 4:
		in->imm = rnd(seed, 4) ? (int)rnd(seed, 64) - 32 : -8 * (int)rnd(seed, 65);
		break;
	case 5:
		in->imm = 1U << rnd(seed, 32);
		break;
	case 6:
		*in = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL,
					 .imm = helpers[rnd(seed, sizeof(helpers) / 4)] };
		break;
	case 7:
		((uint8_t *)in)[rnd(seed, 8)] ^= 1 << rnd(seed, 8);
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t begin = code_begin(data, size), nr = (size - begin) / sizeof(struct bpf_insn), at;
	struct bpf_insn insn;
	unsigned int n;

	if (!nr || rnd(&seed, 8) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (n = 1 + rnd(&seed, 4); n-- > 0;) {
		at = begin + rnd(&seed, nr) * sizeof(insn);
		memcpy(&insn, data + at, sizeof(insn));
		if (rnd(&seed, 5) == 0)
			memcpy(&insn, data + begin + rnd(&seed, nr) * sizeof(insn), sizeof(insn));
		else
			change_insn(&insn, &seed);
		memcpy(data + at, &insn, sizeof(insn));
	}
	return size;
}
