/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a value that is not known: limits of a number, limits of a place on
 * the stack, a set of maps. These are of kind PAIRFUSE_E_TOP all the same, so nobody has to look.
 *
 * Limits only get wider where paths meet, by a factor, so that loops come to an end.
 */
#ifndef PAIRFUSE_BOUNDS_H
#define PAIRFUSE_BOUNDS_H

#include "expr.h"

/* Is v a number from *lo to *hi (64 bits, unsigned, below 1 << 32)? */
bool pairfuse_bounds_number(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *lo, __u64 *hi);
/* Is it surely r10 + *lo to r10 + *hi? */
bool pairfuse_bounds_stack(const struct pairfuse_exprs *x, pairfuse_val v, __s64 *lo, __s64 *hi);
/* Is it one of the maps in *mask, by index? */
bool pairfuse_bounds_maps(const struct pairfuse_exprs *x, pairfuse_val v, __u64 *mask);

/* The low end of an unknown value: len bytes from byte from on. */
pairfuse_val pairfuse_bounds_low(struct pairfuse_exprs *x, pairfuse_val v, unsigned int from,
				 unsigned int len);
/* Where paths meet, or of a op b (64 bits): false if nothing is known. */
bool pairfuse_bounds_join(struct pairfuse_exprs *x, pairfuse_val a, pairfuse_val b,
			  pairfuse_val *out);
bool pairfuse_bounds_alu(struct pairfuse_exprs *x, __u8 op, pairfuse_val a, pairfuse_val b,
			 pairfuse_val *out);
/* v, not known, is not above, not below limit: false if that says nothing. */
bool pairfuse_bounds_not_above(struct pairfuse_exprs *x, pairfuse_val v, __u64 limit,
			       pairfuse_val *out);
bool pairfuse_bounds_not_below(struct pairfuse_exprs *x, pairfuse_val v, __u64 limit,
			       pairfuse_val *out);

#endif /* PAIRFUSE_BOUNDS_H */
