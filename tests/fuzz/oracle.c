// SPDX-License-Identifier: GPL-2.0
/*
 * What running pairs one by one cannot show, but the generator knows: verdicts that have
 * to be refusals.
 */
#include <string.h>

#include "check.h"
#include "hook.h"

static const struct fuzz_group *group_of(const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	return c->group_of[p->entry / 2];
}

/* Entries that look for a call around them, and are given nothing to find it by? */
static bool forgets_outer(const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	/* a sloppy one may have stored its own before it looks */
	return !group_of(c, p)->sloppy && !p->exact &&
	       c->obj.in.nesting != PAIRFUSE_NESTING_PER_CALL &&
	       !pairfuse_hook_is_syscall(c->obj.progs[p->entry].at) &&
	       p->carrier == group_of(c, p)->map && group_of(c, p)->declines;
}

/* State that is in two maps, of which one has what the outer call has left? */
static bool forgets_half(const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	return !group_of(c, p)->sloppy && !p->exact &&
	       c->obj.in.nesting == PAIRFUSE_NESTING_DEFAULT &&
	       p->storage == PAIRFUSE_STORAGE_SLOT &&
	       !pairfuse_hook_is_syscall(c->obj.progs[p->entry].at) &&
	       p->carrier == group_of(c, p)->map && group_of(c, p)->second >= 0;
}

/* Another fused entry on its function, and each looks at what the other has written? */
static bool shows_order(const struct fuzz_case *c, const struct pairfuse_result *res,
			const struct pairfuse_pair *p)
{
	const char *target = c->obj.progs[p->entry].target;
	size_t i;

	if (!group_of(c, p)->talks)
		return false;
	for (i = 0; i < c->obj.in.nr_progs / 2; i++)
		if (2 * i != (size_t)p->entry && !strcmp(c->obj.progs[2 * i].target, target) &&
		    c->group_of[i]->talks)
			return true;
	return false;
}

static bool is_answered(const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	return c->answered && !strcmp(c->obj.progs[p->entry].target, c->obj.progs[0].target);
}

/* Its tracepoint comes without a return of the function, too. */
static bool misses_exits(const struct fuzz_case *c, const struct pairfuse_pair *p)
{
	return !group_of(c, p)->sloppy && pairfuse_hook_is_syscall(c->obj.progs[p->entry].at) &&
	       p->carrier == group_of(c, p)->map && group_of(c, p)->counts_missing;
}

const char *fuzz_oracle(const struct fuzz_case *c, const struct pairfuse_result *res)
{
	size_t i;

	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *p = &res->pairs[i];

		if (p->reason != PAIRFUSE_REASON_NONE)
			continue;
		if (forgets_outer(c, p))
			return "the entry looks for an outer call, and never finds it";
		if (forgets_half(c, p))
			return "of state in two maps, inner calls find one half";
		if (is_answered(c, p))
			return "calls that another program answers are not seen";
		if (misses_exits(c, p))
			return "the exit counts what comes without an entry, and never sees it";
		if (shows_order(c, res, p))
			return "entries on one function see which is the first";
	}
	return NULL;
}
