/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log2 histograms: found in BTF, drawn as bars.
 *
 * A histogram is an array of at least PAIRFUSE_HIST_MIN integers whose name
 * ends in "slots" or "hist"; slot i counts values from 2^i to 2^(i+1) - 1, and
 * slot 0 also the value 0.
 */
#ifndef PAIRFUSE_HIST_H
#define PAIRFUSE_HIST_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>

struct btf;

#define PAIRFUSE_HIST_MIN 8
#define PAIRFUSE_HIST_MAX 64	/* slots; more have no meaning */

struct pairfuse_hist {
	__u32 offset;		/* of the slots in the value, bytes */
	__u32 nr_slots;
	__u32 slot_size;	/* bytes */
};

/*
 * Is a value of this type, known under this name, a histogram or a struct that
 * contains one?
 */
bool pairfuse_hist_find(const struct btf *btf, __u32 type_id, const char *name,
			struct pairfuse_hist *out);

/* The slots of a value as numbers. */
void pairfuse_hist_load(const struct pairfuse_hist *h, const void *data, __u64 *slots);

/* Draw; nothing when all slots are zero. unit is the heading: "usecs". */
void pairfuse_hist_draw(FILE *out, const __u64 *slots, unsigned int nr_slots, const char *unit);

#endif /* PAIRFUSE_HIST_H */
