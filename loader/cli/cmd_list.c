// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse list: what is attached, by whoever attached it.
 */
#include <errno.h>
#include <unistd.h>

#include "analysis.h"
#include "cli.h"
#include "device.h"
#include "json.h"

static const struct cli_option options[] = {
	{ "json", 'j', NULL, "one JSON document" },
	{}
};

static bool json;

static bool list_option(void *arg, int index, const char *value)
{
	json = true;
	return true;
}

static const char *link_state(const struct pairfuse_link_info *i)
{
	switch (i->state) {
	case PAIRFUSE_LINK_LIVE:
		return "live";
	case PAIRFUSE_LINK_PARKED:
		return "parked";
	default:
		return "draining";
	}
}

typedef void (*link_fn)(void *arg, const struct pairfuse_link_info *info);

static int for_each_link(int dev, link_fn fn, void *arg)
{
	struct pairfuse_link_info info = {};
	int err;

	while (!(err = pairfuse_device_next(dev, &info)))
		fn(arg, &info);
	return err == -ENOENT ? 0 : err;
}

static void link_text(void *arg, const struct pairfuse_link_info *i)
{
	struct cli_table *t = arg;

	cli_table_cell(t, "%u", i->id);
	cli_table_cell(t, "%s%s%s%s", i->target, i->module[0] ? " [" : "", i->module,
		       i->module[0] ? "]" : "");
	cli_table_cell(t, "%s", link_state(i));
	cli_table_cell(t, "%s", pairfuse_hook_name(i->hook));
	cli_table_cell(t, "%d", i->pid);
	cli_table_cell(t, "%s", i->comm);
	if (i->flags & PAIRFUSE_ATTACH_NO_ENTRY)
		cli_table_cell(t, "-/%u", i->exit_prog_id);
	else
		cli_table_cell(t, "%u/%u", i->entry_prog_id, i->exit_prog_id);
	cli_table_cell(t, "%llu", i->entered);
	cli_table_cell(t, "%llu", i->runs);
	cli_table_cell(t, "%llu", i->not_armed);
	cli_table_cell(t, "%llu/%llu", i->entry_missed, i->exit_missed);
	cli_table_cell(t, "%llu", i->diverted);
	cli_table_cell(t, "%llu", i->in_flight);
}

/* A pair takes one of the kind that it needs. */
const char *cli_stubs_text(const struct pairfuse_info *info, char *buf, size_t len)
{
	snprintf(buf, len, "%u of %u usual, %u of %u exact nesting, %u of %u no entry program, %u of %u both",
		 info->nr_free, info->nr_stubs, info->nr_exact_free, info->nr_exact_stubs,
		 info->nr_timed_free, info->nr_timed_stubs, info->nr_timed_exact_free,
		 info->nr_timed_exact_stubs);
	return buf;
}

static int list_text(int dev, const struct pairfuse_info *info)
{
	static const char *const head[] = { "ID", "FUNCTION", "STATE", "HOOK", "PID", "COMMAND",
					    "PROGRAMS", "ENTERED", "RUNS", "NOT-ARMED", "MISSED",
					    "DIVERTED", "IN-FLIGHT" };
	char text[160];
	struct cli_table *t = cli_table_new(sizeof(head) / sizeof(head[0]));
	size_t i;
	int err;

	for (i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		cli_table_cell(t, "%s", head[i]);
	err = for_each_link(dev, link_text, t);
	cli_table_print(t, stdout);
	printf("stubs: %u draining; free: %s\n", info->nr_draining,
	       cli_stubs_text(info, text, sizeof(text)));
	return err;
}

static const char *clock_name(__u32 flags)
{
	if (!(flags & PAIRFUSE_ATTACH_ELAPSED))
		return pairfuse_clock_name(PAIRFUSE_CLOCK_PROGRAMS);
	return pairfuse_clock_name(flags & PAIRFUSE_ATTACH_MONOTONIC ? PAIRFUSE_CLOCK_MONOTONIC :
									PAIRFUSE_CLOCK_COUNTER);
}

static void link_json(void *arg, const struct pairfuse_link_info *i)
{
	struct pairfuse_json *w = arg;

	pairfuse_json_object(w, NULL);
	pairfuse_json_uint(w, "id", i->id);
	pairfuse_json_string(w, "function", i->target);
	pairfuse_json_string(w, "module", i->module);
	pairfuse_json_string(w, "state", link_state(i));
	pairfuse_json_string(w, "hook", pairfuse_hook_name(i->hook));
	pairfuse_json_int(w, "pid", i->pid);
	pairfuse_json_string(w, "command", i->comm);
	pairfuse_json_uint(w, "entry_program", i->entry_prog_id);
	pairfuse_json_uint(w, "exit_program", i->exit_prog_id);
	pairfuse_json_bool(w, "exit_always", i->flags & PAIRFUSE_ATTACH_EXIT_ALWAYS);
	pairfuse_json_bool(w, "no_entry", i->flags & PAIRFUSE_ATTACH_NO_ENTRY);
	pairfuse_json_string(w, "clock", clock_name(i->flags));
	pairfuse_json_uint(w, "entered", i->entered);
	pairfuse_json_uint(w, "runs", i->runs);
	pairfuse_json_uint(w, "not_armed", i->not_armed);
	pairfuse_json_uint(w, "entry_missed", i->entry_missed);
	pairfuse_json_uint(w, "exit_missed", i->exit_missed);
	pairfuse_json_uint(w, "in_flight", i->in_flight);
	pairfuse_json_uint(w, "deep", i->deep);
	pairfuse_json_uint(w, "diverted", i->diverted);
	pairfuse_json_object_end(w);
}

static int list_json(int dev, const struct pairfuse_info *info)
{
	struct pairfuse_json w;
	int err;

	pairfuse_json_init(&w, stdout);
	pairfuse_json_begin(&w, "list");
	pairfuse_json_array(&w, "links");
	err = for_each_link(dev, link_json, &w);
	pairfuse_json_array_end(&w);
	pairfuse_json_object(&w, "stubs");
	pairfuse_json_uint(&w, "all", info->nr_stubs);
	pairfuse_json_uint(&w, "free", info->nr_free);
	pairfuse_json_uint(&w, "exact_all", info->nr_exact_stubs);
	pairfuse_json_uint(&w, "exact_free", info->nr_exact_free);
	pairfuse_json_uint(&w, "timed_all", info->nr_timed_stubs);
	pairfuse_json_uint(&w, "timed_free", info->nr_timed_free);
	pairfuse_json_uint(&w, "timed_exact_all", info->nr_timed_exact_stubs);
	pairfuse_json_uint(&w, "timed_exact_free", info->nr_timed_exact_free);
	pairfuse_json_uint(&w, "draining", info->nr_draining);
	pairfuse_json_object_end(&w);
	pairfuse_json_end(&w);
	return err;
}

static int list_run(void *arg, char **args)
{
	struct pairfuse_info info;
	char text[256];
	int dev, err;

	dev = pairfuse_device_open(&info);
	if (dev < 0) {
		cli_error("%s", pairfuse_device_error(dev, &info, text, sizeof(text)));
		return CLI_FAILED;
	}
	err = json ? list_json(dev, &info) : list_text(dev, &info);
	close(dev);
	if (err)
		cli_error("%s", pairfuse_device_error(err, &info, text, sizeof(text)));
	return err ? CLI_FAILED : CLI_OK;
}

const struct cli_verb cmd_list = {
	.name = "list",
	.summary = "list fused pairs that are attached or draining",
	.details =
		"RUNS counts calls for which both programs ran, NOT-ARMED calls whose entry left\n"
		"no state, MISSED recursive ones (entry/exit). A pair is draining when it has been\n"
		"detached while tasks were in the function, and parked while its function stays\n"
		"hooked for others that were attached with it.\n",
	.options = options,
	.option = list_option,
	.run = list_run,
};
