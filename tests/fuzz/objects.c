// SPDX-License-Identifier: GPL-2.0
/*
 * objects: the pairs of object files, original against rewritten, as `explain
 * --self-check` does it.
 *
 *   objects [--calls N] [--least PERCENT] FILE...
 *                           status 1: something differs, or fewer than PERCENT of
 *                           the pairs were fused
 *
 * An object that libbpf cannot relocate (bpf-gcc puts functions into sections where it does
 * not look for them) is told and counted; more than a tenth of such is status 1.
 *
 * What can be chosen (times, nesting, optimisations) follows from the file's name.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "pairfuse.h"

#define MAX_REASONS	64

static unsigned long nr_objects, nr_failed, nr_pairs, nr_fused, nr_differ;

static struct {
	char id[32];
	unsigned long count;
} reasons[MAX_REASONS];

static void count_reason(const char *id)
{
	unsigned int i;

	for (i = 0; i < MAX_REASONS - 1 && reasons[i].count && strcmp(reasons[i].id, id); i++)
		;
	snprintf(reasons[i].id, sizeof(reasons[i].id), "%s", id);
	reasons[i].count++;
}

static __u64 hash(const char *path)
{
	const char *name = strrchr(path, '/');
	__u64 h = 0;

	for (name = name ? name + 1 : path; *name; name++)
		h = 31 * h + (unsigned char)*name;
	return fuzz_next(&h);
}

/* Half of all are as they are by default. */
static int choose(struct pairfuse_object *obj, const char *path)
{
	static const char *const opts[] = {
		"-slot", "-dead-code", "-rodata", "-clock", "-division", "-registers", "-copies",
		"-paths", "-once", "none",
	};
	__u64 h = hash(path);
	const char *opt = opts[(h >> 8) % (sizeof(opts) / sizeof(opts[0]))];
	int err = 0;

	if (h & 1)
		return 0;
	if (h & 2)
		err = pairfuse_object__set_nesting(obj, h & 4 ? "exact" : "per-call");
	if (!err && h & 8)
		err = pairfuse_object__set_clock(obj, "exact");
	if (!err && h & 16)
		err = pairfuse_object__set_opt(obj, opt);
	return err;
}

static void count_verdict(const char *path, const struct pairfuse_verdict *v)
{
	nr_pairs++;
	if (v->fused) {
		nr_fused++;
		return;
	}
	count_reason(v->reason_id);
	if (strcmp(v->reason_id, "self-check"))
		return;
	nr_differ++;
	printf("%s: %s, %s: %s\n", path, v->entry, v->exit, v->reason);
}

static void check_object(const char *path, unsigned int calls)
{
	const struct pairfuse_verdict *v;
	struct pairfuse_object *obj;
	int err = pairfuse_object__open(path, &obj);
	size_t i;

	nr_objects++;
	if (!err) {
		err = choose(obj, path);
		if (!err)
			err = pairfuse_object__set_self_check(obj, calls);
		if (!err)
			err = pairfuse_object__explain(obj);
		for (i = 0; !err && (v = pairfuse_object__verdict(obj, i)); i++)
			if (v->entry && v->exit)
				count_verdict(path, v);
		pairfuse_object__close(obj);
	}
	if (err) {
		nr_failed++;
		printf("%s: cannot be read: %s\n", path, strerror(-err));
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "calls", required_argument, NULL, 'i' },
		{ "least", required_argument, NULL, 'p' },
		{ 0 }
	};
	unsigned long calls = 200, least = 0;
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'i')
			calls = strtoul(optarg, NULL, 0);
		else if (c == 'p')
			least = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: objects [--calls N] [--least PERCENT] FILE...\n");
		return 2;
	}
	libbpf_set_print(NULL);
	while (optind < argc)
		check_object(argv[optind++], calls);
	printf("%lu objects, %lu pairs, %lu fused, %lu differ, %lu objects cannot be read\nrefused:",
	       nr_objects, nr_pairs, nr_fused, nr_differ, nr_failed);
	for (i = 0; i < MAX_REASONS && reasons[i].count; i++)
		printf(" %s %lu", reasons[i].id, reasons[i].count);
	printf("\n");
	return nr_differ || 10 * nr_failed > nr_objects || nr_fused * 100 < least * nr_pairs;
}
