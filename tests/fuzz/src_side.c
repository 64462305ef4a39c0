// SPDX-License-Identifier: GPL-2.0
/*
 * Entry and exit of a pair.
 */
#include "source.h"

static bool is_array(const struct source_group *g)
{
	return g->map == SOURCE_ARRAY || g->map == SOURCE_PERCPU_ARRAY;
}

/* --- the carrier --- */

void source_key(struct source *s)
{
	const struct source_group *g = s->g;
	unsigned int op = g->op_differs ? s->op : 3;

	switch (g->key) {
	case SOURCE_KEY_TID:
		source_line(s, "__u32 key = tid;");
		break;
	case SOURCE_KEY_ID:
		source_line(s, "__u64 key = id;");
		break;
	case SOURCE_KEY_TID64:
		source_line(s, "__u64 key = tid;");
		break;
	case SOURCE_KEY_TID_OP:
		source_line(s, "struct tid_op key = { .tid = tid, .op = %s };",
			    g->shared_body && g->op_differs ? "op" : op & 1 ? "1" : "0");
		break;
	case SOURCE_KEY_ID_OP:
		source_line(s, "struct id_op key = { .id = id, .op = %u };", op);
		break;
	case SOURCE_KEY_TGID:
		source_line(s, "__u32 key = pid;");
		break;
	case SOURCE_KEY_ARG:
		source_line(s, "__u64 key = (__u64)%s;", s->fn ? s->fn->args[0].name : "a");
		break;
	case SOURCE_KEY_ZERO:
		source_line(s, "__u32 key = 0;");
		break;
	case SOURCE_KEY_TASK:
		break;
	}
}

static void lookup(struct source *s, const char *to, bool create)
{
	unsigned int n = s->g->n;

	if (s->g->map == SOURCE_TASK)
		source_line(s, "%s = bpf_task_storage_get(&carrier%u, bpf_get_current_task_btf(), 0, %s);",
			    to, n, create ? "BPF_LOCAL_STORAGE_GET_F_CREATE" : "0");
	else
		source_line(s, "%s = bpf_map_lookup_elem(&carrier%u, &key);", to, n);
}

void source_remove(struct source *s)
{
	const struct source_group *g = s->g;

	if (s->gone || g->keeps)
		return;
	if (g->map == SOURCE_TASK)
		source_line(s, "bpf_task_storage_delete(&carrier%u, bpf_get_current_task_btf());", g->n);
	else if (is_array(g))
		source_line(s, g->scalar ? "*p = 0;" : "p->f0 = 0;");
	else
		source_line(s, "bpf_map_delete_elem(&carrier%u, &key);", g->n);
	if (g->second)
		source_line(s, "bpf_map_delete_elem(&second%u, &tid);", g->n);
	s->gone = true;
}

void source_return(struct source *s)
{
	if (s->is_exit && s->state)
		source_remove(s);
	source_line(s, "return 0;");
}

static void fill(struct source *s, const char *of)
{
	const struct source_group *g = s->g;
	unsigned int i;

	for (i = 0; i < g->nr_fields; i++) {
		if (!g->fields[i].type) {
			source_line(s, "bpf_get_current_comm(%sf%u, sizeof(%sf%u));", of, i, of, i);
			continue;
		}
		source_begin(s);
		source_put(s, "%sf%u = ", of, i);
		if (!i && source_chance(s, 70))
			source_put(s, "bpf_ktime_get_ns()");
		else
			source_expr(s, 0);
		source_put(s, ";\n");
	}
	if (g->spare && s->fn)
		source_line(s, "%sspare = PT_REGS_PARM%u(ctx);", of, 2 + source_rnd(s, 4));
}

/* `st`: what will be stored */
static void build(struct source *s)
{
	if (!s->g->scalar) {
		fill(s, "st.");
		return;
	}
	source_begin(s);
	source_put(s, "st = ");
	if (source_chance(s, 60))
		source_put(s, "bpf_ktime_get_ns()");
	else
		source_expr(s, 0);
	source_put(s, ";\n");
}

static void store_in_place(struct source *s)
{
	lookup(s, "p", true);
	source_line(s, "if (!p)");
	source_line(s, "\treturn 0;");
	if (s->g->scalar)
		source_line(s, "*p = bpf_ktime_get_ns();");
	else
		fill(s, "p->");
}

static void store(struct source *s)
{
	const struct source_group *g = s->g;
	const char *flags = g->noexist ? "BPF_NOEXIST" : "BPF_ANY";

	if (g->map == SOURCE_TASK || is_array(g)) {
		store_in_place(s);
		return;
	}
	build(s);
	if (g->noexist && source_chance(s, 60)) {
		lookup(s, "p", false);
		source_line(s, "if (!p)");
		source_line(s, "\tbpf_map_update_elem(&carrier%u, &key, &st, %s);", g->n, flags);
		return;
	}
	if (source_chance(s, g->small ? 50 : 8)) {	/* not always */
		source_begin(s);
		source_put(s, "if (");
		source_cond(s, 1);
		source_put(s, ")\n\t");
		source_line(s, "bpf_map_update_elem(&carrier%u, &key, &st, %s);", g->n, flags);
		return;
	}
	source_line(s, "bpf_map_update_elem(&carrier%u, &key, &st, %s);", g->n, flags);
	if (source_chance(s, 15)) {
		store_in_place(s);
		s->state = true;
	}
}

/* --- around it --- */

static void filter(struct source *s)
{
	static const char *const filters[] = {
		NULL, "option0 && option0 != pid", "option1 && option1 != tid",
		"option2 && option2 != (__u32)bpf_get_current_uid_gid()", "name[7] != '1'",
		"pid == 1000 || pid == 1001",
	};

	source_line(s, "if (%s)", filters[s->g->filter]);
	source_line(s, "\treturn 0;");
}

static void declare(struct source *s)
{
	const struct source_group *g = s->g;

	source_line(s, "__u64 id = bpf_get_current_pid_tgid();");
	source_line(s, "__u32 pid = id >> 32, zero = 0;");
	if (g->task_pid)
		source_line(s, "__u32 tid = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), pid);");
	else
		source_line(s, "__u32 tid = id;");
	source_line(s, "__u64 v0 = %u, v1 = 0, v2 = 1, v3 = %u;", source_rnd(s, 9), source_rnd(s, 999));
	source_line(s, "%s__u64 arr[4] = {};", g->small ? "" : "volatile ");
	source_line(s, "char name[16] = \"\";");
	source_key(s);
	source_line(s, g->scalar ? "__u64 st = 0, *p = 0;" : "struct state%u st = {}, *p = 0;", g->n);
	if (g->scratch)
		source_line(s, "struct event *heap_e;");
	source_put(s, "\n");
	if (g->filter == 4 || source_chance(s, 20))
		source_line(s, "bpf_get_current_comm(name, sizeof(name));");
	if (!g->scratch)
		return;
	source_line(s, "heap_e = bpf_map_lookup_elem(&heap, &zero);");
	source_line(s, "if (!heap_e)");
	source_line(s, "\treturn 0;");
	source_line(s, "heap_e->f0 = id;");
}

/* Something is done before the state is looked for, often one thing alone. */
static void work_without(struct source *s, unsigned int percent)
{
	struct source_mark m = source_stmt(s);

	if (source_chance(s, percent)) {
		if (source_chance(s, 60))
			source_place(s);
		else
			source_block(s, 2);
	}
	source_stmt_end(s, m);
}

static void entry(struct source *s)
{
	const struct source_group *g = s->g;

	declare(s);
	work_without(s, 15);
	if (g->filter)
		filter(s);
	if (g->declines) {
		lookup(s, "p", false);
		source_begin(s);
		source_put(s, "if (p)");
		source_open(s);
		source_line(s, "__sync_fetch_and_add(&g0, 1);");
		source_line(s, "return 0;");
		source_close(s);
	}
	store(s);
	if (g->second)
		source_line(s, "bpf_map_update_elem(&second%u, &tid, &v3, BPF_ANY);", g->n);
	if (g->small)
		source_index(s);
	else if (source_chance(s, 35))
		source_block(s, 2);
	source_line(s, "return 0;");
}

/* `p` has been found: where the work is done. */
static void use(struct source *s)
{
	const struct source_group *g = s->g;

	s->state = true;
	if (is_array(g)) {
		source_line(s, g->scalar ? "if (!*p)" : "if (!p->f0)");
		source_line(s, "\treturn 0;");
	}
	if (s->early) {
		source_line(s, "st = *p;");
		s->copied = true;
		source_remove(s);
	}
	if (g->second) {
		source_line(s, "if (bpf_map_lookup_elem(&second%u, &tid))", g->n);
		source_line(s, "\t__sync_fetch_and_add(&g1, 1);");
	}
	if (g->small)
		source_index(s);
	else
		source_block(s, 5);
	if (g->keeps)
		source_line(s, g->scalar ? "*p += 1;" : "p->f0 += 1;");
	source_remove(s);
}

static void leave(struct source *s)
{
	const struct source_group *g = s->g;
	bool inside = source_chance(s, 25);

	declare(s);
	work_without(s, g->hook == SOURCE_SYSCALL ? 2 : 12);
	if (g->filter && g->filter_exit)
		filter(s);
	lookup(s, "p", false);
	s->early = source_chance(s, 30) && !is_array(g) && !g->keeps;
	if (inside) {
		source_begin(s);
		source_put(s, "if (p)");
		source_open(s);
		use(s);
		source_close(s);
	} else {
		source_line(s, "if (!p)");
		source_line(s, "\treturn 0;");
		use(s);
	}
	source_line(s, "return 0;");
}

static void body(struct source *s, bool is_exit)
{
	s->is_exit = is_exit;
	s->state = s->copied = s->gone = s->early = false;
	s->depth = s->loops = 0;
	s->indent = 1;
	if (is_exit)
		leave(s);
	else
		entry(s);
	s->indent = 0;
	source_put(s, "}\n\n");
}

/* --- programs --- */

static void section(struct source *s, const char *call, bool is_exit, unsigned int nr)
{
	const char *ends[] = { "enter", "leave" };
	unsigned int n = s->g->n, i;

	switch (s->g->hook) {
	case SOURCE_FENTRY:
		source_put(s, "SEC(\"%s/%s\")\nint BPF_PROG(%s%u_%u", is_exit ? "fexit" : "fentry",
			   s->fn->name, ends[is_exit], n, nr);
		break;
	case SOURCE_KPROBE:
		source_put(s, "SEC(\"%s/%s\")\nint %s(%s%u_%u", is_exit ? "kretprobe" : "kprobe",
			   s->fn->name, is_exit ? "BPF_KRETPROBE" : "BPF_KPROBE", ends[is_exit], n,
			   nr);
		break;
	case SOURCE_SYSCALL:
		source_put(s, "SEC(\"tracepoint/syscalls/sys_%s_%s\")\nint %s%u_%u(struct trace_event_raw_sys_%s *ctx)\n{\n",
			   is_exit ? "exit" : "enter", call, ends[is_exit], n, nr,
			   is_exit ? "exit" : "enter");
		if (is_exit)
			source_put(s, "\tlong ret = ctx->ret;\n");
		return;
	}
	for (i = 0; i < s->fn->nr_args && (!is_exit || s->g->hook == SOURCE_FENTRY); i++)
		source_put(s, ", %s%s%s", s->fn->args[i].type,
			   s->fn->args[i].type[__builtin_strlen(s->fn->args[i].type) - 1] == '*' ?
			   "" : " ", s->fn->args[i].name);
	if (is_exit)
		source_put(s, ", long ret");
	source_put(s, ")\n{\n");
}

/* Both ends call functions that all pairs of the group share. */
static void shared(struct source *s, bool is_exit)
{
	const char *kind = s->g->noinline ? "__noinline" : "__always_inline";

	s->fn = NULL;
	s->arg = true;
	s->ret = is_exit;
	if (is_exit)
		source_put(s, "static %s int leave%u(void *ctx, __u64 a, __u32 op, long ret)\n{\n",
			   kind, s->g->n);
	else
		source_put(s, "static %s int enter%u(void *ctx, __u64 a, __u32 op)\n{\n", kind,
			   s->g->n);
	body(s, is_exit);
}

static void call_shared(struct source *s, const char *call, bool is_exit, unsigned int nr)
{
	const struct source_group *g = s->g;

	section(s, call, is_exit, nr);
	source_put(s, "\treturn %s%u(ctx, ", is_exit ? "leave" : "enter", g->n);
	if (g->hook == SOURCE_FENTRY || (g->hook == SOURCE_KPROBE && !is_exit))
		source_put(s, "(__u64)%s", s->fn->args[0].name);
	else if (!is_exit)
		source_put(s, "ctx->args[0]");
	else
		source_put(s, "0");
	source_put(s, ", %u%s);\n}\n\n", nr, is_exit ? ", (long)ret" : "");
}

void source_pair(struct source *s, unsigned int nr)
{
	const struct source_group *g = s->g;
	const struct source_func *fn = g->hook == SOURCE_SYSCALL ? NULL : source_func(s);
	const char *call = g->hook == SOURCE_SYSCALL ? source_syscall(s) : NULL;
	int is_exit;

	s->op = nr;
	if (g->shared_body && !nr) {
		shared(s, false);
		shared(s, true);
	}
	for (is_exit = 0; is_exit < 2; is_exit++) {
		s->fn = fn;
		if (g->shared_body) {
			call_shared(s, call, is_exit, nr);
			continue;
		}
		s->arg = false;
		s->ret = is_exit;
		section(s, call, is_exit, nr);
		body(s, is_exit);
	}
}
