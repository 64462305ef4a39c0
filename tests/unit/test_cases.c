// SPDX-License-Identifier: GPL-2.0
/*
 * Analysis cases as data: the .bpf.c files of tests/cases (ok-NAME, err-NAME) and
 * bpf/refuse, each with the verdicts that it expects in comments:
 *
 *   // expect: ENTRY EXIT fused carrier=MAP key=KEY state=N exit=armed|always[ storage=task| exact]
 *   // expect: ENTRY EXIT refused REASON[ insn=N]
 *   // proto: TARGET regs=N ret=N [ID[:module] ...] [ret:ID[:module]]
 *   // task: PID TGID                (bytes to these members of a task_struct)
 *   // no-cast                      (a kernel without bpf_rdonly_cast)
 *   // no-ip                        (ip: is not known; explain would take it for known)
 *   // pinned|reused|shown|printed|inner: MAP
 *   // cookie: PROG VALUE
 *   // addr: PROG VALUE             (of the function, hexadecimal)
 *   // ip: PROG VALUE               (that a kprobe shows there, hexadecimal)
 *   // nesting: exact|per-call
 *   // clock: ENTRY EXIT programs|stub|no-entry     (who takes the time, --clock=auto)
 *   // once: ENTRY EXIT yes|no                     (does the exit take ids from the entry?)
 *   // hook: ENTRY EXIT shared|any                (must it be the shared one?)
 *   // told: ENTRY EXIT WORDS                     (in the refusal, or about nested calls)
 *   // filter: ENTRY EXIT none|tid|tgid|comm VALUE       (what the stub compares)
 *
 * Objects named on the command line (*.bpf.o) have no expectations: all their
 * pairs have to be fused.
 *
 * ENTRY or EXIT is - where a program has no partner. A proto's IDs are the BTF
 * ids of the structures that the arguments point to, in order, and (ret:) the return
 * value; 0: no pointer.
 * Every pair has to be named. Fused pairs are then run against the originals; all
 * of it with and without a module that can take times and filter, and without each
 * optimisation (then without looking at the expectations).
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "equiv.h"
#include "kernel.h"
#include "selfcheck.h"

#define INVOCATIONS 3000

struct verdict {
	char entry[64], exit[64];
	char rest[256];
};

struct case_file {
	char name[128];
	char source[512];
	char object[1024];
	struct verdict expect[32];
	unsigned int nr_expect;
	char lines[48][256];	/* the other directives */
	unsigned int nr_lines;
};

/* Of what was tried as `pairfuse load` does. */
static struct {
	unsigned int pairs, insns, run;
} brief;

static struct case_file *cases;
static size_t nr_cases;

/* --- reading --- */

static void read_line(struct case_file *c, const char *line)
{
	struct verdict *v = &c->expect[c->nr_expect];

	if (strncmp(line, "// ", 3))
		return;
	line += 3;
	if (!strncmp(line, "expect: ", 8)) {
		assert_int_equal(sscanf(line, "expect: %63s %63s %255[^\n]", v->entry, v->exit,
					v->rest), 3);
		c->nr_expect++;
	} else if (c->nr_lines < 48) {
		snprintf(c->lines[c->nr_lines++], sizeof(c->lines[0]), "%s", line);
	}
}

static void read_case(struct case_file *c)
{
	char line[256];
	FILE *f = fopen(c->source, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		read_line(c, line);
	fclose(f);
	if (!c->nr_expect)
		fail_msg("%s expects nothing", c->source);
}

/* --- directives --- */

static void set_proto(struct test_object *obj, const char *line)
{
	struct pairfuse_proto proto = { 0 };
	char target[64], *word, *save, copy[256];
	size_t i, arg = 0, value;

	snprintf(copy, sizeof(copy), "%s", line);
	word = strtok_r(copy + strlen("proto: "), " \n", &save);
	snprintf(target, sizeof(target), "%s", word);
	while ((word = strtok_r(NULL, " \n", &save))) {
		if (sscanf(word, "regs=%u", &proto.nr_regs) == 1 ||
		    sscanf(word, "ret=%u", &proto.ret_size) == 1)
			continue;
		value = arg;
		if (!strncmp(word, "ret:", 4)) {
			value = PAIRFUSE_VALUE_RET;
			word += 4;
		} else {
			assert_true(arg++ < PAIRFUSE_MAX_REGS);
		}
		proto.btf_id[value] = atoi(word);
		proto.in_module[value] = strstr(word, ":module") != NULL;
	}
	for (i = 0; i < obj->in.nr_progs; i++) {
		if (!obj->progs[i].target || strcmp(obj->progs[i].target, target))
			continue;
		obj->protos[i] = proto;
		obj->progs[i].proto = &obj->protos[i];
	}
}

static void apply(struct test_object *obj, const char *line)
{
	char name[64];
	unsigned long long value;

	if (!strncmp(line, "proto: ", 7)) {
		set_proto(obj, line);
	} else if (sscanf(line, "nesting: %63s", name) == 1) {
		assert_true(pairfuse_nesting_parse(name, &obj->in.nesting));
	} else if (sscanf(line, "task: %u %u", &obj->in.task_pid, &obj->in.task_tgid) == 2) {
		return;
	} else if (!strncmp(line, "no-cast", 7)) {
		obj->in.rdonly_cast_id = 0;
	} else if (sscanf(line, "pinned: %63s", name) == 1) {
		obj->maps[test_object_map(obj, name)].pinned = true;
	} else if (sscanf(line, "reused: %63s", name) == 1) {
		obj->maps[test_object_map(obj, name)].reused = true;
	} else if (sscanf(line, "shown: %63s", name) == 1) {
		obj->maps[test_object_map(obj, name)].shown = true;
	} else if (sscanf(line, "printed: %63s", name) == 1) {
		obj->maps[test_object_map(obj, name)].printed = true;
	} else if (sscanf(line, "inner: %63s", name) == 1) {
		obj->maps[test_object_map(obj, name)].inner = true;
	} else if (sscanf(line, "cookie: %63s %llu", name, &value) == 2) {
		obj->progs[test_object_prog(obj, name)].cookie = value;
	} else if (sscanf(line, "addr: %63s %llx", name, &value) == 2) {
		obj->progs[test_object_prog(obj, name)].addr = value;
	} else if (sscanf(line, "ip: %63s %llx", name, &value) == 2) {
		obj->progs[test_object_prog(obj, name)].ip = value;
	}
}

/* --- comparing --- */

static const char *prog_name(const struct test_object *obj, int p)
{
	return p < 0 ? "-" : obj->progs[p].name;
}

static void verdict_text(const struct test_object *obj, const struct pairfuse_pair *pair,
			 bool insn, char *buf, size_t len)
{
	int n;

	if (pair->reason == PAIRFUSE_REASON_NONE) {
		snprintf(buf, len, "fused carrier=%s key=%s state=%u exit=%s%s%s",
			 obj->maps[pair->carrier].name, pairfuse_key_name(pair->key),
			 pair->state_size, pair->exit_always ? "always" : "armed",
			 pair->storage == PAIRFUSE_STORAGE_TASK ? " storage=task" : "",
			 pair->storage == PAIRFUSE_STORAGE_SLOT && pair->exact ? " exact" : "");
		return;
	}
	n = snprintf(buf, len, "refused %s", pairfuse_reason_id(pair->reason));
	if (insn)
		snprintf(buf + n, len - n, " insn=%d", pair->reason_insn);
}

static void check_pair(const struct case_file *c, const struct test_object *obj,
		       const struct pairfuse_pair *pair)
{
	const char *entry = prog_name(obj, pair->entry), *exit = prog_name(obj, pair->exit);
	char text[256];
	unsigned int i;

	for (i = 0; i < c->nr_expect; i++)
		if (!strcmp(entry, c->expect[i].entry) && !strcmp(exit, c->expect[i].exit))
			break;
	verdict_text(obj, pair, i < c->nr_expect && strstr(c->expect[i].rest, "insn="), text,
		     sizeof(text));
	if (i == c->nr_expect)
		fail_msg("%s: unexpected pair %s %s %s (%s)", c->source, entry, exit, text,
			 pair->reason_text);
	if (strcmp(text, c->expect[i].rest))
		fail_msg("%s: %s %s\n  expected %s\n  got      %s (%s)", c->source, entry, exit,
			 c->expect[i].rest, text, pair->reason_text);
	/* a refusal says why, in words that name something */
	assert_int_equal(pair->reason != PAIRFUSE_REASON_NONE, pair->reason_text[0] != 0);
	assert_int_equal(pair->reason == PAIRFUSE_REASON_NONE, pair->entry_code.nr_insns > 0);
	assert_int_equal(pair->reason == PAIRFUSE_REASON_NONE, pair->exit_code.nr_insns > 0);
}

/* The verdict does not depend on who takes the time; whether the stub does is a directive. */
static void check_clock(const struct case_file *c, const struct test_object *obj,
			const struct pairfuse_pair *pair)
{
	const char *got = pair->no_entry ? "no-entry" : pair->clock ? "stub" : "programs";
	char entry[64], exit[64], want[64];
	unsigned int i;

	if (pair->reason != PAIRFUSE_REASON_NONE || !obj->in.clock)
		assert_string_equal(got, "programs");
	for (i = 0; obj->in.clock && i < c->nr_lines; i++) {
		if (sscanf(c->lines[i], "clock: %63s %63s %63s", entry, exit, want) != 3 ||
		    strcmp(entry, prog_name(obj, pair->entry)) ||
		    strcmp(exit, prog_name(obj, pair->exit)))
			continue;
		if (strcmp(want, got))
			fail_msg("%s: %s %s: time taken by %s, expected %s", c->source, entry,
				 exit, got, want);
	}
}

static void check_filter(const struct case_file *c, const struct test_object *obj,
			 const struct pairfuse_pair *pair)
{
	static const char *const names[] = { "none", "tgid", "tid", "comm" };
	char entry[64], exit[64], want[64];
	unsigned int i, value;

	if (pair->reason != PAIRFUSE_REASON_NONE || !obj->in.filter)
		assert_int_equal(pair->filter, 0);
	for (i = 0; obj->in.filter && i < c->nr_lines; i++) {
		if (sscanf(c->lines[i], "filter: %63s %63s %63s %u", entry, exit, want,
			   &value) != 4 ||
		    strcmp(entry, prog_name(obj, pair->entry)) ||
		    strcmp(exit, prog_name(obj, pair->exit)))
			continue;
		if (strcmp(want, names[pair->filter]) || value != pair->filter_value)
			fail_msg("%s: %s %s: filter %s %u, expected %s %u", c->source, entry, exit,
				 names[pair->filter], pair->filter_value, want, value);
	}
}

static void check_once(const struct case_file *c, const struct test_object *obj,
		       const struct pairfuse_pair *pair)
{
	const char *got = pair->opts & PAIRFUSE_OPT_ONCE ? "yes" : "no";
	char entry[64], exit[64], want[64];
	unsigned int i;

	for (i = 0; i < c->nr_lines; i++)
		if (sscanf(c->lines[i], "once: %63s %63s %63s", entry, exit, want) == 3 &&
		    !strcmp(entry, prog_name(obj, pair->entry)) &&
		    !strcmp(exit, prog_name(obj, pair->exit)) && strcmp(want, got))
			fail_msg("%s: %s %s: asked once: %s, expected %s", c->source, entry,
				 exit, got, want);
}

static void check_words(const struct case_file *c, const struct test_object *obj,
			const struct pairfuse_pair *pair)
{
	char entry[64], exit[64], words[192];
	unsigned int i;

	for (i = 0; i < c->nr_lines; i++)
		if (sscanf(c->lines[i], "told: %63s %63s %191[^\n]", entry, exit, words) == 3 &&
		    !strcmp(entry, prog_name(obj, pair->entry)) &&
		    !strcmp(exit, prog_name(obj, pair->exit)) &&
		    !strstr(pair->reason_text, words) && !strstr(pair->nesting, words))
			fail_msg("%s: %s %s: not told: %s; but: %s%s", c->source, entry, exit,
				 words, pair->reason_text, pair->nesting);
}

/* Whatever is optimised, stack traces want it. */
static void check_hook(const struct case_file *c, const struct test_object *obj,
		       const struct pairfuse_pair *pair)
{
	const char *got = pair->shared_only ? "shared" : "any";
	char entry[64], exit[64], want[64];
	unsigned int i;

	for (i = 0; pair->reason == PAIRFUSE_REASON_NONE && i < c->nr_lines; i++)
		if (sscanf(c->lines[i], "hook: %63s %63s %63s", entry, exit, want) == 3 &&
		    !strcmp(entry, prog_name(obj, pair->entry)) &&
		    !strcmp(exit, prog_name(obj, pair->exit)) && strcmp(want, got))
			fail_msg("%s: %s %s: hook %s, expected %s", c->source, entry, exit, got,
				 want);
}

static void check_equivalence(const struct case_file *c, const struct test_object *obj,
			      const struct pairfuse_result *res)
{
	char buf[256];
	unsigned int seed;
	long saved;

	for (seed = 1; seed <= 4; seed++)
		if (equiv_run(obj, res, seed, INVOCATIONS, buf, sizeof(buf), &saved))
			fail_msg("%s: seed %u: %s", c->source, seed, buf);
}

/* Any function; the first argument is a structure. */
static void default_protos(struct test_object *obj)
{
	size_t i;

	for (i = 0; i < obj->in.nr_progs; i++) {
		obj->protos[i] = (struct pairfuse_proto){
			.nr_regs = 4, .ret_size = 8, .btf_id = { 101 },
		};
		obj->progs[i].proto = &obj->protos[i];
	}
}

static void check_verifier(const struct case_file *c, const struct test_object *obj,
			   const struct pairfuse_result *res)
{
	char buf[4096];

	if (kernel_rejects(obj, res, buf, sizeof(buf)))
		fail_msg("%s: the kernel's verifier: %s", c->source, buf);
}

static void prepare(struct case_file *c, struct test_object *obj, bool clock)
{
	unsigned int i;

	obj->in.rdonly_cast_id = 4242;
	obj->in.clock = clock ? PAIRFUSE_CLOCK_COUNTER : PAIRFUSE_CLOCK_PROGRAMS;
	obj->in.filter = clock;
	if (!c->nr_expect)
		default_protos(obj);
	for (i = 0; i < c->nr_lines; i++)
		apply(obj, c->lines[i]);
}

static unsigned int nr_fused(const struct pairfuse_result *res)
{
	unsigned int i, fused = 0;

	for (i = 0; i < res->nr_pairs; i++)
		fused += res->pairs[i].reason == PAIRFUSE_REASON_NONE;
	return fused;
}

/* What `pairfuse load` does unasked finds no difference, and has seen the pair at work. */
static void check_brief(const struct case_file *c, const struct test_object *obj,
			struct pairfuse_result *res)
{
	size_t i;

	pairfuse_check_groups(&obj->in, res, NULL, PAIRFUSE_CHECK_BRIEF);
	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_checked *checked = &res->pairs[i].checked;

		if (res->pairs[i].reason == PAIRFUSE_REASON_SELF_CHECK)
			fail_msg("%s: %s", c->source, res->pairs[i].reason_text);
		if (res->pairs[i].reason)
			continue;
		if (checked->unchecked[0])
			fail_msg("%s: unchecked: %s", c->source, checked->unchecked);
		brief.pairs++;
		brief.insns += checked->entry.insns + checked->exit.insns;
		brief.run += checked->entry.run + checked->exit.run;
	}
}

/* Without any one of the optimisations: another program, perhaps another verdict. */
static void check_without(struct case_file *c, struct test_object *obj)
{
	struct pairfuse_result *res;
	unsigned int opt;
	size_t i;

	prepare(c, obj, true);
	/* code without a prototype is for display only; with the map kept, it is run */
	for (i = 0; i < obj->in.nr_progs; i++) {
		if (obj->progs[i].proto)
			continue;
		obj->protos[i] = (struct pairfuse_proto){ .nr_regs = 4, .ret_size = 8 };
		obj->progs[i].proto = &obj->protos[i];
	}
	assert_int_equal(pairfuse_analyze(&obj->in, &res), 0);
	check_brief(c, obj, res);
	pairfuse_result_free(res);
	for (opt = 1; opt <= PAIRFUSE_OPT_OPTIONAL; opt <<= 1) {
		if (!(opt & PAIRFUSE_OPT_OPTIONAL))
			continue;
		obj->in.without = opt;
		assert_int_equal(pairfuse_analyze(&obj->in, &res), 0);
		/* removing dead code prunes, too */
		for (i = 0; opt != PAIRFUSE_OPT_DEAD && i < res->nr_pairs; i++)
			assert_false(res->pairs[i].opts & opt);
		for (i = 0; i < res->nr_pairs; i++)
			check_hook(c, obj, &res->pairs[i]);
		if (nr_fused(res))
			check_equivalence(c, obj, res);
		check_verifier(c, obj, res);
		pairfuse_result_free(res);
	}
	obj->in.without = 0;
}

static void check_object(struct case_file *c, struct test_object *obj, bool clock)
{
	struct pairfuse_result *res;
	unsigned int i, fused;

	prepare(c, obj, clock);
	assert_int_equal(pairfuse_analyze(&obj->in, &res), 0);
	for (i = 0; i < res->nr_pairs; i++) {
		if (c->nr_expect)
			check_pair(c, obj, &res->pairs[i]);
		check_clock(c, obj, &res->pairs[i]);
		check_filter(c, obj, &res->pairs[i]);
		check_once(c, obj, &res->pairs[i]);
		check_words(c, obj, &res->pairs[i]);
		check_hook(c, obj, &res->pairs[i]);
	}
	fused = nr_fused(res);
	assert_int_equal(c->nr_expect ? res->nr_pairs : fused, c->nr_expect ?: res->nr_pairs);
	if (fused)
		check_equivalence(c, obj, res);
	check_verifier(c, obj, res);
	pairfuse_result_free(res);
}

static void test_case(void **state)
{
	struct case_file *c = *state;
	struct test_object *obj;
	int err;

	if (c->source[0])
		read_case(c);
	err = test_object_open(c->object, &obj);
	if (err)
		fail_msg("%s: %s", c->object, strerror(-err));
	check_object(c, obj, false);
	check_object(c, obj, true);
	check_without(c, obj);
	test_object_close(obj);
}

/* --- running --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct case_file *)a)->name, ((const struct case_file *)b)->name);
}

static struct case_file *add_case(void)
{
	cases = realloc(cases, (nr_cases + 1) * sizeof(*cases));
	memset(&cases[nr_cases], 0, sizeof(*cases));
	return &cases[nr_cases++];
}

static void add_object(const char *path)
{
	struct case_file *c = add_case();
	const char *slash = strrchr(path, '/');

	snprintf(c->name, sizeof(c->name), "%s", slash ? slash + 1 : path);
	snprintf(c->object, sizeof(c->object), "%s", path);
}

static void find_cases(const char *source, const char *build)
{
	DIR *dir = opendir(source);
	struct dirent *d;
	char *dot;

	if (!dir) {
		fprintf(stderr, "%s: no such directory\n", source);
		exit(1);
	}
	while ((d = readdir(dir))) {
		struct case_file *c;

		dot = strstr(d->d_name, ".bpf.");
		if (!dot || strcmp(dot, ".bpf.c"))
			continue;
		c = add_case();
		snprintf(c->name, sizeof(c->name), "%.*s", (int)(dot - d->d_name), d->d_name);
		snprintf(c->source, sizeof(c->source), "%s/%s", source, d->d_name);
		snprintf(c->object, sizeof(c->object), "%s/%s/%s.bpf.o", build, source,
			 c->name);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests;
	size_t i;
	int a;

	/* build directory, then directories of sources, and objects */
	for (a = 2; a < argc; a++) {
		if (strstr(argv[a], ".bpf.o"))
			add_object(argv[a]);
		else
			find_cases(argv[a], argv[1]);
	}
	qsort(cases, nr_cases, sizeof(*cases), by_name);
	tests = calloc(nr_cases + 1, sizeof(*tests));
	for (i = 0; i < nr_cases; i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = test_case;
		tests[i].initial_state = &cases[i];
	}
	a = _cmocka_run_group_tests("cases", tests, nr_cases, NULL, NULL);
	printf("self-check, brief: %u pairs without a difference, %u of %u instructions have run\n",
	       brief.pairs, brief.run, brief.insns);
	free(tests);
	free(cases);
	return a;
}
