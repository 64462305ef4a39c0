// SPDX-License-Identifier: GPL-2.0
/*
 * Random changes to the analysis cases that the kernel's verifier still
 * accepts: real programs that nobody has thought of. Whatever the analysis
 * fuses of them has to do the same as the original, and nearly all of it has to
 * pass the verifier.
 *
 * Skipped where bpf(2) is not permitted. VERIFIED_ROUNDS and VERIFIED_SEED in
 * the environment make it longer and other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "equiv.h"
#include "insn.h"
#include "kernel.h"

static char **objects;
static int nr_objects;
static unsigned int seed = 1, tried, accepted, fused, unchecked, rejected;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static int near(int v)
{
	static const int step[] = { 1, -1, 2, -2, 4, -4, 8, -8 };

	return (unsigned int)v + step[rnd(8)];
}

static void change_jump(struct bpf_insn *in)
{
	static const __u8 ops[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JLT, BPF_JSGT, BPF_JSET };

	switch (rnd(3)) {
	case 0:
		in->off = (int)rnd(24) - 4;
		break;
	case 1:
		if (!pairfuse_insn_is_ja(in))
			in->code = (in->code & 0x0f) | ops[rnd(6)];
		break;
	case 2:
		in->imm = rnd(2) ? 0 : near(in->imm);
		break;
	}
}

static void change(struct bpf_insn *insns, size_t nr)
{
	static const int helpers[] = { 1, 2, 3, 5, 7, 8, 14, 15, 16, 25, 35, 109 };
	struct bpf_insn *in = &insns[rnd(nr)];

	if (in->code == 0 || pairfuse_insn_is_imm64(in))
		return;
	if (rnd(6) == 0) {	/* another one's copy, or nothing */
		const struct bpf_insn *from = &insns[rnd(nr)];

		*in = from->code && !pairfuse_insn_is_imm64(from) && rnd(3) ? *from :
			PAIRFUSE_JA();
		return;
	}
	if (pairfuse_insn_is_jump(in)) {
		change_jump(in);
	} else if (pairfuse_insn_is_helper(in)) {
		in->imm = helpers[rnd(12)];
	} else if (pairfuse_insn_is_load(in) || pairfuse_insn_is_store(in)) {
		if (rnd(2))
			in->off = near(in->off);
		else
			in->code = (in->code & ~0x18) | rnd(4) << 3;
	} else if (rnd(2)) {
		in->imm = near(in->imm);
	} else {
		in->src_reg = rnd(11);
	}
}

/* The programs, and the calls until they differ, on standard error. */
static void show(const struct test_object *obj, const struct pairfuse_result *res)
{
	struct equiv_opts opts = { .seed = seed, .invocations = 60, .trace = stderr };
	char text[256];
	size_t p, i;

	for (p = 0; p < obj->in.nr_progs; p++) {
		fprintf(stderr, "%s:\n", obj->progs[p].name);
		for (i = 0; i < obj->progs[p].nr_insns; i++)
			fprintf(stderr, "%4zu: %s\n", i,
				pairfuse_insn_text(&obj->progs[p].insns[i],
						   obj->progs[p].nr_insns - i, text, sizeof(text)));
	}
	for (p = 0; p < res->nr_pairs; p++) {
		fprintf(stderr, "rewritten:\n");
		for (i = 0; i < res->pairs[p].exit_code.nr_insns; i++)
			fprintf(stderr, "%4zu: %s\n", i,
				pairfuse_insn_text(&res->pairs[p].exit_code.insns[i],
						   res->pairs[p].exit_code.nr_insns - i, text,
						   sizeof(text)));
	}
	equiv_check(obj, res, &opts, text, sizeof(text), NULL);
}

static void check(struct test_object *obj, const char *name)
{
	struct pairfuse_result *res;
	char buf[4096];
	long saved;
	size_t i, n = 0;

	obj->in.clock = !obj->in.clock;
	obj->in.filter = obj->in.clock;
	assert_int_equal(pairfuse_analyze(&obj->in, &res), 0);
	for (i = 0; i < res->nr_pairs; i++)
		n += res->pairs[i].reason == PAIRFUSE_REASON_NONE;
	if (n && equiv_run(obj, res, seed, 60, buf, sizeof(buf), &saved)) {
		/* which events there are depends on garbage, or a run does not end here */
		if (getenv("VERIFIED_SHOW"))
			show(obj, res);
		if (strncmp(buf, "cannot be checked", 17))
			fail_msg("%s: change %u: %s", name, tried, buf);
		unchecked++;
	} else if (n && kernel_rejects(obj, res, buf, sizeof(buf))) {
		/* possible: the originals stay then; it should be rare */
		rejected++;
		if (getenv("VERIFIED_SHOW"))
			print_message("%s: change %u: %s\n", name, tried, buf);
	}
	fused += n > 0;
	pairfuse_result_free(res);
}

static void try_change(struct test_object *obj, const char *name)
{
	size_t p = rnd(obj->in.nr_progs), nr = obj->progs[p].nr_insns;
	const struct bpf_insn *orig = obj->progs[p].insns;
	struct bpf_insn *copy = malloc(nr * sizeof(*copy));
	unsigned int n = 1 + rnd(4);

	memcpy(copy, orig, nr * sizeof(*copy));
	while (n--)
		change(copy, nr);
	obj->progs[p].insns = copy;
	tried++;
	if (kernel_accepts_original(obj, p)) {
		accepted++;
		check(obj, name);
	}
	obj->progs[p].insns = orig;
	free(copy);
}

static void set_protos(struct test_object *obj)
{
	size_t i;

	obj->in.rdonly_cast_id = 4242;
	for (i = 0; i < obj->in.nr_progs; i++) {
		obj->protos[i] = (struct pairfuse_proto){
			.nr_regs = 4, .ret_size = 8, .btf_id = { 101 },
		};
		obj->progs[i].proto = &obj->protos[i];
	}
}

static void test_changes(void **state)
{
	const char *rounds = getenv("VERIFIED_ROUNDS"), *s = getenv("VERIFIED_SEED");
	int o, i, n = rounds ? atoi(rounds) : 40;
	struct test_object *obj;

	if (!kernel_usable())
		skip();
	seed = s ? atoi(s) : 1;
	for (o = 0; o < nr_objects; o++) {
		/* its first argument is of another type there */
		if (strstr(objects[o], "typed") || strstr(objects[o], "context"))
			continue;
		if (test_object_open(objects[o], &obj))
			fail_msg("cannot open %s", objects[o]);
		set_protos(obj);
		for (i = 0; i < n; i++)
			try_change(obj, objects[o]);
		test_object_close(obj);
	}
	print_message("%u changes, %u accepted by the verifier, %u of them fused; of these %u could not be checked, %u refused by the verifier\n",
		      tried, accepted, fused, unchecked, rejected);
	assert_true(rejected * 50 <= fused);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
	};

	objects = argv + 1;
	nr_objects = argc - 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
