// SPDX-License-Identifier: GPL-2.0
/*
 * The libc functions that start programs: see exec.c for what is done there. Those
 * with a list of arguments become those with an array, on the stack.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "run.h"

#define EXPORT __attribute__((visibility("default")))

/* The environment for a program: envp, or one with the interposer, on the caller's stack. */
#define FOLLOWED(name, envp) ({						\
	size_t size_ = run_env_size(name, envp);			\
	size_ ? run_env_fill(alloca(size_), envp) : (char **)(envp);	\
})

typedef int (*exec_fn)(const char *path, char *const argv[], char *const envp[]);
typedef int (*fexec_fn)(int fd, char *const argv[], char *const envp[]);
typedef int (*spawn_fn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);

static void *next(void **fn, const char *name)
{
	if (!*fn)
		*fn = dlsym(RTLD_NEXT, name);
	return *fn;
}

static int do_execve(const char *path, char *const argv[], char *const envp[])
{
	static void *fn;

	return ((exec_fn)next(&fn, "execve"))(path, argv, FOLLOWED(path, envp));
}

static int do_execvpe(const char *file, char *const argv[], char *const envp[])
{
	static void *fn;

	return ((exec_fn)next(&fn, "execvpe"))(file, argv, FOLLOWED(file, envp));
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return do_execve(path, argv, envp);
}

EXPORT int execv(const char *path, char *const argv[])
{
	return do_execve(path, argv, environ);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	return do_execvpe(file, argv, environ);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return do_execvpe(file, argv, envp);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	static void *fn;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return ((fexec_fn)next(&fn, "fexecve"))(fd, argv, FOLLOWED(path, envp));
}

static size_t count_args(const char *first, va_list ap)
{
	size_t n = 1;

	while (first && va_arg(ap, const char *))
		n++;
	return n;
}

/* `from` is behind `first`; takes as many as argv has room for, with the NULL. */
static void take_args(char **argv, const char *first, va_list ap, size_t n)
{
	size_t i;

	argv[0] = (char *)first;
	for (i = 1; i < n; i++)
		argv[i] = va_arg(ap, char *);
	argv[n] = NULL;
}

#define LISTED(name, exec, env)						\
EXPORT int name(const char *path, const char *arg, ...)			\
{									\
	char **argv, *const *envp = environ;				\
	va_list ap;							\
	size_t n;							\
									\
	va_start(ap, arg);						\
	n = count_args(arg, ap);					\
	va_end(ap);							\
	argv = alloca((n + 1) * sizeof(*argv));				\
	va_start(ap, arg);						\
	take_args(argv, arg, ap, n);					\
	if (env) {							\
		va_arg(ap, char *);		/* the NULL */		\
		envp = va_arg(ap, char *const *);			\
	}								\
	va_end(ap);							\
	return exec(path, argv, envp);					\
}

LISTED(execl, do_execve, false)
LISTED(execlp, do_execvpe, false)
LISTED(execle, do_execve, true)

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	static void *fn;

	return ((spawn_fn)next(&fn, "posix_spawn"))(pid, path, actions, attr, argv,
						    FOLLOWED(path, envp));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	static void *fn;

	return ((spawn_fn)next(&fn, "posix_spawnp"))(pid, file, actions, attr, argv,
						     FOLLOWED(file, envp));
}
