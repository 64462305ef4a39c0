// SPDX-License-Identifier: GPL-2.0
/*
 * Opening the object of `load` and `explain`, with --target, --fs and --set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis.h"
#include "cli.h"
#include "object.h"
#include "pairfuse.h"
#include "selfcheck.h"

#define MAX_CHECK_CALLS 1000000

bool cli_self_check(const struct cli_option *opt, const char *value, long *calls)
{
	*calls = PAIRFUSE_CHECK_CALLS;
	if (!value || cli_parse_number(value, 1, MAX_CHECK_CALLS, calls))
		return true;
	cli_bad_value(opt, value, "a number of calls, 1 to 1000000");
	return false;
}

static bool append(struct cli_given **list, const char *value)
{
	struct cli_given *g = calloc(1, sizeof(*g));

	if (!g)
		return false;
	g->value = value;
	while (*list)
		list = &(*list)->next;
	*list = g;
	return true;
}

static void free_list(struct cli_given **list)
{
	struct cli_given *g;

	while ((g = *list)) {
		*list = g->next;
		free(g);
	}
}

static bool is_assignment(const char *text)
{
	return text[0] != '=' && strchr(text, '=');
}

static bool is_filesystem(const char *name)
{
	size_t len = strlen(name);
	const char *known;

	for (known = CLI_FILESYSTEMS; *known; known += strspn(known, ", ")) {
		if (strcspn(known, ",") == len && !strncmp(known, name, len))
			return true;
		known += strcspn(known, ",");
	}
	return false;
}

bool cli_object_option(struct cli_object_options *o, const struct cli_option *opt, int index,
		       const char *value)
{
	enum pairfuse_nesting nesting;
	unsigned int without;
	bool exact_clock;

	switch (index) {
	case CLI_OPT_TARGET:
		if (!is_assignment(value) || !strchr(value, '=')[1])
			break;
		return append(&o->targets, value);
	case CLI_OPT_SET:
		if (!is_assignment(value))
			break;
		return append(&o->sets, value);
	case CLI_OPT_FS:
		if (!is_filesystem(value)) {
			cli_bad_value(opt, value, CLI_FILESYSTEMS);
			return false;
		}
		o->fs = value;
		return true;
	case CLI_OPT_NESTING:
		if (!pairfuse_nesting_parse(value, &nesting))
			break;
		o->nesting = value;
		return true;
	case CLI_OPT_CLOCK:
		if (!pairfuse_clock_parse(value, &exact_clock))
			break;
		o->clock = value;
		return true;
	case CLI_OPT_OPT:
		if (!pairfuse_opt_parse(value, &without))
			break;
		o->opt = value;
		return true;
	case CLI_OPT_SELF_CHECK:
		return cli_self_check(opt, value, &o->self_check);
	case CLI_OPT_NO_SELF_CHECK:
		o->self_check = 0;
		return true;
	default:
		return false;
	}
	cli_bad_value(opt, value, opt->arg);
	return false;
}

typedef int (*assign_fn)(struct pairfuse_object *obj, const char *name, const char *value);

static int assign_all(struct pairfuse_object *obj, const struct cli_given *g, assign_fn assign)
{
	const char *eq;
	char *name;
	int err = 0;

	for (; g && !err; g = g->next) {
		eq = strchr(g->value, '=');
		name = strndup(g->value, eq - g->value);
		if (!name)
			return -ENOMEM;
		err = assign(obj, name, eq + 1);
		free(name);
	}
	return err;
}

int cli_object_open(const char *path, struct cli_object_options *o, struct pairfuse_object **out)
{
	struct pairfuse_object *obj;
	int err;

	err = o->to_explain ? pairfuse_object_open_to_explain(path, &obj) :
			      pairfuse_object__open(path, &obj);
	if (err) {
		cli_show_libbpf_tail();
		return err;
	}
	err = o->btf ? pairfuse_object_set_btf(obj, o->btf) : 0;
	if (!err)
		err = assign_all(obj, o->sets, pairfuse_object__set_option);
	if (!err)
		err = assign_all(obj, o->targets, pairfuse_object__set_target);
	if (!err && o->fs)
		err = pairfuse_object__set_fs(obj, o->fs);
	if (!err)
		err = pairfuse_object__set_nesting(obj, o->nesting);
	if (!err)
		err = pairfuse_object__set_clock(obj, o->clock);
	if (!err)
		err = pairfuse_object__set_opt(obj, o->opt);
	if (!err)
		err = pairfuse_object__set_self_check(obj, o->self_check);
	free_list(&o->sets);
	free_list(&o->targets);
	if (err)
		pairfuse_object__close(obj);
	else
		*out = obj;
	return err;
}
