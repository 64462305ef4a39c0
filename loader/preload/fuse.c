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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "device.h"
#include "fd.h"
#include "log.h"
#include "run.h"
#include "sys.h"

#define MAX_PURGED 1000000

/* --- what is left in the map --- */

static long map_command(int cmd, int fd, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = fd };

	attr.key = (__u64)(unsigned long)key;
	attr.value = (__u64)(unsigned long)value;	/* or the next key */
	return run_sys_bpf(cmd, &attr, sizeof(attr));
}

/* Elements of an array cannot be deleted; they are zero before anybody stores there. */
static void purge_array(int fd, __u32 entries, size_t size,
			const struct pairfuse_key_consts *consts)
{
	void *zero = calloc(1, size);
	__u32 i;

	for (i = 0; zero && i < entries; i++)
		if (pairfuse_key_matches(consts, &i, sizeof(i)) &&
		    map_command(BPF_MAP_UPDATE_ELEM, fd, &i, zero))
			break;
	free(zero);
}

/* The next key is asked for while the last one is still there. */
static void purge_hash(int fd, __u32 key_size, const struct pairfuse_key_consts *consts)
{
	unsigned char keys[2][512], *key = keys[0], *next = keys[1], *swap;
	bool more = !map_command(BPF_MAP_GET_NEXT_KEY, fd, NULL, key);
	unsigned int n;

	for (n = 0; more && n < MAX_PURGED; n++) {
		more = !map_command(BPF_MAP_GET_NEXT_KEY, fd, key, next);
		if (pairfuse_key_matches(consts, key, key_size))
			map_command(BPF_MAP_DELETE_ELEM, fd, key, NULL);
		swap = key, key = next, next = swap;
	}
}

/*
 * What the original entry has left in the map and no exit has taken: an exit much
 * later would take it for its own, and the tool would find what it never had there.
 * Elements with keys as the pair's are nobody else's: nobody but the pairs of the
 * group uses them. Of a task storage the elements cannot be asked for.
 */
static void purge(const struct run_pair *pair)
{
	union bpf_attr attr = { .map_id = pair->carrier };
	struct bpf_map_info info;
	long fd;

	fd = run_sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr));
	if (fd < 0)
		return;
	if (run_map_info(fd, &info)) {
		if (info.type == BPF_MAP_TYPE_ARRAY)
			purge_array(fd, info.max_entries, info.value_size, &pair->consts);
		else if (info.type == BPF_MAP_TYPE_PERCPU_ARRAY)
			purge_array(fd, info.max_entries,
				    (info.value_size + 7UL) / 8 * 8 * libbpf_num_possible_cpus(),
				    &pair->consts);
		else
			purge_hash(fd, info.key_size, &pair->consts);
	}
	run_sys_close(fd);
}

/* --- putting back --- */

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
static void drop_storage(const struct run_pair *of)
{
	struct run_map *map = run_map_get(of->carrier);
	int *storage = map ? run_storage_get(map, &of->consts) : NULL;
	struct run_pair *pair;

	if (!storage || *storage < 0)
		return;
	run_fd_close_private(storage);
	for (pair = run_pairs; pair; pair = pair->next) {
		if (!run_pair_same_group(pair, of) || pair->state != RUN_PAIR_READY)
			continue;
		run_pair_unload(pair);
		pair->state = RUN_PAIR_REFUSED;
	}
}

/* The first fused pair of the same group: of a fused pair, perhaps itself; or NULL. */
static struct run_pair *first_fused(const struct run_pair *of)
{
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->state == RUN_PAIR_FUSED && run_pair_same_group(pair, of))
			return pair;
	return NULL;
}

void run_fallback(__u32 carrier, const char *why)
{
	struct run_pair *pair;

	run_fd_raise_limit();
	/* before any original can store again */
	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->carrier == carrier && first_fused(pair) == pair)
			purge(pair);
	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_FUSED || pair->carrier != carrier)
			continue;
		put_back(pair);
		snprintf(pair->text, sizeof(pair->text), "back to the original programs: %s", why);
		run_set_news();
		run_say("%s: back to the original programs: %s", pair->func, why);
		if (!first_fused(pair))
			drop_storage(pair);
	}
	run_generation++;
	run_fd_restore_limit();
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
	if (!first_fused(pair))
		drop_storage(pair);
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

/* Attached, or about to be. */
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

static int take_off(struct run_half *entry, struct run_half *exit)
{
	int err = exit->expected ? 0 : run_half_take_off(exit);

	return err || entry->expected ? err : run_half_take_off(entry);
}

static void empty_map(const struct run_pair *pair)
{
	if (pair->carrier && pair->storage != PAIRFUSE_STORAGE_MAP)
		purge(pair);
}

static void refuse_taking_off(struct run_pair *pair, int err)
{
	if (err == -EMFILE)
		run_pair_refuse_room(pair);
	else
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH,
				"the link of the original cannot be replaced: %s",
				pairfuse_strerror(err));
	pair->final = true;
}

static bool replace(struct run_pair *pair)
{
	int link, err = take_off(pair->entry, pair->exit);

	if (err) {
		refuse_taking_off(pair, err);
		goto back;
	}
	empty_map(pair);
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

static bool find_halves(const struct run_pair *pair, struct run_half **entry,
			struct run_half **exit)
{
	*entry = find_half(pair->entry_prog, pair->func, true);
	*exit = find_half(pair->exit_prog, pair->func, false);
	return *entry && *exit;
}

bool run_pair_is_attached(const struct run_pair *pair)
{
	struct run_half *entry, *exit;

	return find_halves(pair, &entry, &exit) && !entry->expected && !exit->expected;
}

static void fuse_ready(void)
{
	struct run_half *entry, *exit;
	struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_READY || !find_halves(pair, &entry, &exit) ||
		    entry->expected || exit->expected || entry->pair || exit->pair)
			continue;
		pair->entry = entry;
		pair->exit = exit;
		if (!replace(pair))
			refuse_group(pair);
	}
}

/*
 * The last half of pairs is about to be attached. Their other halves go now: then what
 * has to be asked about the last one's link is not counted, for it runs alone, and finds
 * nothing in the map.
 */
static void make_way(void)
{
	struct run_half *entry, *exit;
	struct run_pair *pair;
	int err;

	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_READY || !find_halves(pair, &entry, &exit) ||
		    (entry->expected && exit->expected) || entry->pair || exit->pair)
			continue;
		entry->waits = !entry->expected;
		exit->waits = !exit->expected;
		err = take_off(entry, exit);
		if (err) {
			refuse_taking_off(pair, err);
			refuse_group(pair);
			continue;
		}
		empty_map(pair);
	}
}

/* Those that have made way for nothing: it was not attached, or is not fused. */
static void put_back_waiting(void)
{
	struct run_half *half;

	for (half = run_halves; half; half = half->next) {
		if (half->waits && half->state == RUN_HALF_OFF)
			restore(half);
		half->waits = false;
	}
}

static bool has_partner(const struct run_half *half)
{
	const struct run_half *other;

	for (other = run_halves; other; other = other->next)
		if (half->at != RUN_AT_OTHER && !other->expected &&
		    other->at == run_at_partner(half->at) &&
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

static bool has_partner_prog(const struct run_half *half)
{
	enum bpf_attach_type want = half->at == RUN_AT_FENTRY ? BPF_TRACE_FEXIT :
								 BPF_TRACE_FENTRY;
	const struct run_prog *prog;

	for (prog = run_progs; prog; prog = prog->next)
		if (prog->type == BPF_PROG_TYPE_TRACING && prog->attach_type == want &&
		    prog->btf_id == half->prog->btf_id &&
		    prog->btf_obj_id == half->prog->btf_obj_id)
			return true;
	return false;
}

/* Whatever has changed since the last time, programs and halves are judged anew. */
static bool update(void)
{
	static unsigned int analysed;
	int err;

	if (analysed == run_generation)
		return true;
	err = run_engine_update();
	if (err) {
		run_say("no analysis: %s", pairfuse_strerror(err));
		return false;
	}
	analysed = run_generation;
	return true;
}

static void hold_ready(struct run_half *half)
{
	const struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->state == RUN_PAIR_READY &&
		    (pair->entry_prog == half->prog || pair->exit_prog == half->prog))
			run_half_hold(half);
}

void run_prepare(struct run_half *expected)
{
	bool typed = expected->at == RUN_AT_FENTRY || expected->at == RUN_AT_FEXIT;

	if (expected->at == RUN_AT_OTHER)
		return;
	run_fd_raise_limit();
	run_engine_warm();
	run_half_nothing();
	/* of fentry and fexit all is known when the first of them is attached */
	if ((typed ? has_partner_prog(expected) : has_partner(expected)) && update()) {
		hold_ready(expected);
		make_way();
	}
	run_fd_restore_limit();
}

void run_fuse(struct run_half *arrived)
{
	struct run_half *half;

	if (!has_partner(arrived)) {
		/* while it does nothing yet without the other one */
		run_half_know(arrived);
		return;
	}
	run_fd_raise_limit();
	if (update()) {
		fuse_ready();
		/* its partner has left, came back, and is not taken this time */
		for (half = run_halves; half; half = half->next)
			if (half->state == RUN_HALF_OFF && !strcmp(half->site, arrived->site))
				restore(half);
		run_pair_tell(all_known());
		run_set_news();
	}
	put_back_waiting();
	run_fd_restore_limit();
}

void run_prepared_in_vain(void)
{
	run_fd_raise_limit();
	put_back_waiting();
	run_fd_restore_limit();
}
