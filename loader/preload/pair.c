// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs and what was decided on them.
 *
 * A pair is remembered by its two programs and the function, so that it keeps
 * its verdict, and its programs if they were loaded, from one analysis to the
 * next.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "fd.h"
#include "run.h"

struct run_pair *run_pairs;

struct run_pair *run_pair_get(struct run_prog *entry, struct run_prog *exit, const char *func)
{
	struct run_pair **p, *pair;

	for (p = &run_pairs; *p; p = &(*p)->next)
		if ((*p)->entry_prog == entry && (*p)->exit_prog == exit &&
		    !strcmp((*p)->func, func))
			return *p;
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return NULL;
	pair->entry_prog = entry;
	pair->exit_prog = exit;
	snprintf(pair->func, sizeof(pair->func), "%s", func);
	pair->entry_fd = -1;
	pair->exit_fd = -1;
	pair->target_fd = -1;
	*p = pair;
	return pair;
}

void run_pair_unload(struct run_pair *pair)
{
	run_fd_close_private(&pair->entry_fd);
	run_fd_close_private(&pair->exit_fd);
	run_fd_close_private(&pair->target_fd);
}

void run_pair_free(struct run_pair *pair)
{
	struct run_pair **p = &run_pairs;

	while (*p && *p != pair)
		p = &(*p)->next;
	if (*p)
		*p = pair->next;
	run_pair_unload(pair);
	free(pair->entry_code.insns);
	free(pair->exit_code.insns);
	free(pair);
}

void run_pair_refuse(struct run_pair *pair, enum pairfuse_reason reason, const char *fmt, ...)
{
	va_list ap;

	run_pair_unload(pair);
	pair->state = RUN_PAIR_REFUSED;
	pair->reason = reason;
	va_start(ap, fmt);
	vsnprintf(pair->text, sizeof(pair->text), fmt, ap);
	va_end(ap);
}

void run_pair_refuse_room(struct run_pair *pair)
{
	struct rlimit limit = {};

	run_fd_tool_limit(&limit);
	pair->final = true;
	run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH,
			"no room for descriptors that take none from the tool: its limit on open files is %llu, the hard limit %llu; raise the hard limit (ulimit -Hn), or give it CAP_SYS_RESOURCE",
			(unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
}

bool run_pair_same_group(const struct run_pair *a, const struct run_pair *b)
{
	return a == b || (a->carrier && a->carrier == b->carrier &&
			  !memcmp(&a->consts, &b->consts, sizeof(a->consts)));
}

bool run_map_is_carrier(__u32 map_id)
{
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->state == RUN_PAIR_FUSED && pair->carrier == map_id)
			return true;
	return false;
}

static void tell_fused(const struct run_pair *pair)
{
	run_say("%s: fused: %s + %s, carrier map '%s', key %s, %u bytes of state%s, %s hook, link %u%s",
		pair->func, pair->entry_prog->name, pair->exit_prog->name, pair->carrier_name,
		pairfuse_key_name(pair->key), pair->state_size,
		pair->storage == PAIRFUSE_STORAGE_TASK ? " in the task" : "",
		pairfuse_hook_name(pair->hook), pair->link_id,
		pair->exact ? ", nesting exact" : "");
}

void run_pair_tell(bool all)
{
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->told || pair->state == RUN_PAIR_READY)
			continue;
		if (pair->state == RUN_PAIR_REFUSED && !all)
			continue;
		pair->told = true;
		if (pair->state == RUN_PAIR_FUSED)
			tell_fused(pair);
		else
			run_say("%s: not fused: %s + %s: %s: %s", pair->func,
				pair->entry_prog->name, pair->exit_prog->name,
				pairfuse_reason_id(pair->reason),
				pair->text[0] ? pair->text : pairfuse_reason_text(pair->reason));
	}
}
