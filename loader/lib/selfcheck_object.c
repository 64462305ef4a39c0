// SPDX-License-Identifier: GPL-2.0
/*
 * The check of a session's pairs, before they are attached.
 */
#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "object.h"
#include "selfcheck.h"

int pairfuse_object__set_self_check(struct pairfuse_object *obj, unsigned int calls)
{
	if (obj->results)
		return -EBUSY;
	obj->self_check = calls;
	return 0;
}

/* res speaks of obj->in_progs. */
int pairfuse_object_self_check(struct pairfuse_object *obj, const struct pairfuse_input *input,
			       struct pairfuse_result *res)
{
	struct pairfuse_input in = *input;
	const void **contents;
	struct bpf_map *map;
	size_t size, m = 0;

	if (!obj->self_check)
		return 0;
	contents = calloc(obj->nr_maps + 1, sizeof(*contents));
	if (!contents)
		return -ENOMEM;
	bpf_object__for_each_map(map, obj->bpf) {
		if (bpf_map__is_internal(map)) {
			contents[m] = bpf_map__initial_value(map, &size);
			if (size < obj->in_maps[m].value_size)
				contents[m] = NULL;
		}
		m++;
	}
	in.progs = obj->in_progs;
	in.nr_progs = obj->nr_in_progs;
	pairfuse_check_groups(&in, res, contents, obj->self_check);
	free(contents);
	return 0;
}
