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
#include "pairfuse.h"
#include "tool.h"

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
	{ "require-fused", 'q', NULL, "exit with 3 when a pair is not fused, or nothing is" },
	{ "json", 'j', "FILE", "write what was fused to FILE, one JSON document per line" },
	{}
};

enum { OPT_HOOK, OPT_NESTING, OPT_CLOCK, OPT_OPT, OPT_SELF_CHECK, OPT_NO_SELF_CHECK,
       OPT_REQUIRE_FUSED, OPT_JSON };

static __u32 hook = PAIRFUSE_HOOK_SHARED;
static enum pairfuse_nesting nesting;
static bool exact_clock;
static unsigned int without;
static long self_check = PAIRFUSE_SELF_CHECK_BRIEF;
static bool require_fused;
static const char *json;

static bool run_option(void *arg, int index, const char *value)
{
	if (index == OPT_SELF_CHECK)
		return cli_self_check(&options[index], value, &self_check);
	if (index == OPT_NO_SELF_CHECK) {
		self_check = 0;
		return true;
	}
	if (index == OPT_REQUIRE_FUSED)
		return require_fused = true;
	if (index == OPT_JSON) {
		json = value;
		return true;
	}
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

static char json_path[PATH_MAX];

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

/*
 * A new file, whose whole name is handed on: the tool may go elsewhere, and what it
 * starts writes to the same one. Returns false after a message.
 */
static bool make_json(void)
{
	int fd;

	if (!json)
		return true;
	fd = open(json, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || (json[0] != '/' && !realpath(json, json_path))) {
		cli_error("run: --json: '%s': %s", json, pairfuse_strerror(-errno));
		return false;
	}
	close(fd);
	if (json[0] == '/')
		snprintf(json_path, sizeof(json_path), "%s", json);
	return true;
}

static int preload(const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char options_text[PATH_MAX + 96], *value;

	if (asprintf(&value, "%s%s%s", lib, old && old[0] ? ":" : "", old ? old : "") < 0)
		return -ENOMEM;
	/* 0: the first program, which others that it starts are not (preload/interpose.c) */
	snprintf(options_text, sizeof(options_text), "0:%d:%u:%u:%u:%u:%ld:%u:%s", cli_verbose,
		 hook, nesting, exact_clock, without, self_check, require_fused, json_path);
	if (setenv("LD_PRELOAD", value, 1) || setenv("PAIRFUSE_RUN", options_text, 1)) {
		free(value);
		return -errno;
	}
	free(value);
	return 0;
}

/* --- the tool --- */

/* The interposer asks for the tool's programs and maps by id. */
static bool may_look(void)
{
	unsigned int caps = cli_caps();

	if (cli_in_user_namespace()) {
		cli_error("run: nothing will be fused: this is a user namespace of its own, whose privileges do not reach BPF tracing; start it outside");
		return false;
	}
	if (caps & CLI_CAP_SYS_ADMIN)
		return true;
	cli_error("run: nothing will be fused: need CAP_SYS_ADMIN (to look at the tool's programs), have %s",
		  caps ? cli_caps_text(caps) : "none");
	return false;
}

/* False: nothing will be fused, which was said. */
static bool prepare(const char *tool)
{
	char lib[PATH_MAX], text[256];
	struct pairfuse_info info;
	const char *what;
	int err;

	if (!may_look())
		return false;
	err = cli_load_module(&info);
	if (err)
		cli_error("run: nothing will be fused: %s%s",
			  pairfuse_device_error(err, &info, text, sizeof(text)),
			  cli_modprobe_said());
	else if ((what = find_preload(lib)))
		cli_error("run: nothing will be fused: %s", what);
	else if ((what = pairfuse_tool_unfit(tool)))
		cli_error("run: nothing will be fused: '%s' %s", tool, what);
	else if ((err = preload(lib)))
		cli_error("run: nothing will be fused: %s", pairfuse_strerror(err));
	else
		return true;
	return false;
}

static int run(void *state, char **args)
{
	int err;

	if (!make_json())
		return CLI_FAILED;
	if (!prepare(args[0]) && require_fused) {
		cli_error("run: '%s' is not started (--require-fused)", args[0]);
		return CLI_NOT_FUSED;
	}
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
		   "One line on standard error says so when not all pairs were fused; with -v\n"
		   "standard error tells each pair, and why the rest was not.\n"
		   "TOOL may be a wrapper (timeout, env, a shell): what it starts is followed.\n",
	.options = options,
	.nr_args = CLI_REST,
	.option = run_option,
	.run = run,
};
