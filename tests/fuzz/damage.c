// SPDX-License-Identifier: GPL-2.0
/*
 * Would it be noticed? One instruction of a rewritten program is changed, and
 * the case run. Not every change matters (what it makes may not be used), but
 * most have to be seen, or the comparison is worth little.
 */
#include "check.h"

/* Something else that an interpreter can do without reading beyond the program. */
static void change(struct gen *g, struct bpf_insn *insn)
{
	if (pairfuse_insn_is_cond(insn) && fuzz_chance(g, 50)) {
		insn->imm ^= 1;
		return;
	}
	if (pairfuse_insn_is_call(insn) || pairfuse_insn_is_jump(insn) ||
	    pairfuse_insn_is_exit(insn) || fuzz_chance(g, 50)) {
		*insn = PAIRFUSE_JA();
		return;
	}
	if (pairfuse_insn_is_load(insn) || pairfuse_insn_is_store(insn))
		insn->off ^= 4;
	else
		insn->imm ^= 1;
}

/* Some instruction of the fused programs; false: there is none. */
static bool damage(struct gen *g, struct pairfuse_result *res)
{
	struct pairfuse_code *code;
	size_t i = fuzz_rnd(g, res->nr_pairs), n;

	code = fuzz_chance(g, 50) ? &res->pairs[i].entry_code : &res->pairs[i].exit_code;
	/* the last one is the exit that ends the program */
	if (code->nr_insns < 3)
		return false;
	n = fuzz_rnd(g, code->nr_insns - 1);
	if (!code->insns[n].code || pairfuse_insn_is_imm64(&code->insns[n]))
		return false;
	change(g, &code->insns[n]);
	return true;
}

int fuzz_damage(__u64 seed, unsigned int invocations)
{
	struct equiv_opts opts = fuzz_options(seed, invocations, NULL);
	struct fuzz_case *c = fuzz_case_new(seed, NULL);
	struct pairfuse_result *res = NULL;
	int noticed = -1;
	char buf[256];

	if (!pairfuse_analyze(&c->obj.in, &res) && res->nr_pairs && damage(c->gen, res))
		noticed = equiv_check(&c->obj, res, &opts, buf, sizeof(buf), NULL) != NULL;
	pairfuse_result_free(res);
	fuzz_case_free(c);
	return noticed;
}
