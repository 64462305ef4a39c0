// SPDX-License-Identifier: GPL-2.0
/*
 * When and how originals are replaced, and put back.
 *
 * Nothing is replaced before both halves of a pair are attached as the tool
 * wanted it: so the tool has seen every error that it would have seen, and
 * there is something to fall back to. Then, for one pair:
 *
 *	exit off, entry off	nothing is counted twice, direct mode finds the
 *				function free
 *	pairfuse link		on failure: entry on, exit on
 *	its fd over the fds of both halves
 *
 * so that the tool's own fds own the pair, and it goes when they go, whatever
 * happens to the process. Calls between the first and the last step are missed,
 * as are those before the tool attaches.
 *
 * All or nothing within a group, for the reason told in lib/attach.c. Programs
 * that are loaded but not attached yet take part in the analysis: those for
 * kprobes and tracepoints do not say where they will go, which refuses the pairs
 * that share a map with them until they are attached.
 */
#include <errno.h>
#include <string.h>

#include "device.h"
#include "fd.h"
#include "log.h"
#include "run.h"
#include "sys.h"

/* --- putting back --- */

/*
 * Between attaching and now the original entry may have left state in the map
 * that no exit has taken; an exit much later would take it for its own.
 */
static void purge(__u32 carrier)
{
	unsigned char key[512];
	union bpf_attr attr = {};
	unsigned int n;
	long fd;

	attr.map_id = carrier;
	fd = run_sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return;
	for (n = 0; n < 1000000; n++) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = fd;
		attr.next_key = (__u64)(unsigned long)key;
		if (run_sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr)))
			break;
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = fd;
		attr.key = (__u64)(unsigned long)key;
		if (run_sys_bpf(BPF_MAP_DELETE_ELEM, &attr, sizeof(attr)))
			break;		/* an array, say */
	}
	run_sys_close(fd);
}

static void restore(struct run_half *half)
{
	int err = run_half_restore(half);

	if (err)
		run_warn("program '%s' on '%s' cannot be attached again: %s", half->prog->name,
			 half->func[0] ? half->func : half->prog->func, pairfuse_strerror(err));
}

static void put_back(struct run_pair *pair)
{
	struct run_half *entry = pair->entry, *exit = pair->exit;

	pair->state = RUN_PAIR_REFUSED;
	pair->entry = NULL;
	pair->exit = NULL;
	run_half_take_fused_off(exit);
	run_half_take_fused_off(entry);
	restore(entry);
	restore(exit);
}

/*
 * What is in the task storage of the group goes too: the next programs get a new
 * one. Those that are loaded with the old one and wait are loaded again.
 */
static void drop_storage(__u32 carrier)
{
	struct run_map *map = run_map_get(carrier);
	struct run_pair *pair;

	if (!map || map->storage_fd < 0)
		return;
	run_fd_close_private(&map->storage_fd);
	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->carrier != carrier || pair->state != RUN_PAIR_READY)
			continue;
		run_pair_unload(pair);
		pair->state = RUN_PAIR_REFUSED;
	}
}

void run_fallback(__u32 carrier, const char *why)
{
	struct run_pair *pair;
	bool purged = false;

	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_FUSED || pair->carrier != carrier)
			continue;
		if (!purged)
			purge(carrier);
		purged = true;
		put_back(pair);
		run_say("%s: back to the original programs: %s", pair->func, why);
	}
	if (purged)
		drop_storage(carrier);
	run_generation++;
}

void run_fallback_half(struct run_half *half, const char *why)
{
	if (half->pair)
		run_fallback(half->pair->carrier, why);
	else if (half->state == RUN_HALF_OFF)
		restore(half);
}

void run_unfuse(struct run_pair *pair, struct run_half *gone)
{
	struct run_half *other = gone == pair->entry ? pair->exit : pair->entry;

	run_half_take_fused_off(other);
	gone->pair = NULL;
	pair->entry = NULL;
	pair->exit = NULL;
	pair->state = RUN_PAIR_REFUSED;
	/* calls that are under way have stored what no exit will take */
	if (!run_map_is_carrier(pair->carrier))
		drop_storage(pair->carrier);
	run_generation++;
}

/* --- replacing --- */

void run_anchor(void)
{
	static int anchor = -1;
	int err;

	if (run_hook != PAIRFUSE_HOOK_SHARED)
		return;
	err = run_fd_make_private(pairfuse_anchor(), &anchor);
	if (err && err != -ENOENT)
		run_say("BPF's trampolines are not kept in use: %s", pairfuse_strerror(err));
}

static struct run_half *find_half(const struct run_prog *prog, const char *func, bool entry)
{
	struct run_half *half;

	for (half = run_halves; half; half = half->next)
		if (half->prog == prog && half->at != RUN_AT_OTHER &&
		    run_at_is_entry(half->at) == entry &&
		    !strcmp(half->func[0] ? half->func : prog->func, func))
			return half;
	return NULL;
}

static bool replace(struct run_pair *pair)
{
	int link, err;

	err = run_half_take_off(pair->exit);
	if (!err)
		err = run_half_take_off(pair->entry);
	if (err) {
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH,
				"the link of the original cannot be replaced: %s",
				pairfuse_strerror(err));
		goto back;
	}
	link = run_engine_attach(pair);
	if (link < 0)
		goto back;
	err = run_half_put_fused(pair->entry, link);
	if (!err)
		err = run_half_put_fused(pair->exit, link);
	run_sys_close(link);
	if (err) {
		run_half_take_fused_off(pair->entry);
		run_half_take_fused_off(pair->exit);
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH, "%s", pairfuse_strerror(err));
		goto back;
	}
	pair->entry->pair = pair;
	pair->exit->pair = pair;
	pair->state = RUN_PAIR_FUSED;
	pair->told = false;
	run_pair_unload(pair);
	return true;

back:
	pair->final = true;
	restore(pair->entry);
	restore(pair->exit);
	pair->entry = NULL;
	pair->exit = NULL;
	return false;
}

/* One has failed: the others of its group stay, or become again, as they were. */
static void refuse_group(struct run_pair *failed)
{
	struct run_pair *pair;

	run_fallback(failed->carrier, "another pair of the group cannot be fused");
	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair == failed || !run_pair_same_group(pair, failed) || pair->final)
			continue;
		run_pair_refuse(pair, PAIRFUSE_REASON_GROUP,
				"the pair of function '%s' shares the map '%s' and is not fused (%s)",
				failed->func, failed->carrier_name,
				pairfuse_reason_id(failed->reason));
		pair->final = true;
	}
}

static void fuse_ready(void)
{
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_READY)
			continue;
		pair->entry = find_half(pair->entry_prog, pair->func, true);
		pair->exit = find_half(pair->exit_prog, pair->func, false);
		if (!pair->entry || !pair->exit || pair->entry->pair || pair->exit->pair) {
			pair->entry = NULL;
			pair->exit = NULL;
			continue;
		}
		if (!replace(pair))
			refuse_group(pair);
	}
}

static bool has_partner(const struct run_half *half)
{
	const struct run_half *other;

	for (other = run_halves; other; other = other->next)
		if (half->at != RUN_AT_OTHER && other->at == run_at_partner(half->at) &&
		    !strcmp(other->site, half->site))
			return true;
	return false;
}

/* Programs whose place is not known yet may still change a verdict. */
static bool all_known(void)
{
	const struct run_prog *prog;

	for (prog = run_progs; prog; prog = prog->next)
		if (!prog->nr_halves && prog->type != BPF_PROG_TYPE_TRACING)
			return false;
	return true;
}

void run_fuse(struct run_half *arrived)
{
	static unsigned int analysed;
	struct run_half *half;
	int err;

	if (!has_partner(arrived))
		return;
	if (analysed != run_generation) {
		err = run_engine_update();
		if (err) {
			run_say("no analysis: %s", pairfuse_strerror(err));
			return;
		}
		analysed = run_generation;
	}
	fuse_ready();
	/* its partner has left, came back, and is not taken this time */
	for (half = run_halves; half; half = half->next)
		if (half->state == RUN_HALF_OFF && !strcmp(half->site, arrived->site))
			restore(half);
	run_pair_tell(all_known());
}
