// SPDX-License-Identifier: GPL-2.0
/*
 * --self-check: rewritten pairs are tried before the originals make way for them.
 *
 * A tool's pairs are analysed anew whenever a program comes or goes. What has
 * been tried once is not tried again: a group is known by its code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "run.h"
#include "selfcheck.h"

#define MAX_KNOWN 1024

unsigned int run_self_check;

/* What came of it, for a pair: checked.unchecked has the text, if it was refused, too. */
static struct known {
	__u64 hash;
	enum pairfuse_reason reason;
	struct pairfuse_checked checked;
} known[MAX_KNOWN];
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
	h = hash_bytes(h, &prog->at, sizeof(prog->at));
	if (prog->target)
		h = hash_bytes(h, prog->target, strlen(prog->target));
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
static __u64 hash_pair(__u64 h, const struct pairfuse_input *in, const struct pairfuse_pair *pair)
{
	unsigned int flags = pairfuse_pair_flags(pair);

	h = hash_prog(h, &in->progs[pair->entry]);
	h = hash_prog(h, &in->progs[pair->exit]);
	h = hash_code(h, &pair->entry_code);
	h = hash_code(h, &pair->exit_code);
	h = hash_bytes(h, &flags, sizeof(flags));
	h = hash_bytes(h, &pair->filter, sizeof(pair->filter));
	return hash_bytes(h, &pair->filter_value, sizeof(pair->filter_value));
}

static bool is_fused(const struct pairfuse_pair *pair, int carrier)
{
	return pair->reason == PAIRFUSE_REASON_NONE && pair->carrier == carrier;
}

/* The pair, among those of its group. */
static __u64 hash_member(const struct pairfuse_input *in, const struct pairfuse_result *res,
			 const struct pairfuse_pair *pair)
{
	__u64 h = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < res->nr_pairs; i++)
		if (is_fused(&res->pairs[i], pair->carrier))
			h = hash_pair(h, in, &res->pairs[i]);
	return hash_pair(h, in, pair);
}

static const struct known *find(__u64 hash)
{
	unsigned int i;

	for (i = 0; i < nr_known && i < MAX_KNOWN; i++)
		if (known[i].hash == hash)
			return &known[i];
	return NULL;
}

static void refuse(struct pairfuse_pair *pair, const struct known *k)
{
	pair->reason = k->reason;
	pair->reason_prog = -1;
	pair->reason_insn = -1;
	snprintf(pair->reason_text, sizeof(pair->reason_text), "%s", k->checked.unchecked);
	free(pair->entry_code.insns);
	free(pair->exit_code.insns);
	pair->entry_code = (struct pairfuse_code){ 0 };
	pair->exit_code = (struct pairfuse_code){ 0 };
	pair->opts = 0;
}

static void take_known(struct pairfuse_pair *pair, const struct known *k)
{
	if (k->reason)
		refuse(pair, k);
	else
		pair->checked = k->checked;
}

static void remember(__u64 hash, const struct pairfuse_pair *pair)
{
	struct known *k = &known[nr_known++ % MAX_KNOWN];

	*k = (struct known){ .hash = hash, .reason = pair->reason, .checked = pair->checked };
	if (k->reason)
		snprintf(k->checked.unchecked, sizeof(k->checked.unchecked), "%s",
			 pair->reason_text);
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

/* A brief check asks the kernel for nothing: the tool's programs may run already. */
static void check(const struct pairfuse_input *in, struct pairfuse_result *res, const int *map_fds)
{
	bool brief = run_self_check == PAIRFUSE_CHECK_BRIEF;
	void **contents = calloc(in->nr_maps + 1, sizeof(*contents));
	size_t m;

	for (m = 0; contents && m < in->nr_maps && !brief; m++)
		contents[m] = read_data(&in->maps[m], map_fds[m]);
	pairfuse_check_groups(in, res, (const void *const *)contents, run_self_check);
	for (m = 0; contents && m < in->nr_maps; m++)
		free(contents[m]);
	free(contents);
}

static void tell(const struct pairfuse_input *in, const struct pairfuse_pair *pair)
{
	char text[320];

	if (!pair->reason && pairfuse_checked_text(&pair->checked, text, sizeof(text))[0])
		run_say("self-check of '%s' and '%s', which use the map '%s': %s",
			in->progs[pair->entry].name, in->progs[pair->exit].name,
			in->maps[pair->carrier].name, text);
}

void run_check(const struct pairfuse_input *in, struct pairfuse_result *res, const int *map_fds)
{
	__u64 *hashes = run_self_check ? calloc(res->nr_pairs + 1, sizeof(*hashes)) : NULL;
	struct pairfuse_pair *pair;
	const struct known *k;
	size_t i, new = 0;

	if (!hashes)
		return;
	for (i = 0; i < res->nr_pairs; i++)
		if (is_fused(&res->pairs[i], res->pairs[i].carrier))
			hashes[i] = hash_member(in, res, &res->pairs[i]);
	for (i = 0; i < res->nr_pairs; i++) {
		k = hashes[i] ? find(hashes[i]) : NULL;
		if (k)
			take_known(&res->pairs[i], k);
		new += hashes[i] && !k;
	}
	if (new)
		check(in, res, map_fds);
	for (i = 0; new && i < res->nr_pairs; i++) {
		pair = &res->pairs[i];
		if (!hashes[i] || find(hashes[i]))
			continue;
		remember(hashes[i], pair);
		tell(in, pair);
	}
	free(hashes);
}
