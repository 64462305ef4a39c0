/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where programs are attached, and what their context holds there.
 */
#ifndef PAIRFUSE_HOOK_H
#define PAIRFUSE_HOOK_H

#include "analysis.h"

bool pairfuse_hook_is_entry(enum pairfuse_hook_type at);
bool pairfuse_hook_is_exit(enum pairfuse_hook_type at);
bool pairfuse_hook_is_half(enum pairfuse_hook_type at);	/* one or the other */

/* The other end of a pair; PAIRFUSE_AT_OTHER for PAIRFUSE_AT_OTHER. */
enum pairfuse_hook_type pairfuse_hook_partner(enum pairfuse_hook_type at);

/* PAIRFUSE_AT_SYS_ENTER or _EXIT: the arguments are in the struct pt_regs of arg 0 */
bool pairfuse_hook_is_syscall(enum pairfuse_hook_type at);

/* fentry or fexit: pointer arguments have types, programs may dereference them */
bool pairfuse_hook_is_typed(enum pairfuse_hook_type at);

enum pairfuse_field_kind {
	PAIRFUSE_FIELD_ARG,	/* argument register n */
	PAIRFUSE_FIELD_RET,	/* return value */
	PAIRFUSE_FIELD_REGS,	/* member at n of the struct pt_regs that argument 0 points to */
};

struct pairfuse_field {
	enum pairfuse_field_kind kind;
	unsigned int n;
	unsigned int byte;	/* first one that is wanted */
};

/*
 * What is at bytes [off, off + size) of the program's context? False: nothing
 * that the stub has too.
 */
bool pairfuse_hook_field(const struct pairfuse_prog *prog, __s64 off, unsigned int size,
			 struct pairfuse_field *field);

/*
 * "tracepoint/syscalls/sys_enter_openat" and the like: which hook, and the
 * function behind it ("__x64_sys_openat"; allocated, NULL when there is none).
 * PAIRFUSE_AT_OTHER when the section says something else.
 */
enum pairfuse_hook_type pairfuse_hook_of_section(const char *section, char **func);

/* In a few words, for each kind of section: why is a program of it no half of a pair? */
const char *pairfuse_hook_why_none(const char *section);

#endif /* PAIRFUSE_HOOK_H */
