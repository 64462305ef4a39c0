// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse run: start a tool with the interposer.
 *
 * The tool takes our place (exec), so its pid, signals, terminal and exit
 * status are those of a tool started directly. It gets the interposer by
 * LD_PRELOAD and our options by PAIRFUSE_RUN; the interposer removes both from
 * the environment before the tool looks at it (preload/interpose.c).
 *
 * Where nothing could be fused anyway, because the module is missing, say, the
 * tool is started as it is, after one line on standard error.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis.h"
#include "cli.h"
#include "device.h"
#include "log.h"

#define EXIT_NOT_EXECUTABLE 126		/* as env(1) */
#define EXIT_NOT_FOUND	    127

#define PRELOAD "libpairfuse-preload.so"

static const struct cli_option options[] = {
	{ "hook", 'k', "shared|direct",
	  "share functions with other tracers (default), or exclude them" },
	{ "nesting", 'n', "exact|per-call",
	  "what calls inside calls find: the map's state, or their own" },
	{ "clock", 'c', "auto|exact",
	  "times from the CPU's counter, or by the clock of bpf_ktime_get_ns()" },
	{ "opt", 'O', "all|none|NAME,...",
	  "optimisations to apply (default: all); -NAME,...: all but these" },
	CLI_SELF_CHECK_OPTION,
	{}
};

enum { OPT_HOOK, OPT_NESTING, OPT_CLOCK, OPT_OPT, OPT_SELF_CHECK };

static __u32 hook = PAIRFUSE_HOOK_SHARED;
static enum pairfuse_nesting nesting;
static bool exact_clock;
static unsigned int without;
static long self_check;

static bool run_option(void *arg, int index, const char *value)
{
	if (index == OPT_SELF_CHECK)
		return cli_self_check(&options[index], value, &self_check);
	if (index == OPT_NESTING && pairfuse_nesting_parse(value, &nesting))
		return true;
	if (index == OPT_HOOK && (!strcmp(value, "shared") || !strcmp(value, "direct"))) {
		hook = strcmp(value, "direct") ? PAIRFUSE_HOOK_SHARED : PAIRFUSE_HOOK_DIRECT;
		return true;
	}
	if (index == OPT_CLOCK && pairfuse_clock_parse(value, &exact_clock))
		return true;
	if (index == OPT_OPT && pairfuse_opt_parse(value, &without))
		return true;
	cli_bad_value(&options[index], value, options[index].arg);
	return false;
}

/* --- the interposer --- */

/*
 * Beside the program (where it was built), or where it is installed. Returns what
 * is wrong, or NULL.
 */
static const char *find_preload(char *path)
{
	static const char none[] = PRELOAD ": not found beside the program";
	static const char *const places[] = { "", "../lib/pairfuse/" };
	char exe[PATH_MAX], *slash;
	ssize_t n;
	size_t i;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		return none;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return none;
	slash[1] = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(path, PATH_MAX, "%s%s%s", exe, places[i], PRELOAD) >= PATH_MAX ||
		    access(path, R_OK))
			continue;
		/* no way to write these */
		return strpbrk(path, ": ") ?
			       PRELOAD ": LD_PRELOAD takes no path with a blank or a colon in it" :
			       NULL;
	}
	return none;
}

static int preload(const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char options_text[64], *value;

	if (asprintf(&value, "%s%s%s", lib, old && old[0] ? ":" : "", old ? old : "") < 0)
		return -ENOMEM;
	snprintf(options_text, sizeof(options_text), "%d:%u:%u:%u:%u:%ld", cli_verbose, hook,
		 nesting, exact_clock, without, self_check);
	if (setenv("LD_PRELOAD", value, 1) || setenv("PAIRFUSE_RUN", options_text, 1)) {
		free(value);
		return -errno;
	}
	free(value);
	return 0;
}

/* --- the tool --- */

static bool is_executable(const char *path)
{
	return !access(path, X_OK);
}

/* Where execvp() will find it; "" if nowhere. */
static void find_tool(const char *name, char *path)
{
	const char *dir = getenv("PATH"), *end;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return;
	}
	for (dir = dir ? dir : "/bin:/usr/bin"; *dir; dir = end + (*end == ':')) {
		end = strchrnul(dir, ':');
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - dir), dir,
			     end > dir ? "/" : "", name) < PATH_MAX && is_executable(path))
			return;
	}
	path[0] = '\0';
}

static bool has_interpreter(int fd, const Elf64_Ehdr *eh)
{
	Elf64_Phdr ph;
	int i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh->e_phoff + (off_t)i * sizeof(ph)) != sizeof(ph))
			return false;
		if (ph.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/*
 * What the tool is that keeps it from loading the interposer, or NULL. A static
 * program would only hand its environment on. Scripts are judged by the
 * interpreter's own start.
 */
static const char *unfit(const char *name)
{
	const char *what = NULL;
	char path[PATH_MAX];
	Elf64_Ehdr eh;
	int fd;

	find_tool(name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		what = NULL;
	else if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		what = "is not a 64 bit program";
	else if (eh.e_machine != EM_X86_64)
		what = "is not an x86-64 program";
	else if (!has_interpreter(fd, &eh))
		what = "is linked statically";
	close(fd);
	return what;
}

/* The interposer asks for the tool's programs and maps by id. */
static bool may_look(void)
{
	unsigned int caps = cli_caps();

	if (caps & CLI_CAP_SYS_ADMIN)
		return true;
	cli_error("run: nothing will be fused: need CAP_SYS_ADMIN (to look at the tool's programs), have %s",
		  caps ? cli_caps_text(caps) : "none");
	return false;
}

static void prepare(const char *tool)
{
	char lib[PATH_MAX], text[256];
	struct pairfuse_info info;
	const char *what;
	int err;

	if (!may_look())
		return;
	err = cli_load_module(&info);
	if (err)
		cli_error("run: nothing will be fused: %s",
			  pairfuse_device_error(err, &info, text, sizeof(text)));
	else if ((what = find_preload(lib)))
		cli_error("run: nothing will be fused: %s", what);
	else if ((what = unfit(tool)))
		cli_error("run: nothing will be fused: '%s' %s", tool, what);
	else if ((err = preload(lib)))
		cli_error("run: nothing will be fused: %s", pairfuse_strerror(err));
}

static int run(void *state, char **args)
{
	int err;

	prepare(args[0]);
	execvp(args[0], args);
	err = errno;
	cli_error("run: '%s': %s", args[0], pairfuse_strerror(err));
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

const struct cli_verb cmd_run = {
	.name = "run",
	.args = "[--] TOOL [ARGUMENT]...",
	.summary = "start a tool and fuse the pairs that it attaches",
	.details = "The exit status is the tool's; 126 or 127 when it cannot be executed.\n"
		   "With -v standard error says what was fused, and why the rest was not.\n"
		   "Only TOOL itself is followed, not what it starts: put sudo, env or timeout in\n"
		   "front of pairfuse.\n",
	.options = options,
	.nr_args = CLI_REST,
	.option = run_option,
	.run = run,
};
