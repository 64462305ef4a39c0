// SPDX-License-Identifier: GPL-2.0
/*
 * The check of rewritten pairs before they are attached: correct code passes,
 * wrong code and wrong promises to the stub are found, and what the original
 * programs do not know themselves is no difference.
 */
#include <linux/pairfuse.h>

#include "analysis_test.h"
#include "selfcheck.h"

#define CALLS		600
#define BSS_REF(r, off)								\
	PAIRFUSE_INSN(BPF_LD | BPF_DW | BPF_IMM, r, BPF_PSEUDO_MAP_IDX_VALUE, 0, 1), \
	PAIRFUSE_INSN(0, 0, 0, 0, off)

static const struct pairfuse_proto proto = { .nr_regs = 2, .ret_size = 8 };

/* starts[tid] = time, unless the second argument is 1 */
static const struct bpf_insn enter[] = {
	LDX(BPF_DW, 6, 1, 8), MOVI(0, 0), JMPI(BPF_JEQ, 6, 1, 13), ENTER_STORES, MOVI(0, 0), EXIT,
};

/* bss[0] += time - starts[tid]; events = return value */
static const struct bpf_insn leave[] = {
	LDX(BPF_DW, 8, 1, 16), TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 17),
	LDX(BPF_DW, 6, 0, 0), CALL(ktime_get_ns),
	PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 6, 0, 0),
	BSS_REF(1, 0), PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD),
	TID_KEY, CALL(map_delete_elem), MOV(1, 8), CALL(send_signal), MOVI(0, 0), EXIT,
	MOVI(0, 0), EXIT,
};

static void input(struct test_input *t)
{
	static const unsigned char zero[64];

	test_input_init(t);
	t->maps[1] = (struct pairfuse_map){
		.name = ".bss", .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = sizeof(zero), .max_entries = 1, .shown = true,
	};
	t->in.nr_maps = 2;
}

#define ADD_PAIR(t, entry, exit) do {						\
	add_entry(t, entry);							\
	add_exit(t, exit);							\
	(t)->progs[0].proto = (t)->progs[1].proto = &proto;			\
} while (0)

static struct pairfuse_result *analyze(struct test_input *t)
{
	struct pairfuse_result *res;

	assert_int_equal(pairfuse_analyze(&t->in, &res), 0);
	assert_string_equal(res->pairs[0].reason_text, "");
	return res;
}

static enum pairfuse_check_verdict run_check(struct test_input *t, struct pairfuse_result *res,
					     struct pairfuse_check *c)
{
	static const unsigned char zero[64];
	const void *contents[4] = { NULL, zero };

	*c = (struct pairfuse_check){ .in = &t->in, .res = res, .contents = contents, .carrier = -1,
				      .seed = 1, .calls = CALLS };
	return pairfuse_check(c);
}

#define VERDICT(t, res, verdict) do {						\
	struct pairfuse_check c_;						\
	enum pairfuse_check_verdict v_ = run_check(t, res, &c_);		\
	if (v_ != PAIRFUSE_CHECK_##verdict)					\
		fail_msg("verdict %d: %s", v_, c_.text);			\
} while (0)

static void test_same(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	assert_int_equal(run_check(&t, res, &c), PAIRFUSE_CHECK_SAME);
	assert_true(c.saved > 0);
	assert_true(c.insns > 10);
	assert_int_equal(c.insns_run, c.insns);
	pairfuse_result_free(res);
}

/* A bloom filter is asked about what the operand holds, so nobody may drop that. */
static void test_bloom(void **state)
{
	/* bss[0] += time - starts[tid], if 7 is in the filter */
	static const struct bpf_insn leaves[] = {
		ST(BPF_DW, 10, -16, 7), MAP_REF(1, 2), MOV(2, 10), ADDI(2, -16),
		CALL(map_peek_elem), MOV(7, 0), TID_KEY, CALL(map_lookup_elem),
		JMPI(BPF_JEQ, 0, 0, 14), LDX(BPF_DW, 6, 0, 0), TID_KEY, CALL(map_delete_elem),
		JMPI(BPF_JNE, 7, 0, 5), CALL(ktime_get_ns), BSS_REF(1, 0),
		PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD), MOVI(0, 0),
		MOVI(0, 0), EXIT,
	};
	struct pairfuse_result *res;
	struct test_input t;
	bool kept = false;
	size_t i;

	input(&t);
	t.maps[2] = (struct pairfuse_map){
		.name = "filter", .type = BPF_MAP_TYPE_BLOOM_FILTER, .value_size = 8,
		.max_entries = 100,
	};
	t.in.nr_maps = 3;
	ADD_PAIR(&t, enter, leaves);
	res = analyze(&t);
	for (i = 0; i < res->pairs[0].exit_code.nr_insns; i++) {
		const struct bpf_insn *insn = &res->pairs[0].exit_code.insns[i];

		kept |= insn->code == (BPF_ST | BPF_MEM | BPF_DW) && insn->imm == 7;
	}
	assert_true(kept);
	VERDICT(&t, res, CANNOT);
	pairfuse_result_free(res);
}

/* Something else at the same place; false: there is nothing that must be noticed. */
static bool damage(struct bpf_insn *insn)
{
	__u8 class = pairfuse_insn_class(insn);

	if (pairfuse_insn_is_exit(insn) || pairfuse_insn_is_imm64(insn) || !insn->code ||
	    pairfuse_insn_is_ja(insn))
		return false;
	if (class == BPF_LDX || pairfuse_insn_is_store(insn))
		insn->off ^= 8;
	else if (pairfuse_insn_is_cond(insn))
		insn->code ^= BPF_JEQ ^ BPF_JNE;
	else if (pairfuse_insn_is_call(insn))
		*insn = MOVI(0, 3);
	else if (pairfuse_insn_is_atomic(insn))
		*insn = STX(BPF_DW, insn->dst_reg, insn->src_reg, insn->off);
	else if (BPF_SRC(insn->code) == BPF_K)
		insn->imm ^= 1;
	else
		return false;
	return true;
}

static void damage_each(struct test_input *t, struct pairfuse_result *res,
			struct pairfuse_code *code, unsigned int *tried, unsigned int *noticed)
{
	struct pairfuse_check c;
	struct bpf_insn saved;
	size_t i;

	for (i = 0; i < code->nr_insns; i++) {
		saved = code->insns[i];
		if (i && pairfuse_insn_is_imm64(&code->insns[i - 1]))
			continue;
		if (damage(&code->insns[i])) {
			++*tried;
			*noticed += run_check(t, res, &c) == PAIRFUSE_CHECK_DIFFERS;
		}
		code->insns[i] = saved;
	}
}

/* R0 of an exit program is nobody's; all else matters. */
static void test_damaged(void **state)
{
	struct pairfuse_result *res;
	unsigned int tried = 0, noticed = 0;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	damage_each(&t, res, &res->pairs[0].entry_code, &tried, &noticed);
	damage_each(&t, res, &res->pairs[0].exit_code, &tried, &noticed);
	print_message("%u changes, %u noticed\n", tried, noticed);
	assert_true(tried >= 9);
	assert_true(noticed + 1 >= tried);
	pairfuse_result_free(res);
}

/* What the stub is told is wrong, the code is not. */
static void test_promises(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_pair *pair;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	t.in.clock = PAIRFUSE_CLOCK_MONOTONIC;
	res = analyze(&t);
	pair = &res->pairs[0];
	VERDICT(&t, res, SAME);
	pair->exit_always = !pair->exit_always;
	VERDICT(&t, res, DIFFERS);
	pair->exit_always = !pair->exit_always;
	assert_int_equal(pair->clock, PAIRFUSE_CLOCK_MONOTONIC);
	pair->clock = PAIRFUSE_CLOCK_PROGRAMS;
	VERDICT(&t, res, DIFFERS);
	pair->clock = PAIRFUSE_CLOCK_MONOTONIC;
	pair->filter = PAIRFUSE_FILTER_TID;
	pair->filter_value = 77;
	VERDICT(&t, res, DIFFERS);
	pair->filter = PAIRFUSE_FILTER_NONE;
	assert_false(pair->no_entry);
	pair->no_entry = true;
	VERDICT(&t, res, DIFFERS);
	pair->no_entry = false;
	assert_false(pair->exact);
	pair->exact = true;	/* then the outer one of nested calls must find nothing */
	pair->storage = PAIRFUSE_STORAGE_TASK;
	VERDICT(&t, res, DIFFERS);
	pairfuse_result_free(res);
}

/* The original sends bytes that it has not written beside some that it has. */
static const struct bpf_insn leave_padded[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 18), LDX(BPF_DW, 6, 0, 0),
	STX(BPF_W, 10, 6, -24),
	MAP_REF(1, 2), MOV(2, 10), ADDI(2, -24), MOVI(3, 8), MOVI(4, 0), CALL(ringbuf_output),
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT, MOVI(0, 0), EXIT,
};

static void add_ring(struct test_input *t)
{
	t->maps[2] = (struct pairfuse_map){
		.name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096,
	};
	t->in.nr_maps = 3;
}

static void test_padding(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_code *code;
	struct test_input t;
	size_t i;

	input(&t);
	add_ring(&t);
	ADD_PAIR(&t, enter, leave_padded);
	res = analyze(&t);
	VERDICT(&t, res, SAME);
	/* without the store of the four bytes that count */
	code = &res->pairs[0].exit_code;
	for (i = 0; i < code->nr_insns; i++)
		if (pairfuse_insn_is_store(&code->insns[i]) &&
		    pairfuse_insn_size(&code->insns[i]) == 4)
			break;
	assert_true(i < code->nr_insns);
	code->insns[i] = PAIRFUSE_JA();
	VERDICT(&t, res, DIFFERS);
	pairfuse_result_free(res);
}

/* bss[0] += what is on the stack */
static const struct bpf_insn leave_computes[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 13), LDX(BPF_DW, 2, 10, -200),
	BSS_REF(1, 8), PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD),
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT, MOVI(0, 0), EXIT,
};

/* Then a difference cannot be told from chance; whether there is one is chance, too. */
static void test_computed(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave_computes);
	res = analyze(&t);
	assert_int_not_equal(run_check(&t, res, &c), PAIRFUSE_CHECK_DIFFERS);
	pairfuse_result_free(res);
}

/* probe_write_user is not in helper.c */
static const struct bpf_insn leave_unknown[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 13), TID_KEY, CALL(map_delete_elem),
	MOVI(1, 4096), MOVI(2, 4096), MOVI(3, 0), CALL(probe_write_user),
	MOVI(0, 0), EXIT, MOVI(0, 0), EXIT,
};

static void test_unknown_helper(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave_unknown);
	assert_int_equal(pairfuse_analyze(&t.in, &res), 0);
	if (res->pairs[0].reason) {
		print_message("%s\n", res->pairs[0].reason_text);
		fail();
	}
	assert_int_equal(run_check(&t, res, &c), PAIRFUSE_CHECK_CANNOT);
	assert_string_equal(c.text, "'leave': helper 36");
	pairfuse_check_groups(&t.in, res, NULL, 100);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_UNCHECKED);
	assert_string_equal(res->pairs[0].reason_text, "'leave': helper 36");
	pairfuse_result_free(res);
}

/* One group is wrong and refused; its code goes. The other is not. */
static void test_groups(void **state)
{
	struct bpf_insn enter2[ARRAY_SIZE(enter)], leave2[ARRAY_SIZE(leave)];
	struct pairfuse_result *res;
	struct test_input t;
	size_t i;

	memcpy(enter2, enter, sizeof(enter));
	memcpy(leave2, leave, sizeof(leave));
	for (i = 0; i < ARRAY_SIZE(enter); i++)
		if (enter2[i].src_reg == BPF_PSEUDO_MAP_IDX && pairfuse_insn_is_imm64(&enter2[i]))
			enter2[i].imm = 2;
	for (i = 0; i < ARRAY_SIZE(leave); i++)
		if (leave2[i].src_reg == BPF_PSEUDO_MAP_IDX && pairfuse_insn_is_imm64(&leave2[i]))
			leave2[i].imm = 2;
	input(&t);
	t.maps[2] = t.maps[0];
	t.maps[2].name = "others";
	t.in.nr_maps = 3;
	ADD_PAIR(&t, enter, leave);
	test_add_prog(&t, "enter2", PAIRFUSE_AT_FENTRY, "vfs_write", enter2, ARRAY_SIZE(enter2));
	test_add_prog(&t, "leave2", PAIRFUSE_AT_FEXIT, "vfs_write", leave2, ARRAY_SIZE(leave2));
	t.progs[2].proto = t.progs[3].proto = &proto;
	res = analyze(&t);
	assert_int_equal(res->nr_pairs, 2);
	assert_string_equal(res->pairs[1].reason_text, "");
	res->pairs[1].exit_always = true;
	pairfuse_check_groups(&t.in, res, NULL, 300);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_int_equal(res->pairs[0].checked.calls, 300);
	assert_true(res->pairs[0].checked.insns_run > 0);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_SELF_CHECK);
	assert_true(res->pairs[1].reason_text[0]);
	assert_int_equal(res->pairs[1].exit_code.nr_insns, 0);
	assert_int_equal(res->pairs[1].checked.calls, 0);
	pairfuse_result_free(res);
}

/* Which words of the context such code wants is a guess. */
static void test_no_proto(void **state)
{
	struct pairfuse_result *res;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	t.progs[0].proto = t.progs[1].proto = NULL;
	res = analyze(&t);
	pairfuse_check_groups(&t.in, res, NULL, 10);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_UNCHECKED);
	assert_string_equal(res->pairs[0].reason_text,
			    "the arguments of function 'vfs_read' are not known here");
	pairfuse_result_free(res);
}

/* The original leaves its state in the map, where user space would find it: nothing fused does. */
static void test_leftover(void **state)
{
	struct bpf_insn keeps[ARRAY_SIZE(leave)];
	struct pairfuse_result *res;
	struct pairfuse_check check;
	struct test_input t;
	size_t i;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	memcpy(keeps, leave, sizeof(leave));
	for (i = 0; i < ARRAY_SIZE(keeps); i++)
		if (pairfuse_insn_is_helper(&keeps[i]) &&
		    keeps[i].imm == BPF_FUNC_map_delete_elem)
			keeps[i] = (struct bpf_insn)MOVI(0, 0);
	t.progs[1].insns = keeps;
	assert_int_equal(run_check(&t, res, &check), PAIRFUSE_CHECK_DIFFERS);
	/* Seen in the map, or from an exit that finds what an earlier call has left. */
	assert_true(strstr(check.text, "calls that are over leave something") ||
		    strstr(check.text, "'leave' differs in .bss"));
	pairfuse_result_free(res);
}

/* --- what random calls do not reach --- */

#define SQUARE(r)	PAIRFUSE_INSN(BPF_ALU64 | BPF_MUL | BPF_X, r, r, 0, 0)
#define XORI(r, i)	PAIRFUSE_INSN(BPF_ALU64 | BPF_XOR | BPF_K, r, 0, 0, i)

/* starts[tid] = time, if (second argument ^ 0x5a5a) + 77 == 0x1234567 */
static const struct bpf_insn enter_rarely[] = {
	LDX(BPF_DW, 6, 1, 8), XORI(6, 0x5a5a), ADDI(6, 77), MOVI(0, 0),
	JMPI(BPF_JNE, 6, 0x1234567, 13), ENTER_STORES, MOVI(0, 0), EXIT,
};

/* The first sum that is added to is not. */
static void drop_sum(struct pairfuse_code *code)
{
	size_t i = 0;

	while (i < code->nr_insns && !pairfuse_insn_is_atomic(&code->insns[i]))
		i++;
	assert_true(i < code->nr_insns);
	code->insns[i] = PAIRFUSE_JA();
}

static void test_steered(void **state)
{
	struct pairfuse_check_pair seen[2] = { 0 };
	struct pairfuse_check c;
	struct pairfuse_result *res;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter_rarely, leave);
	res = analyze(&t);
	/* what is wrong shows in calls with state only */
	drop_sum(&res->pairs[0].exit_code);
	assert_int_equal(run_check(&t, res, &c), PAIRFUSE_CHECK_SAME);
	c = (struct pairfuse_check){ .in = &t.in, .res = res, .carrier = -1, .seed = 1,
				     .calls = CALLS, .steer = true, .pairs = seen };
	assert_int_equal(pairfuse_check(&c), PAIRFUSE_CHECK_DIFFERS);
	assert_true(seen[0].stored > 0);
	assert_true(seen[0].read > 0);
	pairfuse_result_free(res);
}

/* No number has this square: state is never stored. */
static const struct bpf_insn enter_never[] = {
	LDX(BPF_DW, 6, 1, 8), SQUARE(6), MOVI(0, 0), JMPI(BPF_JNE, 6, 3, 13),
	ENTER_STORES, MOVI(0, 0), EXIT,
};

/* Or it is not looked at, only deleted. */
static const struct bpf_insn leave_unread[] = {
	LDX(BPF_DW, 8, 1, 16), SQUARE(8), JMPI(BPF_JNE, 8, 3, 11),
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 3), LDX(BPF_DW, 1, 0, 0),
	CALL(send_signal), JA(0), TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT,
};

#define BLIND(entry, exit, what) do {						\
	struct pairfuse_result *res_;						\
	struct test_input t_;							\
										\
	input(&t_);								\
	ADD_PAIR(&t_, entry, exit);						\
	res_ = analyze(&t_);							\
	pairfuse_check_groups(&t_.in, res_, NULL, PAIRFUSE_CHECK_BRIEF);	\
	assert_int_equal(res_->pairs[0].reason, PAIRFUSE_REASON_NONE);		\
	assert_non_null(strstr(res_->pairs[0].checked.unchecked, what));	\
	assert_true(res_->pairs[0].checked.calls >= PAIRFUSE_CHECK_BRIEF_CALLS); \
	assert_true(res_->pairs[0].entry_code.nr_insns > 0);			\
	pairfuse_result_free(res_);						\
	res_ = analyze(&t_);							\
	pairfuse_check_groups(&t_.in, res_, NULL, 300);				\
	assert_int_equal(res_->pairs[0].reason, PAIRFUSE_REASON_UNCHECKED);	\
	assert_non_null(strstr(res_->pairs[0].reason_text, what));		\
	pairfuse_result_free(res_);						\
} while (0)

static void test_blind(void **state)
{
	BLIND(enter_never, leave, " calls 'enter' has never stored anything for the exit program");
	BLIND(enter, leave_unread, " calls 'leave' has never read what the entry program has stored");
}

/* A brief check that cannot be made takes nothing away; one that finds something does. */
static void test_brief(void **state)
{
	struct pairfuse_result *res;
	struct test_input t;
	char text[400];

	input(&t);
	ADD_PAIR(&t, enter, leave_unknown);
	res = analyze(&t);
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_string_equal(res->pairs[0].checked.unchecked, "'leave': helper 36");
	assert_string_equal(pairfuse_checked_text(&res->pairs[0].checked, text, sizeof(text)),
			    "unchecked: 'leave': helper 36");
	pairfuse_result_free(res);
	input(&t);
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_string_equal(res->pairs[0].checked.unchecked, "");
	assert_int_equal(res->pairs[0].checked.entry.run, res->pairs[0].checked.entry.insns);
	assert_int_equal(res->pairs[0].checked.exit.run, res->pairs[0].checked.exit.insns);
	assert_true(res->pairs[0].checked.exit.run > 0);
	memset(&res->pairs[0].checked, 0, sizeof(res->pairs[0].checked));
	res->pairs[0].exit_always = true;
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_SELF_CHECK);
	assert_int_equal(res->pairs[0].checked.calls, 0);
	pairfuse_result_free(res);
}

/* Where nothing comes to an end, the budget does. */
static void test_budget(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	c = (struct pairfuse_check){ .in = &t.in, .res = res, .carrier = -1, .seed = 1,
				     .calls = 1000000, .budget = 20000 };
	assert_int_equal(pairfuse_check(&c), PAIRFUSE_CHECK_SAME);
	assert_in_range(c.made, 100, 1000);
	pairfuse_result_free(res);
}

/* Large data takes as long as instructions do, and is not made without end. */
static void test_large(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	t.maps[1].value_size = 4 << 20;
	ADD_PAIR(&t, enter, leave);
	res = analyze(&t);
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_true(res->pairs[0].checked.calls > 0);
	assert_true(res->pairs[0].checked.calls < PAIRFUSE_CHECK_BRIEF_CALLS / 4);
	t.maps[1].value_size = 65 << 20;
	c = (struct pairfuse_check){ .in = &t.in, .res = res, .carrier = -1, .seed = 1,
				     .calls = CALLS };
	assert_int_equal(pairfuse_check(&c), PAIRFUSE_CHECK_CANNOT);
	pairfuse_result_free(res);
}

/* bss[8]++ if a byte is not 0 that nobody has written: in one of 256 runs it is. */
static const struct bpf_insn leave_junk[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 15), LDX(BPF_B, 2, 10, -200),
	JMPI(BPF_JEQ, 2, 0, 4), MOVI(2, 1), BSS_REF(1, 8),
	PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD),
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT, MOVI(0, 0), EXIT,
};

static void test_junk(void **state)
{
	enum pairfuse_check_verdict verdict;
	struct pairfuse_result *res;
	struct pairfuse_check c;
	unsigned int seed, cannot = 0;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter, leave_junk);
	res = analyze(&t);
	for (seed = 1; seed <= 8; seed++) {
		c = (struct pairfuse_check){ .in = &t.in, .res = res, .carrier = -1,
					     .seed = seed, .calls = CALLS };
		verdict = pairfuse_check(&c);
		assert_int_not_equal(verdict, PAIRFUSE_CHECK_DIFFERS);
		cannot += verdict == PAIRFUSE_CHECK_CANNOT;
	}
	assert_true(cannot > 0);
	pairfuse_result_free(res);
}

/* --- what only the original programs see --- */

/* bss[16]++ without state */
static const struct bpf_insn leave_counts[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JNE, 0, 0, 6), MOVI(2, 1), BSS_REF(1, 16),
	PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 2, 0, BPF_ADD), MOVI(0, 0), EXIT,
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT,
};
static const struct bpf_insn leave_deletes[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 8), LDX(BPF_DW, 6, 0, 0),
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT,
};
static const struct bpf_insn enter_always[] = { ENTER_STORES, MOVI(0, 0), EXIT };

/* The exit of a system call that seccomp has answered: there was no entry. */
static void test_exit_alone(void **state)
{
	static const struct pairfuse_proto regs = { .nr_regs = 1, .ret_size = 8,
						    .btf_id = { 101 } };
	struct pairfuse_result *res;
	struct test_input t;

	input(&t);
	ADD_PAIR(&t, enter_always, leave_deletes);
	t.progs[0].at = PAIRFUSE_AT_SYS_ENTER;
	t.progs[1].at = PAIRFUSE_AT_SYS_EXIT;
	t.progs[0].target = t.progs[1].target = "__x64_sys_mkdir";
	t.progs[0].proto = t.progs[1].proto = &regs;
	res = analyze(&t);
	VERDICT(&t, res, SAME);
	t.progs[1].insns = leave_counts;
	t.progs[1].nr_insns = ARRAY_SIZE(leave_counts);
	VERDICT(&t, res, DIFFERS);
	/* functions always have an entry */
	t.progs[0].at = PAIRFUSE_AT_FENTRY;
	t.progs[1].at = PAIRFUSE_AT_FEXIT;
	VERDICT(&t, res, SAME);
	pairfuse_result_free(res);
}

#define ZERO_KEY	ST(BPF_W, 10, -4, 0), MAP_REF(1, 0), MOV(2, 10), ADDI(2, -4), \
			CALL(map_lookup_elem)

/* The state is an element of an array; its first field says that there is some. */
static const struct bpf_insn enter_array[] = {
	ZERO_KEY, JMPI(BPF_JEQ, 0, 0, 5), MOV(6, 0), CALL(ktime_get_ns), STX(BPF_DW, 6, 0, 8),
	ST(BPF_DW, 6, 0, 1), MOVI(0, 0), MOVI(0, 0), EXIT,
};
static const struct bpf_insn leave_array[] = {
	ZERO_KEY, JMPI(BPF_JEQ, 0, 0, 6), LDX(BPF_DW, 6, 0, 0), JMPI(BPF_JEQ, 6, 0, 4),
	ST(BPF_DW, 0, 0, 0), LDX(BPF_DW, 1, 0, 8), JA(0), CALL(send_signal),
	MOVI(0, 0), EXIT,
};

/* A result that an exit leaves there is for user space, which would not find it. */
static void test_array(void **state)
{
	struct bpf_insn keeps[ARRAY_SIZE(leave_array)];
	struct pairfuse_result *res;
	struct pairfuse_check c;
	struct test_input t;

	input(&t);
	t.maps[0].type = BPF_MAP_TYPE_ARRAY;
	t.maps[0].max_entries = 1;
	t.maps[0].value_size = 16;
	ADD_PAIR(&t, enter_array, leave_array);
	res = analyze(&t);
	VERDICT(&t, res, SAME);
	memcpy(keeps, leave_array, sizeof(keeps));
	keeps[11] = (struct bpf_insn)ST(BPF_DW, 0, 8, 5);
	t.progs[1].insns = keeps;
	assert_int_equal(run_check(&t, res, &c), PAIRFUSE_CHECK_DIFFERS);
	assert_string_equal(c.text, "'leave' leaves something in 'starts'");
	pairfuse_result_free(res);
}

/* bss[0] += time - starts[tid], and bss[8] the same a bit later; bss[24] += the first time */
static const struct bpf_insn leave_twice[] = {
	TID_KEY, CALL(map_lookup_elem), JMPI(BPF_JEQ, 0, 0, 24), LDX(BPF_DW, 6, 0, 0),
	CALL(ktime_get_ns), MOV(7, 0), PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 6, 0, 0),
	BSS_REF(1, 0), PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD),
	CALL(ktime_get_ns), PAIRFUSE_INSN(BPF_ALU64 | BPF_SUB | BPF_X, 0, 6, 0, 0),
	BSS_REF(1, 8), PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 0, 0, BPF_ADD),
	BSS_REF(1, 24), PAIRFUSE_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 1, 7, 0, BPF_ADD),
	TID_KEY, CALL(map_delete_elem), MOVI(0, 0), EXIT, MOVI(0, 0), EXIT,
};

/* Each reading of the clock is later than the one before: two cannot become one. */
static void test_time(void **state)
{
	struct pairfuse_result *res;
	struct pairfuse_code *code;
	struct test_input t;
	size_t i, readings = 0;
	__u8 saved = 0;

	input(&t);
	ADD_PAIR(&t, enter, leave_twice);
	res = analyze(&t);
	VERDICT(&t, res, SAME);
	/* the second reading becomes the first one, which is kept somewhere */
	code = &res->pairs[0].exit_code;
	for (i = 0; i < code->nr_insns; i++) {
		if (!pairfuse_insn_is_helper(&code->insns[i]) ||
		    code->insns[i].imm != BPF_FUNC_ktime_get_ns)
			continue;
		if (!readings++)
			saved = code->insns[i + 1].dst_reg;
		else
			code->insns[i] = (struct bpf_insn)MOV(0, saved);
	}
	assert_int_equal(readings, 2);
	assert_in_range(saved, 6, 9);
	VERDICT(&t, res, DIFFERS);
	pairfuse_result_free(res);
}

/* bss[at] = it * 2 + n: whoever is last decides on the lowest bit */
#define ENTER_MARKS(at, n)							\
	{ BSS_REF(1, at), LDX(BPF_DW, 2, 1, 0),					\
	  PAIRFUSE_INSN(BPF_ALU64 | BPF_LSH | BPF_K, 2, 0, 0, 1), ADDI(2, n),	\
	  STX(BPF_DW, 1, 2, 0), ENTER_STORES, MOVI(0, 0), EXIT }

static void use_map(struct bpf_insn *insns, size_t nr, int map)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (pairfuse_insn_is_imm64(&insns[i]) &&
		    insns[i].src_reg == BPF_PSEUDO_MAP_IDX)
			insns[i].imm = map;
}

/* Two pairs on one function that can tell which of them is first. */
static void test_order(void **state)
{
	struct bpf_insn mark[] = ENTER_MARKS(32, 1), mark2[] = ENTER_MARKS(32, 2);
	struct bpf_insn apart[] = ENTER_MARKS(40, 2);
	struct bpf_insn deletes2[ARRAY_SIZE(leave_deletes)];
	struct pairfuse_result *res;
	struct test_input t;

	memcpy(deletes2, leave_deletes, sizeof(deletes2));
	use_map(mark2, ARRAY_SIZE(mark2), 2);
	use_map(deletes2, ARRAY_SIZE(deletes2), 2);
	input(&t);
	t.maps[2] = t.maps[0];
	t.maps[2].name = "others";
	t.in.nr_maps = 3;
	ADD_PAIR(&t, mark, leave_deletes);
	test_add_prog(&t, "mark2", PAIRFUSE_AT_FENTRY, "vfs_write", mark2, ARRAY_SIZE(mark2));
	test_add_prog(&t, "leave2", PAIRFUSE_AT_FEXIT, "vfs_write", deletes2,
		      ARRAY_SIZE(deletes2));
	t.progs[2].proto = t.progs[3].proto = &proto;
	res = analyze(&t);
	assert_string_equal(res->pairs[1].reason_text, "");
	pairfuse_check_groups(&t.in, res, NULL, 300);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_NONE);
	/* as if the analysis (order.c) had not seen it */
	t.progs[2].target = t.progs[3].target = "vfs_read";
	memset(&res->pairs[0].checked, 0, sizeof(res->pairs[0].checked));
	memset(&res->pairs[1].checked, 0, sizeof(res->pairs[1].checked));
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_SELF_CHECK);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_SELF_CHECK);
	pairfuse_result_free(res);
	/* each its own: nothing can be told */
	use_map(apart, ARRAY_SIZE(apart), 2);
	t.progs[2].insns = apart;
	res = analyze(&t);
	assert_string_equal(res->pairs[1].reason_text, "");
	pairfuse_check_groups(&t.in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	assert_int_equal(res->pairs[0].reason, PAIRFUSE_REASON_NONE);
	assert_int_equal(res->pairs[1].reason, PAIRFUSE_REASON_NONE);
	pairfuse_result_free(res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same), cmocka_unit_test(test_leftover),
		cmocka_unit_test(test_bloom), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_promises), cmocka_unit_test(test_padding),
		cmocka_unit_test(test_computed), cmocka_unit_test(test_unknown_helper),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_no_proto),
		cmocka_unit_test(test_steered), cmocka_unit_test(test_blind),
		cmocka_unit_test(test_brief), cmocka_unit_test(test_budget),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_junk), cmocka_unit_test(test_exit_alone),
		cmocka_unit_test(test_array), cmocka_unit_test(test_time),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
