// SPDX-License-Identifier: GPL-2.0
/*
 * sources: random pairs as C source.
 *
 *   sources [--seed S] [--count N] DIR      DIR/S.bpf.c, ...
 *   sources --seed S [--only GROUP] [--drop N,N,...] -      that one, to standard output
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

static bool drop[SOURCE_MAX_STMTS];

static void parse_drop(char *list)
{
	unsigned long n;
	char *word;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		n = strtoul(word, NULL, 0);
		if (n < SOURCE_MAX_STMTS)
			drop[n] = true;
	}
}

static bool write_source(const char *dir, __u64 seed, int only)
{
	unsigned int nr;
	char *text = source_new(seed, only, drop, &nr), path[4096];
	bool ok = true;
	FILE *f;

	if (!strcmp(dir, "-")) {
		fputs(text, stdout);
		fprintf(stderr, "%u statements\n", nr);
	} else {
		snprintf(path, sizeof(path), "%s/%llu.bpf.c", dir, seed);
		f = fopen(path, "w");
		ok = f && fputs(text, f) >= 0;
		ok = f && !fclose(f) && ok;
		if (!ok)
			perror(path);
	}
	free(text);
	return ok;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "drop", required_argument, NULL, 'd' },
		{ 0 }
	};
	unsigned long count = 1;
	__u64 seed = 1;
	int only = -1, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			count = strtoul(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'o')
			only = atoi(optarg);
		else if (c == 'd')
			parse_drop(optarg);
		else
			optind = argc;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: sources [--seed S] [--count N] [--only GROUP] [--drop N,N,...] DIR|-\n");
		return 2;
	}
	while (count--)
		if (!write_source(argv[optind], seed++, only))
			return 1;
	return 0;
}
