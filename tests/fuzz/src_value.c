// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers and conditions as expressions.
 */
#include "source.h"

static const char *const members[][4] = {
	[SOURCE_FILE] = { "f_flags", "f_pos", "f_mode", "f_inode->i_ino" },
	[SOURCE_SOCK] = { "__sk_common.skc_family", "__sk_common.skc_dport", "sk_protocol",
			  "__sk_common.skc_num" },
	[SOURCE_INODE] = { "i_ino", "i_mode", "i_size", "i_sb->s_dev" },
	[SOURCE_DENTRY] = { "d_name.len", "d_name.hash", "d_flags", "d_inode->i_ino" },
};

static const char *const read_members[][4] = {
	[SOURCE_FILE] = { "f_flags", "f_pos", "f_mode", "f_inode, i_ino" },
	[SOURCE_SOCK] = { "__sk_common.skc_family", "__sk_common.skc_dport", "sk_protocol",
			  "__sk_common.skc_num" },
	[SOURCE_INODE] = { "i_ino", "i_mode", "i_size", "i_sb, s_dev" },
	[SOURCE_DENTRY] = { "d_name.len", "d_name.hash", "d_flags", "d_inode, i_ino" },
};

void source_number(struct source *s)
{
	static const char *const special[] = {
		"0", "1", "2", "255", "256", "65535", "1000", "1000000", "0x7fffffff",
		"0xffffffff", "0x80000000ULL", "~0ULL", "4096",
	};

	if (source_chance(s, 50))
		source_put(s, "%u", source_rnd(s, 8));
	else
		source_put(s, "%s", special[source_rnd(s, sizeof(special) / sizeof(special[0]))]);
}

/* --- leaves --- */

static void pointed(struct source *s, const char *name, enum source_arg_kind kind)
{
	unsigned int n = source_rnd(s, 4);

	if (s->g->hook == SOURCE_FENTRY && source_chance(s, 60))
		source_put(s, "%s->%s", name, members[kind][n]);
	else
		source_put(s, "BPF_CORE_READ(%s, %s)", name, read_members[kind][n]);
}

static void argument(struct source *s)
{
	const struct source_func *fn = s->fn;
	const struct source_arg *arg;

	if (fn && (!s->is_exit || s->g->hook == SOURCE_FENTRY)) {
		arg = &fn->args[source_rnd(s, fn->nr_args)];
		if (arg->kind <= SOURCE_POINTER)
			source_put(s, "(__u64)%s", arg->name);
		else if (source_chance(s, 20))
			source_put(s, "(__u64)%s", arg->name);
		else
			pointed(s, arg->name, arg->kind);
	} else if (s->g->hook == SOURCE_SYSCALL && !s->g->shared_body && !s->is_exit) {
		source_put(s, source_chance(s, 10) ? "BPF_CORE_READ(ctx, args[%u])" : "ctx->args[%u]",
			   source_rnd(s, 4));
	} else {
		source_put(s, s->arg ? "a" : "tid");
	}
}

static void returned(struct source *s)
{
	if (!s->ret)
		argument(s);
	else
		source_put(s, "(__u64)ret");
}

static void helper(struct source *s)
{
	static const char *const calls[] = {
		"bpf_ktime_get_ns()", "bpf_ktime_get_ns()", "bpf_ktime_get_ns()",
		"bpf_ktime_get_boot_ns()", "(__u32)bpf_get_current_uid_gid()",
		"bpf_get_current_uid_gid()", "bpf_get_smp_processor_id()",
		"bpf_get_prandom_u32()", "id", "pid", "tid", "bpf_get_current_pid_tgid()",
		"bpf_get_attach_cookie(ctx)",
	};

	if (s->g->hook == SOURCE_KPROBE && !s->is_exit && s->fn && source_chance(s, 2))
		source_put(s, "PT_REGS_IP(ctx)");
	else
		source_put(s, "%s", calls[source_rnd(s, sizeof(calls) / sizeof(calls[0]))]);
}

/* The state: where it is, or a copy of it. */
static void field(struct source *s)
{
	const struct source_group *g = s->g;
	unsigned int n = source_rnd(s, g->nr_fields);
	const char *of = s->copied ? "st." : "p->";

	if (g->scalar)
		source_put(s, s->copied ? "st" : "*p");
	else if (g->fields[n].type)
		source_put(s, "%sf%u", of, n);
	else
		source_put(s, "(__u8)%sf%u[%u]", of, n, source_rnd(s, 16));
}

static void elapsed(struct source *s)
{
	source_put(s, "bpf_ktime_get_ns() - ");
	if (s->g->scalar)
		source_put(s, s->copied ? "st" : "*p");
	else
		source_put(s, s->copied ? "st.f0" : "p->f0");
}

static void sub(struct source *s, unsigned int depth)
{
	static const char *const subs[] = { "mix", "mix", "pick", "pick", "rounds", "spread" };

	source_put(s, "%s(", subs[source_rnd(s, 6)]);
	source_expr(s, depth + 1);
	source_put(s, ", ");
	source_expr(s, depth + 1);
	source_put(s, ")");
}

static void leaf(struct source *s, unsigned int depth)
{
	switch (source_rnd(s, s->state ? 18 : 12)) {
	case 0:
		source_number(s);
		break;
	case 1:
	case 2:
		argument(s);
		break;
	case 3:
		returned(s);
		break;
	case 4:
		source_put(s, "option%u", source_rnd(s, SOURCE_OPTIONS));
		break;
	case 5:
		source_put(s, "g%u", source_rnd(s, SOURCE_GLOBALS));
		break;
	case 6:
		source_put(s, "arr[");
		source_expr(s, depth + 1);
		source_put(s, " & 3]");
		break;
	case 7:
		if (depth < 2) {
			sub(s, depth);
			break;
		}
		/* fallthrough */
	case 8:
	case 9:
		source_put(s, "v%u", source_rnd(s, 4));
		break;
	case 10:
	case 11:
		helper(s);
		break;
	case 12:
	case 13:
		source_put(s, "(");
		elapsed(s);
		source_put(s, ")");
		break;
	default:
		field(s);
	}
}

static void binary(struct source *s, unsigned int depth)
{
	static const char *const ops[] = { "+", "-", "*", "&", "|", "^", "+", "-" };
	unsigned int kind = source_rnd(s, 12);

	source_put(s, "((__u64)");
	source_expr(s, depth + 1);
	if (kind < 8) {
		source_put(s, " %s ", ops[kind]);
		source_expr(s, depth + 1);
	} else if (kind == 8) {
		source_put(s, " / %u", 1 + source_rnd(s, 2000));
	} else if (kind == 9) {
		source_put(s, " %% %u", 1 + source_rnd(s, 100));
	} else {
		source_put(s, kind == 10 ? " >> (" : " << (");
		source_expr(s, depth + 1);
		source_put(s, " & 31)");
	}
	source_put(s, ")");
}

static void cast(struct source *s, unsigned int depth)
{
	static const char *const types[] = { "__u32", "__u16", "__u8", "__s32", "__s16" };

	source_put(s, "(__u64)(%s)(", types[source_rnd(s, 5)]);
	source_expr(s, depth + 1);
	source_put(s, ")");
}

void source_expr(struct source *s, unsigned int depth)
{
	unsigned int kind = source_rnd(s, 20);

	if (depth < 2 && kind < 4) {
		binary(s, depth);
	} else if (depth < 2 && kind == 4) {
		cast(s, depth);
	} else if (depth < 2 && kind == 5) {
		source_put(s, "(");
		source_cond(s, depth + 1);
		source_put(s, " ? ");
		source_expr(s, depth + 1);
		source_put(s, " : ");
		source_expr(s, depth + 1);
		source_put(s, ")");
	} else {
		leaf(s, depth);
	}
}

/* --- conditions --- */

static void compare(struct source *s, unsigned int depth)
{
	static const char *const ops[] = { "==", "!=", "<", ">", "<=", ">=", "&" };

	if (source_chance(s, 12)) {	/* a signed one: the kernel's errors are */
		source_put(s, "(long)(");
		source_expr(s, depth + 1);
		source_put(s, ") %s 0", source_chance(s, 50) ? "<" : ">=");
		return;
	}
	source_put(s, "(");
	source_expr(s, depth + 1);
	source_put(s, " %s ", ops[source_rnd(s, 7)]);
	if (source_chance(s, 60))
		source_number(s);
	else
		source_expr(s, depth + 1);
	source_put(s, ")");
}

void source_cond(struct source *s, unsigned int depth)
{
	switch (depth < 2 ? source_rnd(s, 10) : 9) {
	case 0:
		source_put(s, "(");
		source_cond(s, depth + 1);
		source_put(s, " && ");
		source_cond(s, depth + 1);
		source_put(s, ")");
		break;
	case 1:
		source_put(s, "(");
		source_cond(s, depth + 1);
		source_put(s, " || ");
		source_cond(s, depth + 1);
		source_put(s, ")");
		break;
	case 2:
		source_put(s, "(option0 && option0 != pid)");
		break;
	case 3:
		source_put(s, "name[%u] == '%c'", source_rnd(s, 8), 'a' + source_rnd(s, 26));
		break;
	default:
		compare(s, depth);
	}
}
