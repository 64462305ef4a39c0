// SPDX-License-Identifier: GPL-2.0
/*
 * The library's check of rewritten pairs (lib/selfcheck.h), for objects of tests.
 */
#include <stdlib.h>

#include "equiv.h"
#include "selfcheck.h"

/* What global data is at first; objects made by hand have only constants. */
static const void **initial_contents(const struct test_object *obj)
{
	const void **contents = calloc(obj->in.nr_maps + 1, sizeof(*contents));
	struct bpf_map *map;
	size_t m, size;

	for (m = 0; m < obj->in.nr_maps; m++)
		contents[m] = obj->maps[m].rodata;
	m = 0;
	if (obj->bpf) {
		bpf_object__for_each_map(map, obj->bpf) {
			if (bpf_map__is_internal(map))
				contents[m] = bpf_map__initial_value(map, &size);
			m++;
		}
	}
	return contents;
}

const char *equiv_check(const struct test_object *obj, const struct pairfuse_result *res,
			const struct equiv_opts *opts, char *buf, size_t len, long *saved)
{
	const void **contents = initial_contents(obj);
	struct pairfuse_check check = {
		.in = &obj->in, .res = res, .contents = contents, .carrier = -1,
		.seed = opts->seed, .calls = opts->invocations, .strict = opts->strict,
		.steer = true,
		.trace = opts->trace,
	};
	enum pairfuse_check_verdict verdict = pairfuse_check(&check);

	free(contents);
	if (saved)
		*saved = check.saved;
	snprintf(buf, len, "%s%s", verdict == PAIRFUSE_CHECK_CANNOT ? "cannot be checked: " : "",
		 check.text);
	return verdict ? buf : NULL;
}

const char *equiv_run(const struct test_object *obj, const struct pairfuse_result *res,
		      unsigned int seed, unsigned int invocations, char *buf, size_t len,
		      long *saved)
{
	struct equiv_opts opts = { .seed = seed, .invocations = invocations };

	return equiv_check(obj, res, &opts, buf, len, saved);
}
