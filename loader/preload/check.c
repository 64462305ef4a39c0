// SPDX-License-Identifier: GPL-2.0
/*
 * --self-check: rewritten pairs are tried before the originals make way for them.
 *
 * A tool's pairs are analysed anew whenever a program comes or goes. What has
 * been tried once is not tried again: a group is known by its code.
 */
#include <stdlib.h>

#include <bpf/bpf.h>

#include "run.h"
#include "selfcheck.h"

#define MAX_KNOWN 64

unsigned int run_self_check;

static __u64 known[MAX_KNOWN];		/* groups without a difference */
static unsigned int nr_known;

static __u64 hash_bytes(__u64 h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h;
}

static __u64 hash_prog(__u64 h, const struct pairfuse_prog *prog)
{
	h = hash_bytes(h, &prog->cookie, sizeof(prog->cookie));
	h = hash_bytes(h, &prog->addr, sizeof(prog->addr));
	h = hash_bytes(h, &prog->ip, sizeof(prog->ip));
	return hash_bytes(h, prog->insns, prog->nr_insns * sizeof(*prog->insns));
}

static __u64 hash_code(__u64 h, const struct pairfuse_code *code)
{
	return hash_bytes(h, code->insns, code->nr_insns * sizeof(*code->insns));
}

/* Code refers to maps by id, which no two maps have. */
static __u64 hash_group(const struct pairfuse_input *in, const struct pairfuse_result *res,
			int carrier)
{
	__u64 h = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < res->nr_pairs; i++) {
		const struct pairfuse_pair *pair = &res->pairs[i];
		unsigned int flags = pairfuse_pair_flags(pair);

		if (pair->reason != PAIRFUSE_REASON_NONE || pair->carrier != carrier)
			continue;
		h = hash_prog(h, &in->progs[pair->entry]);
		h = hash_prog(h, &in->progs[pair->exit]);
		h = hash_code(h, &pair->entry_code);
		h = hash_code(h, &pair->exit_code);
		h = hash_bytes(h, &flags, sizeof(flags));
		h = hash_bytes(h, &pair->filter, sizeof(pair->filter));
		h = hash_bytes(h, &pair->filter_value, sizeof(pair->filter_value));
	}
	return h;
}

static bool is_known(__u64 h)
{
	unsigned int i;

	for (i = 0; i < nr_known && i < MAX_KNOWN; i++)
		if (known[i] == h)
			return true;
	return false;
}

/* Global data as it is now: a map with one element. */
static void *read_data(const struct pairfuse_map *map, int fd)
{
	__u32 zero = 0;
	void *data;

	if (map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1)
		return NULL;
	data = calloc(1, map->value_size);
	if (data && bpf_map_lookup_elem(fd, &zero, data)) {
		free(data);
		data = NULL;
	}
	return data;
}

static void check(const struct pairfuse_input *in, struct pairfuse_result *res, const int *map_fds)
{
	void **contents = calloc(in->nr_maps + 1, sizeof(*contents));
	size_t m;

	for (m = 0; contents && m < in->nr_maps; m++)
		contents[m] = read_data(&in->maps[m], map_fds[m]);
	pairfuse_check_groups(in, res, (const void *const *)contents, run_self_check);
	for (m = 0; contents && m < in->nr_maps; m++)
		free(contents[m]);
	free(contents);
}

void run_check(const struct pairfuse_input *in, struct pairfuse_result *res, const int *map_fds)
{
	struct pairfuse_pair *pair;
	size_t i;
	__u64 h;

	if (!run_self_check)
		return;
	for (i = 0; i < res->nr_pairs; i++) {
		pair = &res->pairs[i];
		if (pair->reason == PAIRFUSE_REASON_NONE &&
		    is_known(hash_group(in, res, pair->carrier)))
			pair->checked.calls = run_self_check;
	}
	check(in, res, map_fds);
	for (i = 0; i < res->nr_pairs; i++) {
		pair = &res->pairs[i];
		if (pair->reason != PAIRFUSE_REASON_NONE)
			continue;
		h = hash_group(in, res, pair->carrier);
		if (is_known(h))
			continue;
		known[nr_known++ % MAX_KNOWN] = h;
		run_say("self-check of what uses the map '%s': %u calls, no difference",
			in->maps[pair->carrier].name, pair->checked.calls);
	}
}
