// SPDX-License-Identifier: GPL-2.0
/*
 * Events, maps beside the carrier, and places: pointers that lead to one thing or another.
 */
#include "source.h"

static void assign(struct source *s, const char *of, unsigned int n)
{
	source_begin(s);
	source_put(s, "%sf%u = ", of, n);
	source_expr(s, 0);
	source_put(s, ";\n");
}

/* --- events --- */

static void fill_event(struct source *s, const char *of)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (source_chance(s, 60))
			assign(s, of, i);
	if (source_chance(s, 40))
		source_line(s, "bpf_get_current_comm(%scomm, sizeof(%scomm));", of, of);
	if (source_chance(s, 20))
		source_line(s, "__builtin_memcpy(%scomm, name, sizeof(name));", of);
}

static void reserve(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_line(s, "struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);\n");
	source_begin(s);
	source_put(s, "if (e)");
	source_open(s);
	source_line(s, "__builtin_memset(e, 0, sizeof(*e));");
	fill_event(s, "e->");
	source_line(s, "bpf_ringbuf_submit(e, 0);");
	source_close(s);
	source_close(s);
}

static void local_event(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_line(s, "struct event e = {};\n");
	fill_event(s, "e.");
	if (source_chance(s, 50))
		source_line(s, "bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &e, sizeof(e));");
	else
		source_line(s, "bpf_ringbuf_output(&rb, &e, sizeof(e), 0);");
	source_close(s);
}

/* The state itself is the event. */
static void state_event(struct source *s)
{
	const char *size = s->copied ? "&st, sizeof(st)" : "p, sizeof(*p)";

	if (source_chance(s, 50))
		source_line(s, "bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, %s);", size);
	else
		source_line(s, "bpf_ringbuf_output(&rb, %s, 0);", size);
}

static void heap_event(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_line(s, "struct event *e = bpf_map_lookup_elem(&heap, &zero);\n");
	source_begin(s);
	source_put(s, "if (e)");
	source_open(s);
	fill_event(s, "e->");
	if (source_chance(s, 30))
		source_line(s, "bpf_get_stack(ctx, &e->f0, 16, BPF_F_USER_STACK);");
	source_line(s, "bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(*e));");
	source_close(s);
	source_close(s);
}

static void print(struct source *s)
{
	if (source_chance(s, 50)) {
		source_line(s, "bpf_printk(\"by %%s\", name);");
		return;
	}
	source_begin(s);
	source_put(s, "bpf_printk(\"%%llu of %%d\", ");
	source_expr(s, 0);
	source_put(s, ", pid);\n");
}

void source_output(struct source *s)
{
	switch (source_rnd(s, s->state ? 8 : 6)) {
	case 0:
	case 1:
		local_event(s);
		break;
	case 2:
		reserve(s);
		break;
	case 3:
		heap_event(s);
		break;
	case 4:
		print(s);
		break;
	case 5:
		source_line(s, "v%u = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);",
			    source_rnd(s, 4));
		break;
	default:
		state_event(s);
	}
}

/* --- other maps --- */

static void small_key(struct source *s, const char *type, unsigned int mask)
{
	source_begin(s);
	source_put(s, "%s k = ", type);
	source_expr(s, 0);
	source_put(s, " & %u;\n", mask);
}

/* bpf_map_lookup_or_try_init() of libbpf-tools */
static void count(struct source *s)
{
	source_begin(s);
	source_open(s);
	small_key(s, "__u32", 3);
	source_line(s, "__u64 init = 0, *c = bpf_map_lookup_elem(&counts, &k);\n");
	source_begin(s);
	source_put(s, "if (!c)");
	source_open(s);
	source_line(s, "bpf_map_update_elem(&counts, &k, &init, %s);",
		    source_chance(s, 70) ? "BPF_NOEXIST" : "BPF_ANY");
	source_line(s, "c = bpf_map_lookup_elem(&counts, &k);");
	source_close(s);
	source_line(s, "if (c)");
	s->indent++;
	source_begin(s);
	source_put(s, source_chance(s, 50) ? "*c += (" : "__sync_fetch_and_add(c, ");
	source_expr(s, 0);
	source_put(s, ");\n");
	s->indent--;
	source_close(s);
}

/* One map or the other: compilers make one call of the two. */
static void either(struct source *s)
{
	source_begin(s);
	source_open(s);
	small_key(s, "__u64", 7);
	source_begin(s);
	source_put(s, "__u64 n = ");
	source_expr(s, 0);
	source_put(s, ";\n\n");
	source_begin(s);
	source_put(s, "if (");
	source_cond(s, 1);
	source_put(s, ")\n");
	source_line(s, "\tbpf_map_update_elem(&four, &k, &n, BPF_ANY);");
	source_line(s, "else");
	source_line(s, "\tbpf_map_update_elem(&six, &k, &n, BPF_ANY);");
	source_close(s);
}

static void histogram(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_begin(s);
	source_put(s, "__u64 slot = log2l(");
	source_expr(s, 0);
	source_put(s, ");\n\n");
	source_line(s, "if (slot >= 16)");
	source_line(s, "\tslot = 15;");
	source_line(s, "__sync_fetch_and_add(&slots[slot], 1);");
	source_close(s);
}

void source_map_stmt(struct source *s)
{
	switch (source_rnd(s, 5)) {
	case 0:
	case 1:
		count(s);
		break;
	case 2:
		either(s);
		break;
	case 3:
		histogram(s);
		break;
	case 4:
		source_begin(s);
		source_open(s);
		small_key(s, "__u32", 3);
		source_line(s, "bpf_map_delete_elem(&counts, &k);");
		source_close(s);
		break;
	}
}

/* --- places --- */

/* An element of a map or, where there is none, a local. */
static void element_or_local(struct source *s)
{
	source_begin(s);
	source_open(s);
	small_key(s, "__u32", 15);	/* it has 8 elements */
	source_line(s, "__u64 dummy = 0, *c = bpf_map_lookup_elem(&calls, &k);\n");
	source_line(s, "if (!c)");
	source_line(s, "\tc = &dummy;");
	source_begin(s);
	source_put(s, "*c += ");
	source_expr(s, 0);
	source_put(s, ";\n");
	if (source_chance(s, 40))
		source_line(s, "v%u = dummy;", source_rnd(s, 4));
	source_close(s);
}

static void global_or_local(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_line(s, "__u64 scrap = 0, *c = &scrap;\n");
	source_begin(s);
	source_put(s, "if (");
	source_cond(s, 1);
	source_put(s, ")\n");
	source_line(s, "\tc = &g%u;", source_rnd(s, SOURCE_GLOBALS));
	source_line(s, "opaque(c);");
	source_begin(s);
	source_put(s, "*c += ");
	source_expr(s, 0);
	source_put(s, ";\n");
	source_line(s, "v%u = scrap;", source_rnd(s, 4));
	source_close(s);
}

/* Two reads that become one, to either of two members. */
static void either_read(struct source *s)
{
	source_begin(s);
	source_open(s);
	source_line(s, "struct { __u16 family, port; __u32 v4; __u8 v6[16]; } at = {};");
	source_line(s, "void *to = at.v6;");
	source_line(s, "__u32 len = 16;\n");
	source_begin(s);
	source_put(s, "if (");
	source_cond(s, 1);
	source_put(s, ")");
	source_open(s);
	source_line(s, "to = &at.v4;");
	source_line(s, "len = 4;");
	source_close(s);
	source_begin(s);
	source_put(s, "bpf_probe_read_kernel(to, len & 16 ? 16 : 4, (void *)(");
	source_expr(s, 1);
	source_put(s, "));\n");
	source_line(s, "bpf_ringbuf_output(&rb, &at, sizeof(at), 0);");
	source_close(s);
}

static void filled(struct source *s)
{
	static const char *const places[] = { "last_comm", "name", "last_comm" };
	const char *to = places[source_rnd(s, 3)];

	switch (source_rnd(s, 3)) {
	case 0:
		source_line(s, "bpf_get_current_comm(%s, sizeof(%s));", to, to);
		break;
	case 1:
		source_begin(s);
		source_put(s, "bpf_probe_read_kernel_str(%s, sizeof(%s), (void *)(", to, to);
		source_expr(s, 1);
		source_put(s, "));\n");
		break;
	case 2:
		source_begin(s);
		source_put(s, "v%u = bpf_probe_read_user(&g%u, 8, (void *)(", source_rnd(s, 4),
			   source_rnd(s, SOURCE_GLOBALS));
		source_expr(s, 1);
		source_put(s, "));\n");
		break;
	}
}

void source_place(struct source *s)
{
	switch (source_rnd(s, 5)) {
	case 0:
		element_or_local(s);
		break;
	case 1:
		global_or_local(s);
		break;
	case 2:
		either_read(s);
		break;
	default:
		filled(s);
	}
}
