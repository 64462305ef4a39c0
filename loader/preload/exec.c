// SPDX-License-Identifier: GPL-2.0
/*
 * What the process starts: it gets the interposer too, until the process has loaded a
 * BPF program of its own. So wrappers (timeout, env, a shell) are followed to the tool,
 * and what a tool starts to have it traced is not changed.
 *
 * The environment of the process itself shows nothing of it (interpose.c): LD_PRELOAD
 * and PAIRFUSE_RUN are put into the one that a new program is given. That happens in
 * the child of vfork() too, so memory comes from the stack and no lock is taken.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hooks.h"
#include "run.h"
#include "tool.h"

#define PRELOAD_VAR "LD_PRELOAD="
#define RUN_VAR	    RUN_ENV "="

static char lib[PATH_MAX];
static char setting[PATH_MAX + 128];	/* RUN_VAR...; "": what is started is not followed */
static bool handed_on;

/*
 * Set when the program loads a BPF program. Shared with the children that it has by then:
 * bpftrace -c forks what it is to trace first, and lets it execute its program last.
 */
static bool unshared, *is_tool = &unshared;

bool run_is_followed;

void run_follow(const char *path, const char *options)
{
	void *page = mmap(NULL, sizeof(*is_tool), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED)
		is_tool = page;
	if (snprintf(lib, sizeof(lib), "%s", path) >= (int)sizeof(lib) ||
	    snprintf(setting, sizeof(setting), RUN_VAR "%s", options) >= (int)sizeof(setting))
		setting[0] = '\0';
}

void run_follow_end(void)
{
	__atomic_store_n(is_tool, true, __ATOMIC_RELAXED);
}

void run_follow_forked(void)
{
	handed_on = true;
}

bool run_has_handed_on(void)
{
	return handed_on;
}

/* Can what is started take the interposer? Asked where it is started: chroot(8). */
static bool can_follow(const char *name)
{
	const char *what;

	if (!setting[0] || __atomic_load_n(is_tool, __ATOMIC_RELAXED))
		return false;
	if (access(lib, R_OK)) {
		run_warn("'%s': nothing of it will be fused: %s cannot be read where it is started",
			 name, lib);
		return false;
	}
	what = pairfuse_tool_unfit(name);
	if (what)
		run_warn("'%s': nothing of it will be fused: it %s", name, what);
	return !what;
}

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static const char *value_of(char *const envp[], const char *var)
{
	for (; envp && *envp; envp++)
		if (begins(*envp, var))
			return *envp + strlen(var);
	return "";
}

size_t run_env_size(const char *name, char *const envp[])
{
	size_t n = 0;

	if (!can_follow(name))
		return 0;
	while (envp && envp[n])
		n++;
	return (n + 3) * sizeof(*envp) + sizeof(PRELOAD_VAR) + strlen(lib) + 1 +
	       strlen(value_of(envp, PRELOAD_VAR));
}

char **run_env_fill(void *room, char *const envp[])
{
	const char *rest = value_of(envp, PRELOAD_VAR);
	char **out = room, **to = out, *text;
	size_t n = 0;

	while (envp && envp[n])
		n++;
	text = (char *)(out + n + 3);
	for (; envp && *envp; envp++)
		if (!begins(*envp, PRELOAD_VAR) && !begins(*envp, RUN_VAR))
			*to++ = *envp;
	sprintf(text, PRELOAD_VAR "%s%s%s", lib, rest[0] ? ":" : "", rest);
	*to++ = text;
	*to++ = setting;
	*to = NULL;
	handed_on = true;
	return out;
}
