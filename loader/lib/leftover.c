// SPDX-License-Identifier: GPL-2.0
/*
 * Is the carrier map the result?
 *
 * What a slot or task storage holds, user space does not see. For calls that are
 * under way that is what was promised. A call that is over must have left nothing in
 * the map, or tools that print it (bpftrace prints all maps when it ends) say
 * something else than without us: totals by thread, the last result, calls that
 * failed. It does not help that tools are put back on their feet when they look at a
 * carrier; what was to be there by then is gone.
 *
 * So on all ways out of the exit the element of a hash has to be gone, given that the
 * entry has stored it; and where there was none, none may have been made. Its value
 * does not matter: that it is there says that the call had failed, or whatever the exit's
 * condition was. (But one that is 0 counts as none. That is what those take it for who look
 * whether `@x[tid]` is 0 before they delete it.)
 *
 * An element of an array cannot go. A field that the entry always sets where it stores,
 * and that is 0 however the exit ends, says that there is nothing: what the entry has
 * stored besides is then as dead for a reader as it is for the programs. What the exit
 * has put there is a result.
 *
 * With two exceptions, for what tools forget:
 *
 *	- The exit looks at the task first (the user: execsnoop -u, whose entry does the
 *	  same; but execve() can change it), is not interested, and ends. It has looked neither
 *	  at the state nor at what was returned, so it does not say anything about the call.
 *	- The exit writes nothing there, and the entry only times, addresses of structures of
 *	  the kernel (arguments that are pointers by BTF) and constants beside these
 *	  (funclatency never deletes, tcptracer not for connections without an address). They
 *	  name nothing outside of the kernel.
 *
 * Whoever prints all maps shows even those: bpftrace, whose maps are `printed`.
 *
 * The object's own task storage can be kept; a slot in its place has to be like an array's.
 */
#include "leftover.h"

static const char *map_name(const struct pairfuse_plan *plan)
{
	return plan->in->maps[plan->carrier].name;
}

static int insn_of(const struct pairfuse_plan *plan, const struct pairfuse_return *ret)
{
	return ret ? plan->exit->ir.nodes[ret->node].orig : -1;
}

/* All that may be left is what nobody could make use of. */
static bool is_private(const struct pairfuse_plan *plan, const struct pairfuse_run *exit)
{
	return !plan->entry_run.tells && !exit->tells &&
	       !plan->in->maps[plan->carrier].printed;
}

static int leaves(struct pairfuse_plan *plan, const struct pairfuse_return *ret, const char *how,
		  const char *remedy)
{
	plan->leaves = true;
	plan->leaves_why.prog = 1;
	pairfuse_refuse(&plan->leaves_why, PAIRFUSE_REASON_NOT_CONSUMED, insn_of(plan, ret),
			"'%s' %s '%s', where user space may look for it: %s",
			plan->exit->prog->name, how, map_name(plan), remedy);
	return 0;
}

/* An element all of whose bytes are 0 counts as none. */
static bool is_zero(const struct pairfuse_plan *plan, const struct pairfuse_return *ret)
{
	__u32 size = plan->in->maps[plan->carrier].value_size;

	return size <= PAIRFUSE_SLOT_BYTES && !(pairfuse_bytes(0, size) & ~ret->zero);
}

static int study_hash(struct pairfuse_plan *plan, const struct pairfuse_run *exit)
{
	const struct pairfuse_return *ret = NULL;
	bool printed = plan->in->maps[plan->carrier].printed;
	__u8 left = plan->creates ? PAIRFUSE_LEFT_KNOWN : 0;
	size_t r;

	for (r = 0; r < exit->nr_returns; r++) {
		if (!exit->returns[r].left || is_zero(plan, &exit->returns[r]))
			continue;
		left |= exit->returns[r].left;
		ret = &exit->returns[r];
	}
	plan->stays = left & PAIRFUSE_LEFT_KNOWN;
	plan->forgets = left & PAIRFUSE_LEFT_FILTERED;
	if ((!plan->stays || is_private(plan, exit)) && !(printed && plan->forgets))
		return 0;
	return leaves(plan, ret, "can end without having deleted what is in",
		      "delete it on every path");
}

/* Bytes that the entry writes wherever it stores at all. */
static __u64 always_set(const struct pairfuse_run *entry)
{
	__u64 set = ~0ULL;
	size_t r;

	for (r = 0; r < entry->nr_returns; r++)
		if (entry->returns[r].written)
			set &= entry->returns[r].written;
	return set;
}

static int study_array(struct pairfuse_plan *plan)
{
	const struct pairfuse_run *exit = &plan->exit_run;
	size_t r;

	for (r = 0; r < exit->nr_returns; r++)
		if (exit->returns[r].present && exit->returns[r].changed)
			return leaves(plan, &exit->returns[r], "leaves a result in",
				      "keep results in a map of their own");
	if (plan->zeroes & always_set(&plan->entry_run))
		return 0;
	plan->stays = true;
	if (is_private(plan, exit))
		return 0;
	return leaves(plan, NULL, "leaves what the entry has stored in",
		      "set a field to 0 on every path");
}

int pairfuse_leftover_slot(struct pairfuse_plan *plan)
{
	plan->leaves = false;
	if (plan->kind == PAIRFUSE_CARRIER_HASH)
		return study_hash(plan, &plan->exit_run);
	if (plan->removes)
		return 0;
	study_array(plan);
	if (!plan->leaves || plan->kind == PAIRFUSE_CARRIER_ARRAY)
		return 0;
	plan->leaves = false;
	plan->why = plan->leaves_why;
	return PAIRFUSE_REFUSED;
}

int pairfuse_leftover_task(struct pairfuse_plan *plan, const struct pairfuse_run *exit)
{
	int err;

	plan->creates = false;	/* seen as left, here */
	err = study_hash(plan, exit);
	plan->leaves &= plan->kind == PAIRFUSE_CARRIER_HASH;
	return err;
}
