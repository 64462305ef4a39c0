// SPDX-License-Identifier: GPL-2.0
/*
 * The contexts of the hooks that a stub takes over, x86-64.
 *
 * fentry, fexit: an array of u64, the arguments and then the return value.
 *
 * kprobe, kretprobe: struct pt_regs. On entry the argument registers hold the
 * arguments; behind the function ax holds what it returned, and nothing else
 * is of use. Other members (ip, sp, flags) have no counterpart in the stub.
 *
 * sys_enter_X, sys_exit_X: a record that the kernel builds from the task's
 * struct pt_regs for every traced call,
 *
 *	 0  pointer to it, for the helpers' use	 8  number	16  arguments / result
 *
 * The function behind the system call, __x64_sys_X(const struct pt_regs *),
 * has that very pt_regs as its argument, so the members come from there.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "hook.h"

/* struct pt_regs */
enum {
	REGS_R10 = 56, REGS_R9 = 64, REGS_R8 = 72, REGS_AX = 80, REGS_CX = 88,
	REGS_DX = 96, REGS_SI = 104, REGS_DI = 112, REGS_ORIG_AX = 120,
};

static const unsigned int func_args[] = {
	REGS_DI, REGS_SI, REGS_DX, REGS_CX, REGS_R8, REGS_R9
};

static const unsigned int syscall_args[] = {
	REGS_DI, REGS_SI, REGS_DX, REGS_R10, REGS_R8, REGS_R9
};

#define NR_SYSCALL_ARGS	6
#define SYSCALL_NR	8	/* offsets in the record */
#define SYSCALL_ARG0	16
#define SYSCALL_RET	16

bool pairfuse_hook_is_entry(enum pairfuse_hook_type at)
{
	return at == PAIRFUSE_AT_FENTRY || at == PAIRFUSE_AT_KPROBE || at == PAIRFUSE_AT_SYS_ENTER;
}

bool pairfuse_hook_is_exit(enum pairfuse_hook_type at)
{
	return at == PAIRFUSE_AT_FEXIT || at == PAIRFUSE_AT_KRETPROBE || at == PAIRFUSE_AT_SYS_EXIT;
}

enum pairfuse_hook_type pairfuse_hook_partner(enum pairfuse_hook_type at)
{
	switch (at) {
	case PAIRFUSE_AT_FENTRY:
		return PAIRFUSE_AT_FEXIT;
	case PAIRFUSE_AT_FEXIT:
		return PAIRFUSE_AT_FENTRY;
	case PAIRFUSE_AT_KPROBE:
		return PAIRFUSE_AT_KRETPROBE;
	case PAIRFUSE_AT_KRETPROBE:
		return PAIRFUSE_AT_KPROBE;
	case PAIRFUSE_AT_SYS_ENTER:
		return PAIRFUSE_AT_SYS_EXIT;
	case PAIRFUSE_AT_SYS_EXIT:
		return PAIRFUSE_AT_SYS_ENTER;
	case PAIRFUSE_AT_MODIFY:
	case PAIRFUSE_AT_OTHER:
		break;
	}
	return PAIRFUSE_AT_OTHER;
}

bool pairfuse_hook_is_half(enum pairfuse_hook_type at)
{
	return pairfuse_hook_is_entry(at) || pairfuse_hook_is_exit(at);
}

bool pairfuse_hook_is_syscall(enum pairfuse_hook_type at)
{
	return at == PAIRFUSE_AT_SYS_ENTER || at == PAIRFUSE_AT_SYS_EXIT;
}

bool pairfuse_hook_is_typed(enum pairfuse_hook_type at)
{
	return at == PAIRFUSE_AT_FENTRY || at == PAIRFUSE_AT_FEXIT;
}

static bool array_field(const struct pairfuse_prog *prog, unsigned int word,
			struct pairfuse_field *field)
{
	const struct pairfuse_proto *proto = prog->proto;
	bool is_exit = prog->at == PAIRFUSE_AT_FEXIT;

	if (word >= 12 || (proto && word >= proto->nr_regs + is_exit))
		return false;
	field->kind = proto && word == proto->nr_regs ? PAIRFUSE_FIELD_RET : PAIRFUSE_FIELD_ARG;
	field->n = word;
	return true;
}

static bool regs_field(const struct pairfuse_prog *prog, unsigned int member,
		       struct pairfuse_field *field)
{
	unsigned int i, nr = prog->proto ? prog->proto->nr_regs : PAIRFUSE_MAX_REGS;

	if (prog->at == PAIRFUSE_AT_KRETPROBE) {
		field->kind = PAIRFUSE_FIELD_RET;
		return member == REGS_AX;
	}
	for (i = 0; i < nr && i < PAIRFUSE_MAX_REGS; i++) {
		if (func_args[i] != member)
			continue;
		field->kind = PAIRFUSE_FIELD_ARG;
		field->n = i;
		return true;
	}
	return false;
}

static bool syscall_field(const struct pairfuse_prog *prog, unsigned int member,
			  struct pairfuse_field *field)
{
	unsigned int arg = (member - SYSCALL_ARG0) / 8;

	field->kind = PAIRFUSE_FIELD_REGS;
	if (member == SYSCALL_NR) {
		field->n = REGS_ORIG_AX;
		return true;
	}
	if (member < SYSCALL_ARG0)
		return false;
	if (prog->at == PAIRFUSE_AT_SYS_EXIT) {
		field->kind = PAIRFUSE_FIELD_RET;
		return member == SYSCALL_RET;
	}
	if (arg >= NR_SYSCALL_ARGS)
		return false;
	field->n = syscall_args[arg];
	return true;
}

bool pairfuse_hook_field(const struct pairfuse_prog *prog, __s64 off, unsigned int size,
			 struct pairfuse_field *field)
{
	unsigned int member;

	if (off < 0 || off > 4096 || off % size)
		return false;
	member = off & ~7ULL;
	field->n = 0;
	field->byte = off & 7;
	switch (prog->at) {
	case PAIRFUSE_AT_FENTRY:
	case PAIRFUSE_AT_FEXIT:
		return array_field(prog, member / 8, field);
	case PAIRFUSE_AT_KPROBE:
	case PAIRFUSE_AT_KRETPROBE:
		return regs_field(prog, member, field);
	case PAIRFUSE_AT_SYS_ENTER:
	case PAIRFUSE_AT_SYS_EXIT:
		return syscall_field(prog, member, field);
	case PAIRFUSE_AT_MODIFY:
	case PAIRFUSE_AT_OTHER:
		break;
	}
	return false;
}

/* --- section names --- */

static enum pairfuse_hook_type syscall_section(const char *event, char **func)
{
	static const struct {
		const char *prefix;
		enum pairfuse_hook_type at;
	} events[] = {
		{ "sys_enter_", PAIRFUSE_AT_SYS_ENTER },
		{ "sys_exit_", PAIRFUSE_AT_SYS_EXIT },
	};
	size_t i, len;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		len = strlen(events[i].prefix);
		if (strncmp(event, events[i].prefix, len) || !event[len])
			continue;
		if (asprintf(func, "__x64_sys_%s", event + len) < 0)
			*func = NULL;
		return events[i].at;
	}
	return PAIRFUSE_AT_OTHER;
}

static enum pairfuse_hook_type probe_section(const char *kind, size_t len, const char *name,
					     char **func)
{
	static const struct {
		const char *kind;
		enum pairfuse_hook_type at;
		const char *prefix;
	} kinds[] = {
		{ "kprobe", PAIRFUSE_AT_KPROBE, "" },
		{ "kretprobe", PAIRFUSE_AT_KRETPROBE, "" },
		{ "ksyscall", PAIRFUSE_AT_KPROBE, "__x64_sys_" },
		{ "kretsyscall", PAIRFUSE_AT_KRETPROBE, "__x64_sys_" },
		{ "fmod_ret", PAIRFUSE_AT_MODIFY, "" },
		{ "fmod_ret.s", PAIRFUSE_AT_MODIFY, "" },
		{ "lsm", PAIRFUSE_AT_MODIFY, "bpf_lsm_" },
		{ "lsm.s", PAIRFUSE_AT_MODIFY, "bpf_lsm_" },
		{ "lsm_cgroup", PAIRFUSE_AT_MODIFY, "bpf_lsm_" },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].kind) != len || strncmp(kind, kinds[i].kind, len))
			continue;
		/* behind the first instruction there is no way in for a stub */
		if (strchr(name, '+'))
			return PAIRFUSE_AT_OTHER;
		if (name[0] && asprintf(func, "%s%s", kinds[i].prefix, name) < 0)
			*func = NULL;
		return kinds[i].at;
	}
	return PAIRFUSE_AT_OTHER;
}

enum pairfuse_hook_type pairfuse_hook_of_section(const char *section, char **func)
{
	const char *slash = strchr(section, '/');
	size_t len = slash ? (size_t)(slash - section) : strlen(section);
	const char *name = slash ? slash + 1 : "";

	*func = NULL;
	if ((len == strlen("tracepoint") && !strncmp(section, "tracepoint", len)) ||
	    (len == strlen("tp") && !strncmp(section, "tp", len))) {
		if (strncmp(name, "syscalls/", strlen("syscalls/")))
			return PAIRFUSE_AT_OTHER;
		return syscall_section(name + strlen("syscalls/"), func);
	}
	return probe_section(section, len, name, func);
}

/* --- what is no half --- */

#define MANY		"several functions by one link, not one by its own"
#define BOTH_ENDS	"one program for both ends: there is no second one to join"
#define USER		"in user space, where no stub can be"
#define TRACEPOINT	"a tracepoint: inside of functions"
#define ANSWERS		"answers calls of the function"
#define PACKETS		"run for packets and sockets, not at a function"
#define CGROUP		"run by a cgroup, not at a function"

/* All kinds of section of libbpf that can be none, and those of its releases to come. */
static const struct {
	const char *kind;	/* of the section name, without ".s" */
	const char *why;
} others[] = {
	{ "kprobe.multi", MANY }, { "kretprobe.multi", MANY },
	{ "kprobe.session", BOTH_ENDS }, { "fsession", BOTH_ENDS },
	{ "uprobe.session", USER }, { "uprobe.multi", USER }, { "uretprobe.multi", USER },
	{ "uprobe", USER }, { "uretprobe", USER }, { "usdt", USER },
	{ "tracepoint", TRACEPOINT }, { "tp", TRACEPOINT }, { "tp_btf", TRACEPOINT },
	{ "raw_tracepoint", TRACEPOINT }, { "raw_tp", TRACEPOINT },
	{ "raw_tracepoint.w", TRACEPOINT }, { "raw_tp.w", TRACEPOINT },
	{ "fmod_ret", ANSWERS }, { "lsm", ANSWERS }, { "lsm_cgroup", ANSWERS },
	{ "iter", "an iterator: run by its readers" },
	{ "perf_event", "run by a timer or counter" },
	{ "syscall", "run by user space" },
	{ "freplace", "in place of a function of another BPF program" },
	{ "struct_ops", "itself one of the kernel's operations, not at a function" },
	{ "lirc_mode2", "run for what a remote control sends" },
	{ "kprobe", "behind the first instruction" },
	{ "kretprobe", "behind the first instruction" },
	{ "xdp", PACKETS }, { "xdp.frags", PACKETS }, { "tc", PACKETS }, { "tcx", PACKETS },
	{ "classifier", PACKETS }, { "action", PACKETS }, { "netkit", PACKETS },
	{ "netfilter", PACKETS }, { "flow_dissector", PACKETS }, { "socket", PACKETS },
	{ "sk_reuseport", PACKETS }, { "sk_lookup", PACKETS }, { "sk_skb", PACKETS },
	{ "sk_msg", PACKETS }, { "sockops", PACKETS }, { "lwt_in", PACKETS },
	{ "lwt_out", PACKETS }, { "lwt_xmit", PACKETS }, { "lwt_seg6local", PACKETS },
	{ "cgroup_skb", CGROUP }, { "cgroup", CGROUP },
};

const char *pairfuse_hook_why_none(const char *section)
{
	size_t len = strcspn(section, "/+"), i;

	if (section[0] == '?')
		return pairfuse_hook_why_none(section + 1);
	if (len > 2 && !strncmp(section + len - 2, ".s", 2))
		len -= 2;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i].kind) == len && !strncmp(section, others[i].kind, len))
			return others[i].why;
	return "its section is none that libbpf knows, so the tool alone knows where it runs";
}
