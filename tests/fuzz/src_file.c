// SPDX-License-Identifier: GPL-2.0
/*
 * A whole file: what all programs use, and the groups.
 */
#include <stdlib.h>

#include "source.h"

static const char head[] =
	"// SPDX-License-Identifier: GPL-2.0\n"
	"#include \"tool.bpf.h\"\n\n";

static const char *key_type(enum source_key key)
{
	switch (key) {
	case SOURCE_KEY_ID:
	case SOURCE_KEY_TID64:
	case SOURCE_KEY_ARG:
		return "__u64";
	case SOURCE_KEY_TID_OP:
		return "struct tid_op";
	case SOURCE_KEY_ID_OP:
		return "struct id_op";
	default:
		return "__u32";
	}
}

/* --- groups --- */

static void fields(struct source *s, struct source_group *g)
{
	static const char *const types[] = {
		"__u64", "__u64", "__u64", "__u32", "__u32", "__u16", "__u8", NULL,
	};
	unsigned int i;

	g->scalar = source_chance(s, 35);
	g->nr_fields = g->scalar ? 1 : 1 + source_rnd(s, SOURCE_MAX_FIELDS);
	for (i = 0; i < SOURCE_MAX_FIELDS; i++)
		g->fields[i].type = types[i ? source_rnd(s, 8) : 0];
}

static void carrier(struct source *s, struct source_group *g)
{
	static const enum source_map maps[] = {
		SOURCE_HASH, SOURCE_HASH, SOURCE_HASH, SOURCE_HASH, SOURCE_HASH, SOURCE_HASH,
		SOURCE_LRU, SOURCE_PERCPU_HASH, SOURCE_PERCPU_ARRAY, SOURCE_ARRAY, SOURCE_TASK,
		SOURCE_TASK,
	};
	static const enum source_key keys[] = {
		SOURCE_KEY_TID, SOURCE_KEY_TID, SOURCE_KEY_TID, SOURCE_KEY_ID, SOURCE_KEY_ID,
		SOURCE_KEY_TID64, SOURCE_KEY_TID_OP, SOURCE_KEY_TID_OP, SOURCE_KEY_ID_OP,
		SOURCE_KEY_TGID, SOURCE_KEY_ZERO, SOURCE_KEY_ARG,
	};

	g->hook = source_chance(s, 45) ? SOURCE_FENTRY :
		  source_chance(s, 50) ? SOURCE_KPROBE : SOURCE_SYSCALL;
	g->map = maps[source_rnd(s, 12)];
	g->key = keys[source_rnd(s, g->hook == SOURCE_FENTRY ? 12 : 11)];
	if (g->map == SOURCE_ARRAY || g->map == SOURCE_PERCPU_ARRAY)
		g->key = SOURCE_KEY_ZERO;
	if (g->map == SOURCE_TASK)
		g->key = SOURCE_KEY_TASK;
}

static struct source_group new_group(struct source *s, unsigned int n)
{
	static const unsigned int pairs[] = { 1, 1, 1, 2, 2, 3 };
	struct source_group g = { .n = n };

	carrier(s, &g);
	fields(s, &g);
	g.nr_pairs = pairs[source_rnd(s, 6)];
	g.shared_body = source_chance(s, 35);
	g.noinline = source_chance(s, 40);
	g.filter = source_chance(s, 40) ? 1 + source_rnd(s, 5) : 0;
	g.filter_exit = source_chance(s, 35);
	g.scratch = source_chance(s, 10);
	g.second = source_chance(s, 4);
	g.op_differs = source_chance(s, 60);
	g.noexist = source_chance(s, 6);
	g.declines = source_chance(s, 3);
	g.task_pid = source_chance(s, 4);
	g.spare = !g.scalar && g.hook == SOURCE_KPROBE && source_chance(s, 20);
	g.small = source_chance(s, 8);
	g.keeps = source_chance(s, 4);
	return g;
}

static void declare_map(struct source *s, const struct source_group *g)
{
	static const char *const types[] = {
		"HASH", "LRU_HASH", "PERCPU_HASH", "ARRAY", "PERCPU_ARRAY", "TASK_STORAGE",
	};
	bool array = g->map == SOURCE_ARRAY || g->map == SOURCE_PERCPU_ARRAY;
	unsigned int i;

	for (i = 0; !g->scalar && i < g->nr_fields; i++) {
		if (!i)
			source_put(s, "struct state%u {\n", g->n);
		if (g->fields[i].type)
			source_put(s, "\t%s f%u;\n", g->fields[i].type, i);
		else
			source_put(s, "\tchar f%u[16];\n", i);
	}
	if (g->spare)
		source_put(s, "\t__u64 spare;\n");
	if (!g->scalar)
		source_put(s, "};\n");
	source_put(s, "struct {\n\t__uint(type, BPF_MAP_TYPE_%s);\n", types[g->map]);
	if (g->map == SOURCE_TASK)
		source_put(s, "\t__uint(map_flags, BPF_F_NO_PREALLOC);\n\t__type(key, int);\n");
	else
		source_put(s, "\t__uint(max_entries, %u);\n\t__type(key, %s);\n", array ? 1 : 10240,
			   key_type(g->key));
	if (g->scalar)
		source_put(s, "\t__type(value, __u64);\n");
	else
		source_put(s, "\t__type(value, struct state%u);\n", g->n);
	source_put(s, "} carrier%u SEC(\".maps\");\n", g->n);
	if (g->second)
		source_put(s, "MAP(second%u, BPF_MAP_TYPE_HASH, 10240, __u32, __u64);\n", g->n);
	source_put(s, "\n");
}

/* Another program that can see what a group does, or come between. */
static void other(struct source *s, const struct source_group *g)
{
	switch (source_rnd(s, 3)) {
	case 0:
		source_put(s, "SEC(\"tracepoint/sched/sched_process_exec\")\nint other%u(void *ctx)\n{\n"
			      "\t__u32 zero = 0;\n\tstruct event *e = bpf_map_lookup_elem(&heap, &zero);\n\n"
			      "\tif (e)\n\t\te->f0 = 1;\n\treturn 0;\n}\n\n", g->n);
		break;
	case 1:
		source_put(s, "SEC(\"kprobe/security_path_mknod\")\nint other%u(void *ctx)\n{\n"
			      "\tg%u += 1;\n\treturn 0;\n}\n\n", g->n, source_rnd(s, SOURCE_GLOBALS));
		break;
	case 2:
		source_put(s, "SEC(\"fmod_ret/security_file_open\")\nint other%u(void *ctx)\n{\n"
			      "\treturn 0;\n}\n\n", g->n);
		break;
	}
}

static void group(struct source *s, unsigned int n)
{
	struct source_group g = new_group(s, n);
	unsigned int i, funcs, calls;

	s->g = &g;
	declare_map(s, &g);
	funcs = s->used_funcs;
	calls = s->used_calls;
	for (i = 0; i < g.nr_pairs; i++) {
		if (i && source_chance(s, 4)) {	/* on the same function as another one */
			s->used_funcs = funcs;
			s->used_calls = calls;
		}
		source_pair(s, i);
	}
	if (source_chance(s, 3))
		other(s, &g);
	s->g = NULL;
}

char *source_new(__u64 seed, int only, const bool *drop, unsigned int *nr_stmts)
{
	struct source s = { .rnd = seed, .drop = drop };
	unsigned int i;
	size_t len;

	source_put(&s, "%s", head);
	for (i = 0; i < SOURCE_OPTIONS; i++)
		source_put(&s, "const volatile __u32 option%u = %u;\n", i,
			   source_chance(&s, 50) ? 0 : 1000 + source_rnd(&s, 4));
	source_put(&s, "\n");
	for (i = 0; i < SOURCE_GROUPS; i++) {
		len = s.len;
		group(&s, i);
		if (only >= 0 && (unsigned int)only != i) {
			s.len = len;
			s.text[len] = '\0';
		}
	}
	if (nr_stmts)
		*nr_stmts = s.nr_stmts;
	return s.text;
}
