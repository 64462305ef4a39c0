// SPDX-License-Identifier: GPL-2.0
/*
 * The libc functions that are interposed, and starting up.
 *
 * Tools link libbpf statically and libc dynamically: all their bpf(2) and
 * perf_event_open(2) calls go through libc's syscall(), the rest of a program's
 * life through ioctl(), close() and the like. Whatever is not ours goes to the
 * next definition, libc's or that of another interposer.
 *
 * syscall() is assembly, so that calls that it does not care for reach libc
 * with registers and stack as they were.
 */
#include <asm/unistd.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "hooks.h"
#include "run.h"
#include "sys.h"

#define EXPORT __attribute__((visibility("default")))

typedef long (*syscall_fn)(long nr, ...);

/* Called from, and jumped to by, the assembly. */
long run_hook_syscall(long nr, long a, long b, long c, long d, long e);
long run_syscall_failed(long ret);
long run_raw_syscall(long nr, ...);
extern syscall_fn run_next_syscall;

syscall_fn run_next_syscall = run_raw_syscall;	/* before the constructor */

__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	endbr64\n"
	"	cmpq	$321, %rdi\n"		/* __NR_bpf */
	"	je	run_hook_syscall\n"
	"	cmpq	$298, %rdi\n"		/* __NR_perf_event_open */
	"	je	run_hook_syscall\n"
	"	jmp	*run_next_syscall(%rip)\n"
	".size syscall, . - syscall\n"

	".hidden run_raw_syscall\n"
	".globl run_raw_syscall\n"
	".type run_raw_syscall, @function\n"
	"run_raw_syscall:\n"
	"	endbr64\n"
	"	movq	%rdi, %rax\n"
	"	movq	%rsi, %rdi\n"
	"	movq	%rdx, %rsi\n"
	"	movq	%rcx, %rdx\n"
	"	movq	%r8, %r10\n"
	"	movq	%r9, %r8\n"
	"	movq	8(%rsp), %r9\n"
	"	syscall\n"
	"	cmpq	$-4095, %rax\n"
	"	jae	1f\n"
	"	ret\n"
	"1:	movq	%rax, %rdi\n"
	"	jmp	run_syscall_failed\n"
	".size run_raw_syscall, . - run_raw_syscall\n");

_Static_assert(__NR_bpf == 321 && __NR_perf_event_open == 298, "numbers above");

long run_syscall_failed(long ret)
{
	errno = -ret;
	return -1;
}

long run_hook_syscall(long nr, long a, long b, long c, long d, long e)
{
	if (nr == __NR_bpf)
		return run_hook_bpf(a, (union bpf_attr *)b, c);
	return run_hook_perf_event_open((struct perf_event_attr *)a, b, c, d, e);
}

/* --- what comes next --- */

static long next_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return run_next_syscall(__NR_bpf, (long)cmd, attr, (long)size);
}

static long next_perf_event_open(struct perf_event_attr *attr, int pid, int cpu, int group,
				 unsigned long flags)
{
	return run_next_syscall(__NR_perf_event_open, attr, (long)pid, (long)cpu, (long)group,
				flags);
}

static int raw_close_range(unsigned int first, unsigned int last, int flags)
{
	return run_raw_syscall(__NR_close_range, (long)first, (long)last, (long)flags);
}

/*
 * Called by the constructor, or by a constructor that runs earlier and uses one
 * of the functions. Several threads would find the same.
 */
static void find_next(void)
{
	syscall_fn fn = (syscall_fn)dlsym(RTLD_NEXT, "syscall");

	if (fn)
		run_next_syscall = fn;
	run_next.bpf = next_bpf;
	run_next.perf_event_open = next_perf_event_open;
	*(void **)&run_next.ioctl = dlsym(RTLD_NEXT, "ioctl");
	*(void **)&run_next.dup = dlsym(RTLD_NEXT, "dup");
	*(void **)&run_next.dup2 = dlsym(RTLD_NEXT, "dup2");
	*(void **)&run_next.dup3 = dlsym(RTLD_NEXT, "dup3");
	*(void **)&run_next.fcntl = dlsym(RTLD_NEXT, "fcntl");
	*(void **)&run_next.close_range = dlsym(RTLD_NEXT, "close_range");
	if (!run_next.close_range)	/* glibc before 2.34 */
		run_next.close_range = raw_close_range;
	*(void **)&run_next.close = dlsym(RTLD_NEXT, "close");
}

static inline void need_next(void)
{
	if (__builtin_expect(!run_next.close, 0))
		find_next();
}

/* --- the functions --- */

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	need_next();
	return run_hook_ioctl(fd, request, arg);
}

EXPORT int close(int fd)
{
	need_next();
	return run_hook_close(fd);
}

EXPORT int dup(int fd)
{
	need_next();
	return run_hook_dup(fd);
}

EXPORT int dup2(int fd, int newfd)
{
	need_next();
	return run_hook_dup2(fd, newfd);
}

EXPORT int dup3(int fd, int newfd, int flags)
{
	need_next();
	return run_hook_dup3(fd, newfd, flags);
}

#define FCNTL(name)					\
EXPORT int name(int fd, int cmd, ...)			\
{							\
	unsigned long arg;				\
	va_list ap;					\
							\
	va_start(ap, cmd);				\
	arg = va_arg(ap, unsigned long);		\
	va_end(ap);					\
	need_next();					\
	return run_hook_fcntl(fd, cmd, arg);		\
}

FCNTL(fcntl)
#undef fcntl64
int fcntl64(int fd, int cmd, ...);
FCNTL(fcntl64)	/* the same on x86-64 */

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	need_next();
	return run_hook_close_range(first, last, flags);
}

EXPORT void closefrom(int first)
{
	need_next();
	run_hook_close_range(first < 0 ? 0 : first, ~0U, 0);
}

/* --- start and end --- */

/*
 * The environment as it was given to the program, and not by getenv(), unsetenv() and the
 * like: shells have functions of these names that know their variables only.
 */
static char **find_var(const char *name)
{
	size_t len = strlen(name);
	char **var;

	for (var = environ; var && *var; var++)
		if (!strncmp(*var, name, len) && (*var)[len] == '=')
			return var;
	return NULL;
}

static const char *value_of(const char *name)
{
	char **var = find_var(name);

	return var ? *var + strlen(name) + 1 : NULL;
}

static void remove_var(char **var)
{
	for (; *var; var++)
		var[0] = var[1];
}

/* The program is to see what it would have seen; what it starts: exec.c. */
static void clean_environment(void)
{
	char **var = find_var("LD_PRELOAD"), *value, *rest;

	if (var) {
		value = *var + strlen("LD_PRELOAD=");
		rest = value + strcspn(value, ": ");
		/* cmd_run.c, or exec.c, has put us first */
		if (memmem(value, rest - value, RUN_LIB, strlen(RUN_LIB))) {
			if (*rest && rest[1])
				memmove(value, rest + 1, strlen(rest + 1) + 1);
			else
				remove_var(var);
		}
	}
	var = find_var(RUN_ENV);
	if (var)
		remove_var(var);
}

/* Our own path, the first word of LD_PRELOAD; what is started is to be followed. */
static void follow(const char *options)
{
	const char *preload = value_of("LD_PRELOAD");
	size_t len = preload ? strcspn(preload, ": ") : 0;
	char path[PATH_MAX], next[PATH_MAX + 64];

	if (!len || len >= sizeof(path))
		return;
	memcpy(path, preload, len);
	path[len] = '\0';
	if (snprintf(next, sizeof(next), "1%s", options + 1) < (int)sizeof(next))
		run_follow(path, next);
}

static void at_exit(int status, void *arg)
{
	run_hook_exit(status);
}

/* "FOLLOWED:NUMBER:...:FILE", see cmd_run.c; 0 or 1: is it not the first one? */
static bool read_options(const char *env, char *json, int *verbose, __u32 *hook)
{
	unsigned int nesting, exact_clock, require, followed;
	int end = 0;

	if (sscanf(env, "%u:%d:%u:%u:%u:%u:%u:%u:%n", &followed, verbose, hook, &nesting,
		   &exact_clock, &run_without, &run_self_check, &require, &end) != 8 || !end)
		return false;
	snprintf(json, PATH_MAX, "%s", env + end);
	run_nesting = nesting;
	run_exact_clock = exact_clock;
	run_require_fused = require;
	run_is_followed = followed;
	return true;
}

__attribute__((constructor)) static void start(void)
{
	const char *env = value_of(RUN_ENV);
	char json[PATH_MAX];
	int verbose;
	__u32 hook;

	need_next();
	if (!env || !read_options(env, json, &verbose, &hook))
		return;
	follow(env);
	clean_environment();
	libbpf_set_print(NULL);
	run_init(verbose, hook);
	run_say_init();
	run_report_init(json);
	pthread_atfork(run_hook_fork_prepare, run_hook_fork_parent, run_hook_fork_child);
	on_exit(at_exit, NULL);
}
