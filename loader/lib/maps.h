/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps of a loaded object as tables: the part of show.c that reads the kernel's
 * maps; and what it uses of show.c.
 */
#ifndef PAIRFUSE_MAPS_H
#define PAIRFUSE_MAPS_H

#include "hist.h"
#include "show.h"

struct bpf_map;

/* Hash and array maps, per CPU or not. */
bool pairfuse_show_map_known(const struct bpf_map *map);

void pairfuse_show_map(struct pairfuse_show *s, const struct bpf_map *map);

/* --- show.c --- */

const char *pairfuse_show_unit(const struct pairfuse_show *s, const char *name);
const char *pairfuse_show_index_name(const struct pairfuse_show *s, const char *name,
				     __u32 index);
void pairfuse_show_hist_text(struct pairfuse_show *s, const char *title, __u32 type_id,
			     const struct pairfuse_hist *h, const char *unit, const void *data,
			     size_t size);
void pairfuse_show_hist_json(struct pairfuse_show *s, const struct pairfuse_hist *h,
			     const char *unit, const void *data);

#endif /* PAIRFUSE_MAPS_H */
