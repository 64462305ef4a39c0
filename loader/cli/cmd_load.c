// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse load: attach the pairs of an object, fused where possible, and show
 * its data until told to stop.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>

#include <linux/pairfuse.h>

#include "cli.h"
#include "device.h"
#include "json.h"
#include "object.h"
#include "pairfuse.h"
#include "selfcheck.h"
#include "show.h"

enum {
	OPT_HOOK = CLI_NR_OBJECT_OPTIONS,
	OPT_ENGINE,
	OPT_INTERVAL,
	OPT_DURATION,
	OPT_JSON,
	OPT_REQUIRE_FUSED,
};

static const struct cli_option options[] = {
	CLI_OBJECT_OPTIONS,
	{ "hook", 'k', "shared|direct",
	  "share functions with other tracers (default), or exclude them" },
	{ "engine", 'e', "fused|split", "fuse pairs (default), or attach programs as they are" },
	{ "interval", 'i', "S", "print the data every S seconds" },
	{ "duration", 'd', "S", "stop after S seconds; 0: as soon as the data was printed once" },
	{ "json", 'j', NULL, "one JSON document per line" },
	{ "require-fused", 'q', NULL, "exit with 3 at once when a pair is not fused, or none is" },
	{}
};

static struct load {
	struct cli_object_options object;
	struct pairfuse_attach_opts attach;
	long interval;		/* seconds, 0: only at the end */
	long duration;		/* seconds, -1: until a signal */
	bool json;
	bool require_fused;
} state = {
	.object = { .self_check = PAIRFUSE_SELF_CHECK_BRIEF },
	.attach = { .sz = sizeof(state.attach) },
	.duration = -1,
};

#define MAX_SECONDS  (365L * 24 * 3600)
#define WANTED_FILES 65536

static bool load_option(void *arg, int index, const char *value)
{
	const struct cli_option *opt = &options[index];
	struct load *l = arg;

	switch (index) {
	case OPT_HOOK:
		if (strcmp(value, "shared") && strcmp(value, "direct"))
			break;
		l->attach.hook = strcmp(value, "direct") ? PAIRFUSE_HOOK_SHARED :
							   PAIRFUSE_HOOK_DIRECT;
		return true;
	case OPT_ENGINE:
		if (strcmp(value, "fused") && strcmp(value, "split"))
			break;
		l->attach.engine = strcmp(value, "split") ? PAIRFUSE_ENGINE_FUSED :
							    PAIRFUSE_ENGINE_SPLIT;
		return true;
	case OPT_INTERVAL:
		if (cli_parse_number(value, 1, MAX_SECONDS, &l->interval))
			return true;
		cli_bad_value(opt, value, "a whole number of seconds, 1 or more");
		return false;
	case OPT_DURATION:
		if (cli_parse_number(value, 0, MAX_SECONDS, &l->duration))
			return true;
		cli_bad_value(opt, value, "a whole number of seconds, 0 or more");
		return false;
	case OPT_JSON:
		l->json = true;
		return true;
	case OPT_REQUIRE_FUSED:
		l->require_fused = true;
		return true;
	default:
		return cli_object_option(&l->object, opt, index, value);
	}
	cli_bad_value(opt, value, opt->arg);
	return false;
}

/* --- what was attached --- */

static bool is_pair(const struct pairfuse_verdict *v)
{
	return v->entry && v->exit && !v->left_out;
}

static void count(const struct pairfuse_object *obj, size_t *fused, size_t *pairs)
{
	const struct pairfuse_verdict *v;
	size_t i;

	*fused = *pairs = 0;
	for (i = 0; (v = pairfuse_object__verdict(obj, i)); i++) {
		*pairs += is_pair(v);
		*fused += is_pair(v) && v->fused;
	}
}

static const char *how(const struct pairfuse_verdict *v)
{
	return v->fused ? "fused" : v->left_out ? "left out" : "split";
}

static void verdicts_text(const struct pairfuse_object *obj)
{
	struct cli_table *t = cli_table_new(5);
	const struct pairfuse_verdict *v;
	size_t i;

	cli_table_cell(t, "ENTRY");
	cli_table_cell(t, "EXIT");
	cli_table_cell(t, "FUNCTION");
	cli_table_cell(t, "ENGINE");
	cli_table_cell(t, "NOTE");
	for (i = 0; (v = pairfuse_object__verdict(obj, i)); i++) {
		cli_table_cell(t, "%s", v->entry ? v->entry : "-");
		cli_table_cell(t, "%s", v->exit ? v->exit : "-");
		cli_table_cell(t, "%s%s%s%s", v->target ? v->target : "-", v->module[0] ? " [" : "",
			       v->module, v->module[0] ? "]" : "");
		cli_table_cell(t, "%s", how(v));
		if (v->fused)
			cli_table_cell(t, "%s hook, %u bytes of %s state in place of '%s'%s",
				       pairfuse_hook_name(v->hook), v->state_size, v->storage,
				       v->carrier ? v->carrier : "-",
				       strcmp(v->nesting, "exact") ? "" : ", nesting exact");
		else
			cli_table_cell(t, "%s: %s", v->reason_id, v->reason);
	}
	if (i)
		cli_table_print(t, stdout);
	else
		cli_table_free(t);
}

static void verdict_json(struct pairfuse_json *w, const struct pairfuse_verdict *v,
			 const struct pairfuse_checked *checked)
{
	pairfuse_json_object(w, NULL);
	pairfuse_json_string(w, "entry", v->entry);
	pairfuse_json_string(w, "exit", v->exit);
	pairfuse_json_string(w, "function", v->target);
	pairfuse_json_string(w, "module", v->module);
	pairfuse_json_string(w, "engine", v->fused ? "fused" : v->left_out ? "none" : "split");
	if (v->fused) {
		pairfuse_json_string(w, "hook", pairfuse_hook_name(v->hook));
		pairfuse_json_uint(w, "link", v->link_id);
		pairfuse_json_string(w, "storage", v->storage);
		pairfuse_json_string(w, "nesting", v->nesting);
		pairfuse_json_string(w, "clock", v->clock);
	}
	pairfuse_json_string(w, "carrier", v->carrier);
	pairfuse_json_uint(w, "state_size", v->state_size);
	pairfuse_json_string(w, "reason", v->reason_id);
	pairfuse_json_string(w, "text", v->reason);
	if (v->fused && checked)
		pairfuse_checked_json(w, checked);
	pairfuse_json_object_end(w);
}

/* What came of trying it; NULL: it is not fused. */
static const struct pairfuse_checked *checked_of(const struct pairfuse_object *obj, size_t i)
{
	const struct pairfuse_opair *pair = &obj->pairs[i];

	return pair->reason || !pair->analysis ? NULL : &pair->analysis->checked;
}

/* --self-check: that it was made, of pairs that have passed. Unasked: in verbose mode. */
static void report_checked(const struct load *l, const struct pairfuse_object *obj)
{
	const struct pairfuse_checked *c;
	unsigned int calls = 0;
	char text[256];
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		c = checked_of(obj, i);
		if (c && c->calls > calls)
			calls = c->calls;
		if (c && cli_verbose && pairfuse_checked_text(c, text, sizeof(text))[0])
			printf("pairfuse: %s: %s\n", obj->pairs[i].verdict.target, text);
	}
	if (calls && l->object.self_check != PAIRFUSE_SELF_CHECK_BRIEF)
		printf("pairfuse: tried before attaching: %u calls, no difference\n", calls);
}

static void report_attached(const struct load *l, const struct pairfuse_object *obj)
{
	const struct pairfuse_verdict *v;
	size_t i, fused, pairs;
	struct pairfuse_json w;

	count(obj, &fused, &pairs);
	if (!l->json) {
		verdicts_text(obj);
		report_checked(l, obj);
		if (!pairs)
			puts("pairfuse: no pair is attached: that is fentry and fexit, kprobe and kretprobe, or system call tracepoint programs at both ends of one function ('pairfuse explain' tells of each)");
		printf("pairfuse: fused %zu of %zu pairs\n", fused, pairs);
		fflush(stdout);
		return;
	}
	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "attached");
	pairfuse_json_uint(&w, "fused", fused);
	pairfuse_json_uint(&w, "pairs", pairs);
	pairfuse_json_array(&w, "verdicts");
	for (i = 0; (v = pairfuse_object__verdict(obj, i)); i++)
		verdict_json(&w, v, checked_of(obj, i));
	pairfuse_json_array_end(&w);
	pairfuse_json_end(&w);
}

static void report_data(const struct load *l, const struct pairfuse_object *obj, bool final)
{
	struct pairfuse_json w;
	char stamp[16] = "";
	time_t now = time(NULL);

	if (!l->json) {
		if (l->interval) {
			strftime(stamp, sizeof(stamp), "%H:%M:%S", localtime(&now));
			printf("\n%s\n", stamp);
		} else {
			putchar('\n');
		}
		pairfuse_show_text(obj, stdout);
		return;
	}
	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "data");
	pairfuse_json_int(&w, "time", now);
	pairfuse_json_bool(&w, "final", final);
	pairfuse_show_json(obj, &w);
	pairfuse_json_end(&w);
}

static void report_detached(const struct load *l)
{
	struct pairfuse_json w;

	if (!l->json)
		return;
	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "detached");
	pairfuse_json_end(&w);
}

static void warn_unseen(const struct pairfuse_object *obj)
{
	char names[256];

	if (pairfuse_show_unseen(obj, names, sizeof(names))[0])
		cli_error("not shown: %s (events and maps of these types have no reader here)",
			  names);
}

/* --- waiting --- */

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static bool is_ignored(int sig)
{
	struct sigaction old;

	return !sigaction(sig, NULL, &old) && old.sa_handler == SIG_IGN;
}

/*
 * SIGINT and SIGTERM come through a descriptor from before attaching on, so
 * that there is no moment in which they would end us without the final data.
 * Until then they end us as they end any program: trying pairs may take long.
 * SIGHUP stays without effect under nohup(1). SIGINT does not when it is ignored,
 * as it is for what a script starts in the background: kill -INT is to end that too.
 */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);	/* seen as an error of stdout */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	fd = sigprocmask(SIG_BLOCK, &set, NULL) ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		cli_error("load: signals cannot be waited for: %s", strerror(errno));
	return fd;
}

static void wait_and_report(const struct load *l, const struct pairfuse_object *obj, int signals)
{
	long long start = now_ms(), end = l->duration < 0 ? -1 : start + l->duration * 1000;
	long long next = l->interval ? start + l->interval * 1000 : -1, wake, now;
	/* without events: wakes when the reader of a pipe has gone */
	struct pollfd pfds[] = { { .fd = signals, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	while (!ferror(stdout)) {
		now = now_ms();
		if (end >= 0 && now >= end)
			return;
		if (next >= 0 && now >= next) {
			report_data(l, obj, false);
			while (next <= now)
				next += l->interval * 1000;
			continue;
		}
		wake = end < 0 || (next >= 0 && next < end) ? next : end;
		if (wake >= 0 && wake - now > 3600000)
			wake = now + 3600000;
		if (poll(pfds, 2, wake < 0 ? -1 : (int)(wake - now)) > 0)
			return;
	}
}

/*
 * Open files: a program and a link for each half. The soft limit is there for programs
 * that use select(), which this one does not.
 */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= WANTED_FILES)
		return;
	limit.rlim_cur = limit.rlim_max = WANTED_FILES;
	setrlimit(RLIMIT_NOFILE, &limit);	/* with CAP_SYS_RESOURCE, that is */
}

/* --require-fused */
static bool is_missed(const struct load *l, const struct pairfuse_object *obj)
{
	size_t fused, pairs;

	count(obj, &fused, &pairs);
	if (!l->require_fused || (fused && fused == pairs))
		return false;
	cli_error("load: %zu of %zu pairs are fused, --require-fused wants all: nothing stays attached",
		  fused, pairs);
	return true;
}

static int load_run(void *arg, char **args)
{
	struct pairfuse_object *obj;
	struct load *l = arg;
	int signals, err;

	raise_limit();
	if (cli_object_open(args[0], &l->object, &obj))
		return CLI_FAILED;
	/* what goes wrong shows when pairs are attached, but for this */
	if (l->attach.engine == PAIRFUSE_ENGINE_FUSED && cli_load_module(NULL) &&
	    cli_modprobe_said()[0])
		cli_error("load: the kernel module could not be loaded%s", cli_modprobe_said());
	err = pairfuse_object__load(obj);
	if (!err) {
		signals = open_signals();
		if (signals < 0) {
			pairfuse_object__close(obj);
			return CLI_FAILED;
		}
		err = pairfuse_object__attach(obj, &l->attach);
	}
	if (err) {
		cli_show_libbpf_tail();
		pairfuse_object__close(obj);
		return CLI_FAILED;
	}
	/* fused or not, it works; what could be given back stays */
	err = pairfuse_object__release(obj);
	if (err)
		cli_error("maps that are not used any more: %s", strerror(-err));
	warn_unseen(obj);
	report_attached(l, obj);
	if (is_missed(l, obj)) {
		pairfuse_object__close(obj);
		return CLI_NOT_FUSED;
	}
	wait_and_report(l, obj, signals);
	/* detach first: the final data is what remains */
	pairfuse_object__detach(obj);
	report_data(l, obj, true);
	report_detached(l);
	pairfuse_object__close(obj);
	return CLI_OK;
}

const struct cli_verb cmd_load = {
	.name = "load",
	.args = "OBJ",
	.nr_args = 1,
	.summary = "attach the pairs of a BPF object fused and show its data",
	.details =
		"A pair that cannot be fused runs as its author wrote it; the table says why.\n"
		"'pairfuse: fused N of M pairs' is printed when all is attached. Without\n"
		"--duration: until SIGINT or SIGTERM. The data is printed at the end, after\n"
		"detaching, and every --interval.\n",
	.options = options,
	.option = load_option,
	.run = load_run,
	.state = &state,
};
