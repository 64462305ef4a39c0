// SPDX-License-Identifier: GPL-2.0
/*
 * Malformed bytecode: the analysis cases with random damage. Whatever comes
 * out is a verdict, never a crash, a hang or a sanitizer's complaint.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"

#define MUTATIONS 100000	/* over all objects */

static char **objects;
static int nr_objects;
static unsigned int seed = 1;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void damage(struct bpf_insn *insns, size_t nr)
{
	struct bpf_insn *in = &insns[rnd(nr)];

	switch (rnd(8)) {
	case 0:
		in->code = rnd(256);
		break;
	case 1:
		in->dst_reg = rnd(16);
		break;
	case 2:
		in->src_reg = rnd(16);
		break;
	case 3:
		in->off = rnd(2) ? (int)rnd(32) - 16 : (int)rnd(65536) - 32768;
		break;
	case 4:
		in->imm = rnd(2) ? (int)rnd(200) - 100 : (int)(rnd(65536) << 16);
		break;
	case 5:
		((unsigned char *)in)[rnd(8)] ^= 1 << rnd(8);
		break;
	case 6:
		*in = insns[rnd(nr)];
		break;
	case 7:	/* a call of something */
		in->code = BPF_JMP | BPF_CALL;
		in->src_reg = rnd(3);
		in->imm = rnd(2) ? (int)rnd(nr) - (int)nr / 2 : (int)rnd(220);
		break;
	}
}

static void mutate(struct test_object *obj)
{
	size_t p = rnd(obj->in.nr_progs), nr = obj->progs[p].nr_insns, n;
	const struct bpf_insn *orig = obj->progs[p].insns;
	struct bpf_insn *copy = malloc((nr + 1) * sizeof(*copy));
	struct pairfuse_result *res;
	size_t i;

	/* exactly as long as it is, so that sanitizers see what is beyond */
	n = rnd(8) ? nr : rnd(nr + 1);
	copy = realloc(copy, n * sizeof(*copy) + !n);
	memcpy(copy, orig, n * sizeof(*copy));
	for (i = n ? 1 + rnd(4) : 0; i-- > 0;)
		damage(copy, n);
	obj->progs[p].insns = copy;
	obj->progs[p].nr_insns = n;
	assert_int_equal(pairfuse_analyze(&obj->in, &res), 0);
	for (i = 0; i < res->nr_pairs; i++) {
		assert_true(res->pairs[i].reason < PAIRFUSE_REASON_COUNT);
		assert_true(!res->pairs[i].reason == !!res->pairs[i].entry_code.nr_insns);
	}
	pairfuse_result_free(res);
	obj->progs[p].insns = orig;
	obj->progs[p].nr_insns = nr;
	free(copy);
}

static void test_mutations(void **state)
{
	struct test_object *obj;
	int o, i;

	for (o = 0; o < nr_objects; o++) {
		if (test_object_open(objects[o], &obj))
			fail_msg("cannot open %s", objects[o]);
		obj->in.rdonly_cast_id = 4242;
		for (i = 0; i < MUTATIONS / nr_objects; i++) {
			obj->in.clock = i & 1;
			obj->in.filter = i & 2;
			mutate(obj);
		}
		test_object_close(obj);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutations),
	};

	objects = argv + 1;
	nr_objects = argc - 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
