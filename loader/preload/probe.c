// SPDX-License-Identifier: GPL-2.0
/*
 * What a perf event stands for: a kprobe or kretprobe on a function (the
 * "kprobe" PMU), an event that was written to tracing/kprobe_events, or the
 * entry or exit of a system call.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sys.h"

#define KPROBE_PMU "/sys/bus/event_source/devices/kprobe"

static const char *const tracing_dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

bool run_at_is_entry(enum run_at at)
{
	return at == RUN_AT_FENTRY || at == RUN_AT_KPROBE || at == RUN_AT_SYS_ENTER;
}

enum run_at run_at_partner(enum run_at at)
{
	switch (at) {
	case RUN_AT_FENTRY:
		return RUN_AT_FEXIT;
	case RUN_AT_FEXIT:
		return RUN_AT_FENTRY;
	case RUN_AT_KPROBE:
		return RUN_AT_KRETPROBE;
	case RUN_AT_KRETPROBE:
		return RUN_AT_KPROBE;
	case RUN_AT_SYS_ENTER:
		return RUN_AT_SYS_EXIT;
	case RUN_AT_SYS_EXIT:
		return RUN_AT_SYS_ENTER;
	default:
		return RUN_AT_OTHER;
	}
}

static bool set_func(char *func, const char *prefix, const char *name)
{
	return name[0] && snprintf(func, RUN_NAME_LEN, "%s%s", prefix, name) < RUN_NAME_LEN;
}

/* --- the kprobe PMU --- */

/* A number in a file, behind a prefix; -1: none. */
static long number_in(const char *path, const char *prefix)
{
	char text[64];
	char *end;
	long n;

	if (run_sys_read_file(path, text, sizeof(text)) <= 0 ||
	    strncmp(text, prefix, strlen(prefix)))
		return -1;
	n = strtol(text + strlen(prefix), &end, 10);
	return end == text + strlen(prefix) ? -1 : n;
}

/* Neither changes while the kernel runs: asked once, before anything is attached. */
static long pmu_type(void)
{
	static long type;

	if (!type)
		type = number_in(KPROBE_PMU "/type", "");
	return type;
}

static long pmu_return_bit(void)
{
	static long bit = -2;

	if (bit == -2)
		bit = number_in(KPROBE_PMU "/format/retprobe", "config:");
	return bit;
}

static enum run_at resolve_pmu(const struct perf_event_attr *attr, char *func)
{
	long bit = pmu_return_bit();

	/* by address, or in the middle of a function */
	if (!attr->config1 || attr->config2 || bit < 0 || bit > 63)
		return RUN_AT_OTHER;
	if (!set_func(func, "", (const char *)(unsigned long)attr->config1))
		return RUN_AT_OTHER;
	return attr->config >> bit & 1 ? RUN_AT_KRETPROBE : RUN_AT_KPROBE;
}

/* --- tracepoints, by id --- */

static const char *tracing_dir(void)
{
	static const char *dir;
	char path[PATH_MAX], text[16];
	size_t i;

	for (i = 0; !dir && i < sizeof(tracing_dirs) / sizeof(tracing_dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/tracing_on", tracing_dirs[i]);
		if (run_sys_read_file(path, text, sizeof(text)) > 0)
			dir = tracing_dirs[i];
	}
	return dir;
}

struct id_name {
	long id;
	char name[64];
};

static bool find_event(const char *dir, const char *group, __u64 id, char *name, size_t len)
{
	char path[PATH_MAX];
	bool found = false;
	struct dirent *de;
	DIR *d;

	snprintf(path, sizeof(path), "%s/events/%s", dir, group);
	d = opendir(path);
	if (!d)
		return false;
	while (!found && (de = readdir(d))) {
		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/events/%s/%s/id", dir, group, de->d_name);
		found = number_in(path, "") == (long)id &&
			snprintf(name, len, "%s", de->d_name) < (int)len;
	}
	closedir(d);
	return found;
}

/* The ids of the system calls' events do not change: read them once. */
static const char *syscall_event(const char *dir, __u64 id)
{
	static struct id_name *names;
	static size_t nr;
	static bool done;
	struct id_name *grown;
	char path[PATH_MAX];
	struct dirent *de;
	size_t i;
	DIR *d;

	snprintf(path, sizeof(path), "%s/events/syscalls", dir);
	d = done ? NULL : opendir(path);
	done = true;
	while (d && (de = readdir(d))) {
		if (strncmp(de->d_name, "sys_e", 5) || strlen(de->d_name) >= sizeof(names->name))
			continue;
		if (!(nr & (nr - 1))) {		/* a power of two, or 0: full */
			grown = realloc(names, (nr ? nr * 2 : 1) * sizeof(*names));
			if (!grown)
				break;
			names = grown;
		}
		snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", dir, de->d_name);
		names[nr].id = number_in(path, "");
		strcpy(names[nr++].name, de->d_name);
	}
	if (d)
		closedir(d);
	for (i = 0; i < nr; i++)
		if (names[i].id == (long)id)
			return names[i].name;
	return NULL;
}

/* "p:kprobes/NAME FUNC", "r16:kprobes/NAME FUNC" */
static enum run_at parse_kprobe_event(char *line, const char *name, char *func)
{
	char *slash = strchr(line, '/'), *space = strchr(line, ' '), *end;

	if (!slash || !space || slash > space || (line[0] != 'p' && line[0] != 'r'))
		return RUN_AT_OTHER;
	*space = '\0';
	if (strcmp(slash + 1, name))
		return RUN_AT_OTHER;
	end = space + 1 + strcspn(space + 1, " \n");
	*end = '\0';
	if (!strncmp(end - strlen("+0"), "+0", strlen("+0")))
		end[-2] = '\0';
	if (strpbrk(space + 1, "+:") || !set_func(func, "", space + 1))
		return RUN_AT_OTHER;
	return line[0] == 'r' ? RUN_AT_KRETPROBE : RUN_AT_KPROBE;
}

static enum run_at resolve_kprobe_event(const char *dir, const char *name, char *func)
{
	enum run_at at = RUN_AT_OTHER;
	char path[PATH_MAX], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/kprobe_events", dir);
	f = fopen(path, "re");
	while (f && at == RUN_AT_OTHER && fgets(line, sizeof(line), f))
		at = parse_kprobe_event(line, name, func);
	if (f)
		fclose(f);
	return at;
}

static enum run_at resolve_syscall(const char *dir, __u64 id, char *func)
{
	const char *event = syscall_event(dir, id);

	if (event && !strncmp(event, "sys_enter_", strlen("sys_enter_")))
		return set_func(func, "__x64_sys_", event + strlen("sys_enter_")) ?
			       RUN_AT_SYS_ENTER : RUN_AT_OTHER;
	if (event && !strncmp(event, "sys_exit_", strlen("sys_exit_")))
		return set_func(func, "__x64_sys_", event + strlen("sys_exit_")) ?
			       RUN_AT_SYS_EXIT : RUN_AT_OTHER;
	return RUN_AT_OTHER;
}

/* What a program is for says which of the two an event with a number is. */
static enum run_at resolve_tracepoint(__u64 id, enum bpf_prog_type type, char *func)
{
	const char *dir = tracing_dir();
	char name[128];

	if (!dir)
		return RUN_AT_OTHER;
	if (type != BPF_PROG_TYPE_KPROBE)
		return resolve_syscall(dir, id, func);
	if (find_event(dir, "kprobes", id, name, sizeof(name)))
		return resolve_kprobe_event(dir, name, func);
	return RUN_AT_OTHER;
}

enum run_at run_probe_resolve(const struct perf_event_attr *attr, pid_t pid,
			      enum bpf_prog_type type, char *func)
{
	func[0] = '\0';
	if (pid != -1)		/* one task only: not what a pair does */
		return RUN_AT_OTHER;
	if (attr->type == PERF_TYPE_TRACEPOINT)
		return resolve_tracepoint(attr->config, type, func);
	if ((long)attr->type == pmu_type())
		return resolve_pmu(attr, func);
	return RUN_AT_OTHER;
}

void run_probe_warm(bool tracepoints)
{
	const char *dir = tracepoints ? tracing_dir() : NULL;

	pmu_type();
	pmu_return_bit();
	if (dir)
		syscall_event(dir, 0);
}
