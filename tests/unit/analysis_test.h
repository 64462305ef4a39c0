/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the analysis share: cmocka, instructions, and an input with
 * one hash map, `starts` (u32 -> u64), and a pair of programs on one function.
 */
#ifndef ANALYSIS_TEST_H
#define ANALYSIS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis.h"
#include "helper.h"
#include "insn.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MOV		PAIRFUSE_MOV_REG
#define MOVI		PAIRFUSE_MOV_IMM
#define ADDI		PAIRFUSE_ADD_IMM
#define LDX		PAIRFUSE_LDX
#define STX		PAIRFUSE_STX
#define ST		PAIRFUSE_ST
#define CALL(name)	PAIRFUSE_CALL(BPF_FUNC_##name)
#define EXIT		PAIRFUSE_EXIT()
#define MAP_REF(r, m)	PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, r, BPF_PSEUDO_MAP_IDX, 0, m), \
			PAIRFUSE_INSN(0, 0, 0, 0, 0)
#define JMPI(op, r, i, o) PAIRFUSE_INSN(BPF_JMP | (op) | BPF_K, r, 0, o, i)
#define JA(o)		PAIRFUSE_INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define SUBCALL(o)	PAIRFUSE_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, o)

/* r10[-4] = tid; r1, r2 = map 0, key */
#define TID_KEY		CALL(get_current_pid_tgid), STX(BPF_W, 10, 0, -4), \
			MAP_REF(1, 0), MOV(2, 10), ADDI(2, -4)

/* entry: starts[tid] = ktime; 13 instructions */
#define ENTER_STORES	CALL(ktime_get_ns), STX(BPF_DW, 10, 0, -16), TID_KEY, \
			MOV(3, 10), ADDI(3, -16), MOVI(4, 0), CALL(map_update_elem)

static inline int test_map_ref(void *arg, const struct bpf_insn *insn)
{
	return insn->imm;
}

struct test_input {
	struct pairfuse_map maps[4];
	struct pairfuse_prog progs[4];
	struct pairfuse_input in;
};

static inline void test_input_init(struct test_input *t)
{
	memset(t, 0, sizeof(*t));
	t->maps[0] = (struct pairfuse_map){
		.name = "starts", .type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8,
		.max_entries = 100,
	};
	t->in = (struct pairfuse_input){
		.progs = t->progs, .maps = t->maps, .nr_maps = 1, .map_ref = test_map_ref,
	};
}

static inline void test_add_prog(struct test_input *t, const char *name,
				 enum pairfuse_hook_type at, const char *target,
				 const struct bpf_insn *insns, size_t nr)
{
	t->progs[t->in.nr_progs++] = (struct pairfuse_prog){
		.name = name, .section = name, .at = at, .target = target,
		.insns = insns, .nr_insns = nr,
	};
}

#define add_entry(t, insns) \
	test_add_prog(t, "enter", PAIRFUSE_AT_FENTRY, "vfs_read", insns, ARRAY_SIZE(insns))
#define add_exit(t, insns) \
	test_add_prog(t, "leave", PAIRFUSE_AT_FEXIT, "vfs_read", insns, ARRAY_SIZE(insns))

#endif /* ANALYSIS_TEST_H */
