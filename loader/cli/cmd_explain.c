// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse explain: what would be fused, and why not; needs no privilege.
 */
#include <linux/pairfuse.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "analysis.h"
#include "cli.h"
#include "hook.h"
#include "json.h"
#include "object.h"
#include "pairfuse.h"
#include "selfcheck.h"

enum { OPT_BTF = CLI_NR_OBJECT_OPTIONS, OPT_JSON };

static const struct cli_option options[] = {
	CLI_OBJECT_OPTIONS,
	{ "btf", 'b', "FILE", "for the kernel whose BTF is in FILE, not for this one" },
	{ "json", 'j', NULL, "one JSON document" },
	{}
};

static struct explain {
	struct cli_object_options object;
	bool json;
} state = { .object = { .self_check = PAIRFUSE_SELF_CHECK_BRIEF } };

static bool explain_option(void *arg, int index, const char *value)
{
	struct explain *e = arg;

	if (index == OPT_BTF)
		e->object.btf = value;
	else if (index == OPT_JSON)
		e->json = true;
	else
		return cli_object_option(&e->object, &options[index], index, value);
	return true;
}

/* --- names --- */

static const char *map_type(const struct bpf_map *map, char *buf, size_t len)
{
	const char *name = libbpf_bpf_map_type_str(bpf_map__type(map));

	if (name)
		snprintf(buf, len, "%s", name);
	else
		snprintf(buf, len, "type %d", bpf_map__type(map));
	return buf;
}

typedef void (*opt_fn)(void *arg, const char *name);

static void for_each_opt(const struct pairfuse_pair *a, opt_fn fn, void *arg)
{
	unsigned int bit;

	for (bit = 1; bit && bit <= a->opts; bit <<= 1)
		if (a->opts & bit)
			fn(arg, pairfuse_opt_name(bit));
}

/* The instruction that the refusal is about, as text; NULL: none in particular. */
static const char *reason_insn(const struct pairfuse_object *obj,
			       const struct pairfuse_opair *pair, char *text, size_t len)
{
	const struct pairfuse_pair *a = pair->analysis;
	const struct pairfuse_prog *prog;

	if (!a || a->reason_prog < 0 || a->reason_insn < 0)
		return NULL;
	prog = &obj->in_progs[a->reason_prog];
	if ((size_t)a->reason_insn >= prog->nr_insns)
		return NULL;
	return pairfuse_insn_text(&prog->insns[a->reason_insn], prog->nr_insns - a->reason_insn,
				  text, len);
}

/* --- text --- */

/* In short: "fused", the id of a reason, or NULL for what is no half of a pair. */
static const char *program_verdict(const struct pairfuse_object *obj, size_t prog)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++)
		if (obj->pairs[i].entry == (int)prog || obj->pairs[i].exit == (int)prog)
			return obj->pairs[i].reason ? obj->pairs[i].verdict.reason_id : "fused";
	return NULL;
}

static void programs_text(const struct pairfuse_object *obj)
{
	struct cli_table *t = cli_table_new(5);
	const char *verdict;
	size_t i;

	cli_table_cell(t, "PROGRAM");
	cli_table_cell(t, "SECTION");
	cli_table_cell(t, "FUNCTION");
	cli_table_cell(t, "INSTRUCTIONS");
	cli_table_cell(t, "VERDICT");
	for (i = 0; i < obj->nr_progs; i++) {
		const struct pairfuse_oprog *p = &obj->progs[i];

		cli_table_cell(t, "%s", bpf_program__name(p->bpf));
		cli_table_cell(t, "%s", bpf_program__section_name(p->bpf));
		cli_table_cell(t, "%s%s", p->func ? p->func : "-",
			       p->at == PAIRFUSE_AT_OTHER || !p->func || p->func_known ||
					       !obj->kbtf ? "" :
			       pairfuse_is_placeholder(p->func) ? " (placeholder)" :
								  " (not in this kernel)");
		cli_table_cell(t, "%zu%s", bpf_program__insn_cnt(p->bpf),
			       p->optional ? " (not loaded)" : "");
		verdict = program_verdict(obj, i);
		if (verdict)
			cli_table_cell(t, "%s", verdict);
		else
			cli_table_cell(t, "no half of a pair: %s",
				       pairfuse_hook_why_none(bpf_program__section_name(p->bpf)));
	}
	cli_table_print(t, stdout);
}

static void opt_text(void *arg, const char *name)
{
	printf(" %s", name);
}

/* second: the instruction before was the first half of a 64 bit load */
static void column(const struct bpf_insn *insns, size_t n, size_t i, bool *second, int width)
{
	char text[128] = "", line[160] = "";

	if (i < n) {
		if (*second)
			snprintf(line, sizeof(line), "%4zu:", i);
		else
			snprintf(line, sizeof(line), "%4zu: %s", i,
				 pairfuse_insn_text(&insns[i], n - i, text, sizeof(text)));
		*second = !*second && insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	printf("    %-*s", width, line);
}

static void dump(const char *what, const struct pairfuse_prog *in,
		 const struct pairfuse_code *code)
{
	bool left = false, right = false;
	size_t i;

	printf("  %s '%s': %zu instructions, rewritten %zu\n", what, in->name, in->nr_insns,
	       code->nr_insns);
	for (i = 0; i < in->nr_insns || i < code->nr_insns; i++) {
		column(in->insns, in->nr_insns, i, &left, 56);
		column(code->insns, code->nr_insns, i, &right, 0);
		putchar('\n');
	}
}

static void carrier_text(const struct pairfuse_object *obj, const struct pairfuse_opair *pair)
{
	const struct pairfuse_pair *a = pair->analysis;
	char type[32];

	if (!a || a->carrier < 0)
		return;
	printf("  carrier  %s (%s), key %s, %u bytes of state\n", obj->in_maps[a->carrier].name,
	       map_type(pairfuse_object_map(obj, a->carrier), type, sizeof(type)),
	       pairfuse_key_name(a->key), a->state_size);
}

/* What nobody but the tool decides, at run time. */
static void unless_text(const struct pairfuse_object *obj, const struct pairfuse_pair *a)
{
	if (obj->undeclared)
		printf("  unless   the tool puts '%s' into map of maps '%s', which does not declare what it takes: 'run' sees that\n",
		       obj->in_maps[a->carrier].name, bpf_map__name(obj->undeclared));
}

static const char *storage_text(enum pairfuse_storage storage)
{
	switch (storage) {
	case PAIRFUSE_STORAGE_TASK:
		return "in task storage";
	case PAIRFUSE_STORAGE_MAP:
		return "in the map";
	case PAIRFUSE_STORAGE_SLOT:
		break;
	}
	return "in a slot on the stack";
}

static void filter_text(const struct pairfuse_pair *a)
{
	switch (a->filter) {
	case PAIRFUSE_FILTER_TGID:
		printf("  filter   process %u, compared by the stub\n", a->filter_value);
		break;
	case PAIRFUSE_FILTER_TID:
		printf("  filter   thread %u, compared by the stub\n", a->filter_value);
		break;
	case PAIRFUSE_FILTER_COMM:
		printf("  filter   first characters of the name, compared by the stub\n");
		break;
	}
}

static const char *clock_text(enum pairfuse_clock clock)
{
	switch (clock) {
	case PAIRFUSE_CLOCK_COUNTER:
		return "taken by the stub, from the CPU's counter";
	case PAIRFUSE_CLOCK_MONOTONIC:
		return "taken by the stub, CLOCK_MONOTONIC";
	case PAIRFUSE_CLOCK_PROGRAMS:
		break;
	}
	return "left to the programs";
}

/* What came of trying the pair; of each program in verbose mode. */
static void checked_text(const struct pairfuse_checked *c)
{
	char text[256];

	if (!pairfuse_checked_text(c, text, sizeof(text))[0])
		return;
	printf("  checked  %s\n", text);
	if (cli_verbose && c->calls)
		printf("           entry %u of %u, exit %u of %u instructions\n", c->entry.run,
		       c->entry.insns, c->exit.run, c->exit.insns);
}

static void pair_text(const struct pairfuse_object *obj, const struct pairfuse_opair *pair)
{
	const struct pairfuse_verdict *v = &pair->verdict;
	const struct pairfuse_pair *a = pair->analysis;
	char text[128];
	const char *insn = reason_insn(obj, pair, text, sizeof(text));

	printf("\n%s: %s + %s\n", v->target ? v->target : "(no function)",
	       v->entry ? v->entry : "(no entry)", v->exit ? v->exit : "(no exit)");
	carrier_text(obj, pair);
	if (!pair->reason) {
		printf("  verdict  can be fused\n");
		unless_text(obj, a);
		printf("  nesting  %s: %s\n", a->exact ? "exact" : "per call", a->nesting);
		printf("  state    %s\n", storage_text(a->storage));
		if (a->opts) {
			printf("  applied ");
			for_each_opt(a, opt_text, NULL);
			putchar('\n');
		}
		printf("  exit     runs %s\n", a->exit_always || a->storage == PAIRFUSE_STORAGE_MAP ?
						 "always" : "when the entry has left state");
		filter_text(a);
		if (cli_verbose || obj->self_check != PAIRFUSE_SELF_CHECK_BRIEF)
			checked_text(&a->checked);
		printf("  time     %s%s\n", clock_text(a->clock),
		       a->no_entry ? "; nothing is left of the entry program" : "");
		if (cli_verbose) {
			dump("entry", &obj->in_progs[a->entry], &a->entry_code);
			dump("exit", &obj->in_progs[a->exit], &a->exit_code);
		}
		return;
	}
	printf("  verdict  not fused: %s: %s\n", v->reason_id, v->reason);
	if (insn)
		printf("  at       program '%s', instruction %d: %s\n", v->reason_prog,
		       v->reason_insn, insn);
}

/* Pairs on placeholders that cannot be tried, or are left out: their function is missing. */
static bool wants_function(const struct pairfuse_opair *pair)
{
	return pair->reason == PAIRFUSE_REASON_UNCHECKED && pair->verdict.target &&
	       pairfuse_is_placeholder(pair->verdict.target);
}

static void explain_text(const struct pairfuse_object *obj)
{
	size_t i, pairs = 0, fused = 0, unknown = 0;

	programs_text(obj);
	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_verdict *v = &obj->pairs[i].verdict;

		pairs += v->entry && v->exit;
		fused += v->entry && v->exit && v->fused;
		unknown += wants_function(&obj->pairs[i]);
		pair_text(obj, &obj->pairs[i]);
	}
	printf("\npairfuse: %zu of %zu pairs can be fused\n", fused, pairs);
	if (unknown)
		printf("pairfuse: %zu cannot be tried because their functions are placeholders: name them with --fs (" CLI_FILESYSTEMS ") or --target\n",
		       unknown);
}

/* --- JSON --- */

static void programs_json(const struct pairfuse_object *obj, struct pairfuse_json *w)
{
	size_t i;

	pairfuse_json_array(w, "programs");
	for (i = 0; i < obj->nr_progs; i++) {
		const struct pairfuse_oprog *p = &obj->progs[i];

		pairfuse_json_object(w, NULL);
		pairfuse_json_string(w, "name", bpf_program__name(p->bpf));
		pairfuse_json_string(w, "section", bpf_program__section_name(p->bpf));
		pairfuse_json_string(w, "function", p->func);
		pairfuse_json_bool(w, "function_known", p->func_known);
		pairfuse_json_uint(w, "instructions", bpf_program__insn_cnt(p->bpf));
		pairfuse_json_bool(w, "loaded", !p->optional);
		pairfuse_json_string(w, "verdict", program_verdict(obj, i));
		if (!program_verdict(obj, i))
			pairfuse_json_string(w, "why", pairfuse_hook_why_none(
					     bpf_program__section_name(p->bpf)));
		pairfuse_json_object_end(w);
	}
	pairfuse_json_array_end(w);
}

static void opt_json(void *arg, const char *name)
{
	pairfuse_json_string(arg, NULL, name);
}

static void code_json(struct pairfuse_json *w, const char *name, const struct bpf_insn *insns,
		      size_t n)
{
	char text[128];
	size_t i;

	pairfuse_json_array(w, name);
	for (i = 0; i < n; i++) {
		pairfuse_json_string(w, NULL, pairfuse_insn_text(&insns[i], n - i, text,
								 sizeof(text)));
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && ++i < n)
			pairfuse_json_string(w, NULL, "");
	}
	pairfuse_json_array_end(w);
}

static void dump_json(struct pairfuse_json *w, const char *name, const struct pairfuse_prog *in,
		      const struct pairfuse_code *code)
{
	pairfuse_json_object(w, name);
	code_json(w, "original", in->insns, in->nr_insns);
	code_json(w, "rewritten", code->insns, code->nr_insns);
	pairfuse_json_object_end(w);
}

static void fused_json(const struct pairfuse_object *obj, struct pairfuse_json *w,
		       const struct pairfuse_pair *a)
{
	pairfuse_json_string(w, "nesting", a->exact ? "exact" : "per-call");
	pairfuse_json_string(w, "nesting_text", a->nesting);
	pairfuse_json_string(w, "storage", pairfuse_storage_name(a->storage));
	if (obj->undeclared)
		pairfuse_json_string(w, "unless_put_into", bpf_map__name(obj->undeclared));
	pairfuse_json_bool(w, "exit_always", a->exit_always);
	pairfuse_json_string(w, "clock", pairfuse_clock_name(a->clock));
	pairfuse_json_bool(w, "no_entry", a->no_entry);
	if (a->filter)
		pairfuse_json_uint(w, a->filter == PAIRFUSE_FILTER_TGID ? "filter_tgid" :
				      a->filter == PAIRFUSE_FILTER_TID ? "filter_tid" :
									 "filter_comm",
				   a->filter_value);
	pairfuse_json_array(w, "applied");
	for_each_opt(a, opt_json, w);
	pairfuse_json_array_end(w);
	pairfuse_checked_json(w, &a->checked);
	pairfuse_json_uint(w, "entry_instructions", a->entry_code.nr_insns);
	pairfuse_json_uint(w, "exit_instructions", a->exit_code.nr_insns);
	if (!cli_verbose)
		return;
	dump_json(w, "entry_code", &obj->in_progs[a->entry], &a->entry_code);
	dump_json(w, "exit_code", &obj->in_progs[a->exit], &a->exit_code);
}

static const char *hook_name(enum pairfuse_hook_type at)
{
	switch (at) {
	case PAIRFUSE_AT_FENTRY:
	case PAIRFUSE_AT_FEXIT:
		return "fentry";
	case PAIRFUSE_AT_KPROBE:
	case PAIRFUSE_AT_KRETPROBE:
		return "kprobe";
	case PAIRFUSE_AT_SYS_ENTER:
	case PAIRFUSE_AT_SYS_EXIT:
		return "syscall";
	case PAIRFUSE_AT_MODIFY:
	case PAIRFUSE_AT_OTHER:
		break;
	}
	return NULL;
}

static void pair_json(const struct pairfuse_object *obj, struct pairfuse_json *w,
		      const struct pairfuse_opair *pair)
{
	const struct pairfuse_verdict *v = &pair->verdict;
	char text[128];
	const char *insn = reason_insn(obj, pair, text, sizeof(text));

	pairfuse_json_object(w, NULL);
	pairfuse_json_string(w, "entry", v->entry);
	pairfuse_json_string(w, "exit", v->exit);
	pairfuse_json_string(w, "function", v->target);
	pairfuse_json_string(w, "hook",
			     hook_name(obj->progs[pair->entry < 0 ? pair->exit : pair->entry].at));
	pairfuse_json_string(w, "module", v->module);
	pairfuse_json_string(w, "carrier", v->carrier);
	pairfuse_json_string(w, "key", v->key);
	pairfuse_json_uint(w, "state_size", v->state_size);
	pairfuse_json_bool(w, "fused", v->fused);
	pairfuse_json_string(w, "reason", v->reason_id);
	pairfuse_json_string(w, "text", v->reason);
	if (insn) {
		pairfuse_json_string(w, "reason_program", v->reason_prog);
		pairfuse_json_int(w, "reason_instruction", v->reason_insn);
		pairfuse_json_string(w, "reason_instruction_text", insn);
	}
	if (!pair->reason)
		fused_json(obj, w, pair->analysis);
	pairfuse_json_object_end(w);
}

static void explain_json(const struct pairfuse_object *obj)
{
	struct pairfuse_json w;
	size_t i;

	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "explain");
	pairfuse_json_string(&w, "object", obj->name);
	programs_json(obj, &w);
	pairfuse_json_array(&w, "pairs");
	for (i = 0; i < obj->nr_pairs; i++)
		pair_json(obj, &w, &obj->pairs[i]);
	pairfuse_json_array_end(&w);
	pairfuse_json_end(&w);
}

static int explain_run(void *arg, char **args)
{
	struct pairfuse_object *obj;
	struct explain *e = arg;
	int err;

	e->object.to_explain = true;
	if (cli_object_open(args[0], &e->object, &obj))
		return CLI_FAILED;
	err = pairfuse_object__explain(obj);
	if (err)
		cli_show_libbpf_tail();
	else if (e->json)
		explain_json(obj);
	else
		explain_text(obj);
	pairfuse_object__close(obj);
	return err ? CLI_FAILED : CLI_OK;
}

const struct cli_verb cmd_explain = {
	.name = "explain",
	.args = "OBJ",
	.nr_args = 1,
	.summary = "tell which pairs of a BPF object can be fused, and why not the others",
	.details =
		"Loads nothing into the kernel and needs no privilege. With -v the rewritten\n"
		"instructions are shown next to the original ones.\n",
	.options = options,
	.option = explain_option,
	.run = explain_run,
	.state = &state,
};
