// SPDX-License-Identifier: GPL-2.0
/*
 * What became of the tool's pairs: one line when not all of them are fused, a JSON
 * document, the exit status of --require-fused.
 *
 * A tool attaches one program after the other, and what could not be fused a moment ago
 * may be fused now. So pairs are counted when the tool begins to wait (wait.c), and
 * when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "device.h"
#include "fd.h"
#include "hooks.h"
#include "json.h"
#include "log.h"
#include "run.h"
#include "selfcheck.h"
#include "sys.h"

#define MAX_KINDS 16

bool run_require_fused;

static bool news;
static int json_fd = -1;
static unsigned int nr_fused, nr_split;

/* Programs that were attached, by the name of the place. */
static struct kind {
	const char *name;
	unsigned int nr;
} kinds[MAX_KINDS];

bool run_has_news(void)
{
	return __atomic_load_n(&news, __ATOMIC_RELAXED);
}

void run_set_news(void)
{
	__atomic_store_n(&news, true, __ATOMIC_RELAXED);
}

void run_attached(const char *kind)
{
	size_t i;

	for (i = 0; i < MAX_KINDS && kinds[i].name && strcmp(kinds[i].name, kind); i++)
		;
	if (i == MAX_KINDS)
		return;
	kinds[i].name = kind;
	kinds[i].nr++;
	run_set_news();
}

/* --- counting --- */

static enum run_outcome outcome_now(const struct run_pair *pair)
{
	if (pair->state == RUN_PAIR_FUSED)
		return RUN_OUTCOME_FUSED;
	if (pair->state == RUN_PAIR_REFUSED && (pair->reason || pair->text[0]) &&
	    run_pair_is_attached(pair))
		return RUN_OUTCOME_SPLIT;
	return pair->outcome;	/* not attached yet, or not any more */
}

static void count_pair(struct run_pair *pair)
{
	enum run_outcome now = outcome_now(pair);

	nr_fused += (now == RUN_OUTCOME_FUSED) - (pair->outcome == RUN_OUTCOME_FUSED);
	nr_split += (now == RUN_OUTCOME_SPLIT) - (pair->outcome == RUN_OUTCOME_SPLIT);
	pair->outcome = now;
}

static void count_pairs(void)
{
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next)
		count_pair(pair);
}

void run_report_forget(void)
{
	nr_fused = 0;
	nr_split = 0;
	memset(kinds, 0, sizeof(kinds));
	news = false;
}

/* --- the line --- */

static const char *pair_text(const struct run_pair *pair)
{
	return pair->text[0] ? pair->text : pairfuse_reason_text(pair->reason);
}

static void say_split(void)
{
	const struct run_pair *pair = run_pairs;

	while (pair && pair->outcome != RUN_OUTCOME_SPLIT)
		pair = pair->next;
	run_warn("%s: %u of %u pairs are fused%s%s%s%s%s", program_invocation_short_name, nr_fused,
		 nr_fused + nr_split, pair ? "; not the one on '" : "", pair ? pair->func : "",
		 pair ? "': " : "", pair ? pair_text(pair) : "",
		 run_verbose || nr_split < 2 ? "" : " ('pairfuse run -v' tells the others)");
}

static void kinds_text(char *buf, size_t len)
{
	size_t i, used = 0;

	buf[0] = '\0';
	for (i = 0; i < MAX_KINDS && kinds[i].name && used < len; i++)
		used += snprintf(buf + used, len - used, "%s%s (%u)", i ? ", " : "", kinds[i].name,
				 kinds[i].nr);
}

static void say_nothing(void)
{
	char text[256];

	kinds_text(text, sizeof(text));
	if (text[0])
		run_warn("%s: nothing to fuse: attached are programs of type %s; a pair is fentry and fexit, kprobe and kretprobe, or sys_enter and sys_exit on one function",
			 program_invocation_short_name, text);
	else
		run_warn("%s: nothing to fuse: it has attached no BPF program, or makes its system calls without libc",
			 program_invocation_short_name);
}

/* Wrappers, and what does nothing with BPF, have nothing to be told about. */
static bool is_silent(void)
{
	return !kinds[0].name && (run_has_handed_on() || run_is_followed ||
				  !(run_verbose || run_require_fused));
}

static void say_once(bool end)
{
	static bool said;

	if (said || is_silent() || (!end && !kinds[0].name))
		return;
	if (nr_split)
		say_split();
	else if (!nr_fused)
		say_nothing();
	else
		return;
	said = true;
}

/* --- JSON --- */

static void verdict_json(struct pairfuse_json *w, const struct run_pair *pair)
{
	bool fused = pair->outcome == RUN_OUTCOME_FUSED;

	pairfuse_json_object(w, NULL);
	pairfuse_json_string(w, "entry", pair->entry_prog->name);
	pairfuse_json_string(w, "exit", pair->exit_prog->name);
	pairfuse_json_string(w, "function", pair->func);
	pairfuse_json_string(w, "module", pair->target.module);
	pairfuse_json_string(w, "engine", fused ? "fused" : "split");
	if (fused) {
		pairfuse_json_string(w, "hook", pairfuse_hook_name(pair->hook));
		pairfuse_json_uint(w, "link", pair->link_id);
		pairfuse_json_string(w, "storage", pairfuse_storage_name(pair->storage));
		pairfuse_json_string(w, "nesting", pair->exact ? "exact" : "per-call");
	}
	pairfuse_json_string(w, "carrier", pair->carrier_name[0] ? pair->carrier_name : NULL);
	pairfuse_json_uint(w, "state_size", pair->state_size);
	pairfuse_json_string(w, "reason", pairfuse_reason_id(fused ? PAIRFUSE_REASON_NONE :
								       pair->reason));
	pairfuse_json_string(w, "text", fused ? "" : pair_text(pair));
	if (fused)
		pairfuse_checked_json(w, &pair->checked);
	pairfuse_json_object_end(w);
}

static void write_document(FILE *out, bool final)
{
	const struct run_pair *pair;
	struct pairfuse_json w;
	size_t i;

	pairfuse_json_init(&w, out);
	pairfuse_json_begin(&w, "run");
	pairfuse_json_int(&w, "pid", run_sys_getpid());
	pairfuse_json_string(&w, "command", program_invocation_short_name);
	pairfuse_json_bool(&w, "final", final);
	pairfuse_json_uint(&w, "fused", nr_fused);
	pairfuse_json_uint(&w, "pairs", nr_fused + nr_split);
	pairfuse_json_array(&w, "attached");
	for (i = 0; i < MAX_KINDS && kinds[i].name; i++) {
		pairfuse_json_object(&w, NULL);
		pairfuse_json_string(&w, "type", kinds[i].name);
		pairfuse_json_uint(&w, "programs", kinds[i].nr);
		pairfuse_json_object_end(&w);
	}
	pairfuse_json_array_end(&w);
	pairfuse_json_array(&w, "verdicts");
	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->outcome != RUN_OUTCOME_NONE)
			verdict_json(&w, pair);
	pairfuse_json_array_end(&w);
	pairfuse_json_end(&w);
}

/* A document is one write, since several processes may have the file. */
static void tell_json(bool final)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (json_fd < 0 || (is_silent() && !kinds[0].name))
		return;
	out = open_memstream(&text, &len);
	if (!out)
		return;
	write_document(out, final);
	fclose(out);
	if (run_sys_write(json_fd, text, len) != (long)len)
		run_warn("--json: the document could not be written");
	free(text);
}

void run_report_init(const char *path)
{
	int fd;

	if (!path[0])
		return;
	run_fd_raise_limit();
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		run_warn("--json: '%s': %s", path, pairfuse_strerror(-errno));
	else if (run_fd_make_private(fd, &json_fd))
		run_warn("--json: '%s': no room beyond the limit on open files", path);
	run_fd_restore_limit();
}

/* --- when --- */

bool run_hook_waiting(void)
{
	struct run_guard g;
	bool signal;

	if (!run_enter(&g))
		return false;
	news = false;
	count_pairs();
	say_once(false);
	tell_json(false);
	signal = run_signal_came(&g);
	run_leave(&g);
	return signal;
}

/* The tool's own failure is told by its own status. */
static bool is_failure(void)
{
	bool any = kinds[0].name || !is_silent();

	return run_require_fused && any && (nr_split || !nr_fused);
}

void run_report_exit(int status)
{
	struct run_guard g;
	bool fail;

	if (!run_enter(&g))
		return;
	count_pairs();
	say_once(true);
	tell_json(true);
	fail = !status && is_failure();
	run_leave(&g);
	/* what is left to be done at exit goes on with the other status */
	if (fail)
		exit(RUN_EXIT_NOT_FUSED);
}
