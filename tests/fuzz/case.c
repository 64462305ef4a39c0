// SPDX-License-Identifier: GPL-2.0
/*
 * A whole case: maps, groups, functions, and the programs on them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "hook.h"

static const char *const functions[FUZZ_MAX_PAIRS] = { "f0", "f1", "f2", "f3", "f4", "f5" };
static const char *const syscalls[FUZZ_MAX_PAIRS] = {
	"__x64_sys_f0", "__x64_sys_f1", "__x64_sys_f2", "__x64_sys_f3", "__x64_sys_f4",
	"__x64_sys_f5",
};
static const char *const entries[FUZZ_MAX_PAIRS] = {
	"entry0", "entry1", "entry2", "entry3", "entry4", "entry5"
};
static const char *const exits[FUZZ_MAX_PAIRS] = {
	"exit0", "exit1", "exit2", "exit3", "exit4", "exit5"
};

static int map_ref(void *arg, const struct bpf_insn *insn)
{
	const struct gen *g = arg;

	return insn->imm >= 0 && (unsigned int)insn->imm < g->nr_maps ? insn->imm : -1;
}

/* --- maps --- */

static int add_map(struct gen *g, const char *name, enum bpf_map_type type, unsigned int key,
		   unsigned int value, unsigned int entries)
{
	g->maps[g->nr_maps] = (struct pairfuse_map){
		.name = name, .type = type, .key_size = key, .value_size = value,
		.max_entries = entries,
	};
	return g->nr_maps++;
}

static void common_maps(struct gen *g)
{
	unsigned int i;

	g->bss = add_map(g, ".bss", BPF_MAP_TYPE_ARRAY, 4, 8 * FUZZ_GLOBALS, 1);
	g->maps[g->bss].shown = true;
	g->rodata = add_map(g, ".rodata", BPF_MAP_TYPE_ARRAY, 4, 8 * FUZZ_RODATA, 1);
	for (i = 0; i < FUZZ_RODATA; i++)
		g->options[i] = fuzz_chance(g, 30) ? 0 : fuzz_chance(g, 60) ?
				1000 + fuzz_rnd(g, 4) : (__u64)fuzz_number(g);
	g->maps[g->rodata].frozen = fuzz_chance(g, 90);
	g->maps[g->rodata].shown = true;
	g->maps[g->rodata].rodata = g->options;
	g->hist = add_map(g, "hist", BPF_MAP_TYPE_ARRAY, 4, 8, 8);
	g->counts = add_map(g, "counts", BPF_MAP_TYPE_HASH, 4, 8, 1024);
	g->events = add_map(g, "events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2);
	g->ring = add_map(g, "ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	g->stacks = add_map(g, "stacks", BPF_MAP_TYPE_STACK_TRACE, 4, 8 * 127, 100);
	g->more = add_map(g, "more", BPF_MAP_TYPE_HASH, 4, 8, 1024);
	g->config = add_map(g, "config", BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	g->scratch = add_map(g, "scratch", BPF_MAP_TYPE_PERCPU_ARRAY, 4, FUZZ_SCRATCH, 1);
}

/* --- groups --- */

static enum bpf_map_type carrier_type(struct gen *g)
{
	static const enum bpf_map_type types[] = {
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_TASK_STORAGE,
	};

	return types[fuzz_rnd(g, sizeof(types) / sizeof(types[0]))];
}

static enum fuzz_key hash_key(struct gen *g, bool args)
{
	static const enum fuzz_key keys[] = {
		FUZZ_KEY_TID, FUZZ_KEY_TID, FUZZ_KEY_TID, FUZZ_KEY_TID64, FUZZ_KEY_TID_CONST,
		FUZZ_KEY_TGID, FUZZ_KEY_PID_TGID, FUZZ_KEY_PID_TGID, FUZZ_KEY_TASK,
		FUZZ_KEY_CONST, FUZZ_KEY_ARG, FUZZ_KEY_TID_ARG,
	};

	return keys[fuzz_rnd(g, sizeof(keys) / sizeof(keys[0]) - 2 * !args)];
}

static unsigned int key_size(enum fuzz_key key)
{
	switch (key) {
	case FUZZ_KEY_TID:
	case FUZZ_KEY_TGID:
	case FUZZ_KEY_CONST:
		return 4;
	case FUZZ_KEY_TID_ARG:
		return 16;
	default:
		return 8;
	}
}

static void fields(struct gen *g, struct fuzz_group *group)
{
	unsigned int n = 1 + fuzz_rnd(g, fuzz_chance(g, 70) ? 3 : FUZZ_MAX_FIELDS), i, off = 0;

	for (i = 0; i < n; i++) {
		unsigned int size = i ? 1 << fuzz_rnd(g, 4) : fuzz_chance(g, 80) ? 8 : 4;

		off = (off + size - 1) & ~(size - 1);
		group->fields[i] = (struct fuzz_field){ off, size };
		off += size;
		if (off < 64 && fuzz_chance(g, 5))
			off += fuzz_rnd(g, 40);	/* what nobody looks at */
	}
	group->nr_fields = n;
	group->value_size = fuzz_chance(g, 80) ? (off + 7) & ~7U : off;
}

static bool is_array(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* Do threads have different keys? */
static bool is_private(enum fuzz_key key)
{
	return key == FUZZ_KEY_TID || key == FUZZ_KEY_TID64 || key == FUZZ_KEY_TID_CONST ||
	       key == FUZZ_KEY_PID_TGID || key == FUZZ_KEY_TASK;
}

/* What a group has beside its carrier, most of them nothing. */
static void make_shape(struct gen *g, struct fuzz_group *group)
{
	bool hash = !is_array(group->type) && group->type != BPF_MAP_TYPE_TASK_STORAGE;
	bool removes = hash && group->consume == FUZZ_REMOVE;

	group->apart = group->key == FUZZ_KEY_TID_CONST && fuzz_chance(g, 60);
	group->noexist = removes && fuzz_chance(g, 2);
	group->scratch = fuzz_chance(g, 2);
	group->counts_missing = fuzz_chance(g, 2) && !is_array(group->type);
	group->second = group->tally = -1;
	if (removes && is_private(group->key) && fuzz_chance(g, 3))
		group->second = add_map(g, "second", BPF_MAP_TYPE_HASH, key_size(group->key), 8,
					1024);
	else if (hash && is_private(group->key) && fuzz_chance(g, 3))
		group->tally = add_map(g, "tally", BPF_MAP_TYPE_HASH, key_size(group->key), 8,
				       1024);
}

static void make_group(struct gen *g, struct fuzz_group *group, bool args, const char *name)
{
	bool storage;

	*group = (struct fuzz_group){ .type = carrier_type(g) };
	storage = group->type == BPF_MAP_TYPE_TASK_STORAGE;
	group->key = hash_key(g, args);
	group->index = fuzz_rnd(g, 4);
	if (is_array(group->type))
		group->key = FUZZ_KEY_CONST;
	fields(g, group);
	group->sloppy = fuzz_chance(g, 10);
	/* what stays is refused, mostly: it is for user space */
	group->consume = is_array(group->type) ? fuzz_chance(g, 10) ? FUZZ_STORE : FUZZ_ZERO :
			 storage && fuzz_chance(g, 40) ? FUZZ_ZERO :
			 fuzz_chance(g, storage ? 15 : 5) ? FUZZ_STORE : FUZZ_REMOVE;
	if (group->consume == FUZZ_REMOVE && fuzz_chance(g, 2))
		group->consume = FUZZ_KEEP;
	group->filtered = fuzz_chance(g, group->consume == FUZZ_STORE ? 4 : 35);
	group->filter = fuzz_cond_fixed(g, args);
	group->declines = group->consume == FUZZ_REMOVE &&
			  fuzz_chance(g, is_private(group->key) ? 8 : 2);
	group->full = !is_array(group->type) && fuzz_chance(g, 60);
	make_shape(g, group);
	/* another map may become the carrier: then this one is output */
	if (!is_array(group->type) && (group->second >= 0 || group->tally >= 0 || group->scratch))
		group->full = true;
	group->map = add_map(g, name, group->type, storage ? 4 : key_size(group->key),
			     group->value_size, storage ? 0 : 4);
}

/* --- programs --- */

static void make_program(struct fuzz_case *c, unsigned int p, bool is_exit,
			 const struct fuzz_group *group, enum pairfuse_hook_type at)
{
	struct pairfuse_prog *prog = &c->obj.progs[2 * p + is_exit];
	struct gen *g = c->gen;
	unsigned int i;
	size_t size;
	void *copy;

	g->nr = g->nr_outs = g->nr_subs = g->loops = 0;
	g->indexed = false;
	g->group = group;
	g->index = group->index + (group->apart ? p : 0);
	c->group_of[p] = group;
	g->proto = &c->obj.protos[2 * p];
	g->at = at;
	g->is_exit = is_exit;
	if (is_exit)
		fuzz_exit(g);
	else
		fuzz_entry(g);
	for (i = 0; i < g->nr_outs; i++)
		fuzz_here(g, g->outs[i]);
	if (g->nr_outs) {	/* nothing that cannot be reached */
		fuzz_emit(g, PAIRFUSE_MOV_IMM(0, 0));
		fuzz_emit(g, PAIRFUSE_EXIT());
	}
	fuzz_subs(g);
	size = g->nr * sizeof(g->insns[0]);
	copy = malloc(size);
	memcpy(copy, g->insns, size);
	*prog = (struct pairfuse_prog){
		.name = is_exit ? exits[p] : entries[p],
		.section = is_exit ? exits[p] : entries[p],
		.at = at,
		.target = pairfuse_hook_is_syscall(at) ? syscalls[c->func_of[p]] :
							 functions[c->func_of[p]],
		.proto = g->proto,
		.cookie = fuzz_chance(g, 50) ? 0 : fuzz_number(g),
		.insns = copy,
		.nr_insns = g->nr,
	};
}

/* Exits of other kinds do not have the arguments. */
static bool needs_args(const struct fuzz_group *group)
{
	return group->key == FUZZ_KEY_ARG || group->key == FUZZ_KEY_TID_ARG;
}

static enum pairfuse_hook_type entry_hook(struct gen *g, const struct fuzz_group *group)
{
	static const enum pairfuse_hook_type hooks[] = {
		PAIRFUSE_AT_FENTRY, PAIRFUSE_AT_FENTRY, PAIRFUSE_AT_FENTRY, PAIRFUSE_AT_KPROBE,
		PAIRFUSE_AT_SYS_ENTER,
	};

	unsigned int n = fuzz_rnd(g, sizeof(hooks) / sizeof(hooks[0]));

	return needs_args(group) ? PAIRFUSE_AT_FENTRY : hooks[n];
}

static void make_proto(struct gen *g, enum pairfuse_hook_type at, struct pairfuse_proto *proto)
{
	if (pairfuse_hook_is_syscall(at)) {
		*proto = (struct pairfuse_proto){ .nr_regs = 1, .ret_size = 8,
						  .btf_id = { 102 } };
		return;
	}
	*proto = (struct pairfuse_proto){
		.nr_regs = 1 + fuzz_rnd(g, PAIRFUSE_MAX_REGS),
		.ret_size = fuzz_chance(g, 90) ? 4U << fuzz_rnd(g, 2) : 0,
		.btf_id = { fuzz_chance(g, 40) ? 100 : 0 },
	};
	if (proto->ret_size == 8 && fuzz_chance(g, 30))
		proto->btf_id[PAIRFUSE_VALUE_RET] = 100;
}

/* Is a pair on the function of the one before? With a map in common, that is ambiguous. */
static bool on_the_same(const struct fuzz_case *c, const struct fuzz_group *group, unsigned int i)
{
	unsigned int p = c->obj.in.nr_progs / 2;
	bool args = p && c->obj.progs[2 * p - 2].at == PAIRFUSE_AT_FENTRY;

	if (i)
		return fuzz_chance(c->gen, 1) && (args || !needs_args(group));
	return p && c->together && (args || !needs_args(group));
}

static void make_pairs(struct fuzz_case *c, struct fuzz_group *group, unsigned int nr)
{
	struct gen *g = c->gen;
	enum pairfuse_hook_type at = entry_hook(g, group);
	unsigned int i, p;

	for (i = 0; i < nr; i++) {
		p = c->obj.in.nr_progs / 2;
		if (i && fuzz_chance(g, 20))
			at = entry_hook(g, group);
		c->func_of[p] = p;
		if (on_the_same(c, group, i)) {
			at = c->obj.progs[2 * p - 2].at;
			c->func_of[p] = c->func_of[p - 1];
			c->obj.protos[2 * p] = c->obj.protos[2 * p - 2];
		} else {
			make_proto(g, at, &c->obj.protos[2 * p]);
		}
		make_program(c, p, false, group, at);
		make_program(c, p, true, group, pairfuse_hook_partner(at));
		c->obj.in.nr_progs += 2;
	}
}

/* A program that can answer calls in the place of a pair's function. */
static void make_other(struct fuzz_case *c)
{
	static const struct bpf_insn answer[] = { PAIRFUSE_MOV_IMM(0, 0), PAIRFUSE_EXIT() };
	static const struct bpf_insn override[] = {
		PAIRFUSE_MOV_IMM(2, -1), PAIRFUSE_CALL(BPF_FUNC_override_return),
		PAIRFUSE_MOV_IMM(0, 0), PAIRFUSE_EXIT(),
	};
	const struct pairfuse_prog *of = &c->obj.progs[0];
	bool modify = fuzz_chance(c->gen, 50);
	size_t size = modify ? sizeof(answer) : sizeof(override);
	struct bpf_insn *copy;

	if (!fuzz_chance(c->gen, 1) || pairfuse_hook_is_syscall(of->at))
		return;
	copy = malloc(size);
	memcpy(copy, modify ? answer : override, size);
	c->obj.progs[c->obj.in.nr_progs++] = (struct pairfuse_prog){
		.name = "other", .section = modify ? "fmod_ret" : "kprobe", .target = of->target,
		.at = modify ? PAIRFUSE_AT_MODIFY : PAIRFUSE_AT_KPROBE, .proto = of->proto,
		.insns = copy, .nr_insns = size / sizeof(*copy),
	};
	c->answered = true;
}

static void settings(struct fuzz_case *c)
{
	struct pairfuse_input *in = &c->obj.in;
	struct gen *g = c->gen;

	in->progs = c->obj.progs;
	in->maps = c->obj.maps = g->maps;
	in->nr_maps = g->nr_maps;
	in->map_ref = map_ref;
	in->map_ref_arg = g;
	in->rdonly_cast_id = 4242;
	in->nesting = fuzz_chance(g, 70) ? PAIRFUSE_NESTING_DEFAULT :
		      1 + fuzz_rnd(g, 2);
	in->no_groups = fuzz_chance(g, 10);
	in->clock = fuzz_rnd(g, PAIRFUSE_CLOCK_COUNTER + 1);
	in->filter = fuzz_chance(g, 50);
	/* every optimisation without every other one */
	in->without = fuzz_chance(g, 50) ? 0 :
		      fuzz_rnd(g, PAIRFUSE_OPT_OPTIONAL + 1) & PAIRFUSE_OPT_OPTIONAL;
}

struct fuzz_case *fuzz_case_new(__u64 seed, const bool *drop)
{
	static const char *const names[FUZZ_MAX_GROUPS] = { "states", "others" };
	static const unsigned int sizes[] = { 1, 1, 1, 1, 2, 2, 3 };
	struct fuzz_case *c = calloc(1, sizeof(*c));
	struct gen *g = calloc(1, sizeof(*g));
	unsigned int i;
	bool first;

	c->gen = g;
	g->rnd = seed;
	g->drop = drop;
	c->obj.progs = calloc(2 * FUZZ_MAX_PAIRS + 1, sizeof(*c->obj.progs));
	c->obj.protos = calloc(2 * FUZZ_MAX_PAIRS + 1, sizeof(*c->obj.protos));
	c->nr_groups = fuzz_chance(g, 85) ? 1 : 2;
	first = fuzz_chance(g, 50);
	if (!first)
		common_maps(g);
	for (i = 0; i < c->nr_groups; i++)
		make_group(g, &c->groups[i], fuzz_chance(g, 30), names[i]);
	if (first)
		common_maps(g);
	c->together = c->nr_groups > 1 && fuzz_chance(g, 15);
	if (c->together && fuzz_chance(g, 50))
		c->groups[0].talks = c->groups[1].talks = true;
	for (i = 0; i < c->nr_groups; i++)
		make_pairs(c, &c->groups[i], sizes[fuzz_rnd(g, 7)]);
	make_other(c);
	settings(c);
	c->nr_stmts = g->nr_stmts;
	return c;
}

void fuzz_case_free(struct fuzz_case *c)
{
	size_t i;

	for (i = 0; i < c->obj.in.nr_progs; i++)
		free((void *)c->obj.progs[i].insns);
	free(c->obj.progs);
	free(c->obj.protos);
	free(c->gen);
	free(c);
}
