/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys, byte by byte.
 */
#ifndef PAIRFUSE_KEY_H
#define PAIRFUSE_KEY_H

#include "absint.h"

/*
 * Make what a key's byte is as simple as can be: byte *idx of *root becomes a constant, or a
 * byte of what a shift, a mask or an `or` has put there. {tid, op} and `op << 32 | tid` are
 * the same key then.
 */
void pairfuse_key_reduce(struct pairfuse_exprs *x, pairfuse_val *root, __u8 *idx);

/* All bytes the same? */
bool pairfuse_key_same(const struct pairfuse_key_bytes *a, const struct pairfuse_key_bytes *b);

/* Surely two different keys, whoever runs: one byte is another constant in each. */
bool pairfuse_key_apart(const struct pairfuse_exprs *x, const struct pairfuse_key_bytes *a,
			const struct pairfuse_key_bytes *b);

/* The bytes of it that are constants. */
struct pairfuse_key_consts pairfuse_key_consts(const struct pairfuse_exprs *x,
					       const struct pairfuse_key_bytes *key);

#endif /* PAIRFUSE_KEY_H */
