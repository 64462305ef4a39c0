// SPDX-License-Identifier: GPL-2.0
/*
 * Keys, byte by byte.
 *
 * Two keys that differ in one constant byte name two elements of the map in every
 * call of every thread. That is all that is known of keys with other parts that
 * vary, and it is enough: who uses the one never sees the other.
 */
#include <string.h>

#include "key.h"

#define MAX_DEPTH	8	/* as deep as expressions get, see expr.c */

struct byte {
	pairfuse_val root;
	__u8 idx;
};

static bool is_zero(const struct pairfuse_exprs *x, struct byte b)
{
	__u64 imm;

	return pairfuse_expr_is_const(x, b.root, &imm) && !imm;
}

static struct byte byte_const(struct pairfuse_exprs *x, __u64 imm, unsigned int idx)
{
	return (struct byte){ .root = pairfuse_expr_const(x, imm >> 8 * idx & 0xff) };
}

/* One step down from a byte of `v op c`, where the operation moves or drops whole bytes. */
static bool step_by_const(struct pairfuse_exprs *x, const struct pairfuse_expr *e, __u64 c,
			  struct byte *b)
{
	__u8 mask = c >> 8 * b->idx & 0xff;
	int at;

	switch (e->op) {
	case BPF_LSH:
	case BPF_RSH:
		if (c % 8 || c >= 64)
			return false;
		at = e->op == BPF_LSH ? b->idx - (int)(c / 8) : b->idx + (int)(c / 8);
		if (at < 0 || at > 7)
			*b = byte_const(x, 0, 0);
		else
			*b = (struct byte){ .root = e->a, .idx = at };
		return true;
	case BPF_AND:
		if (mask && mask != 0xff)
			return false;
		*b = mask ? (struct byte){ .root = e->a, .idx = b->idx } : byte_const(x, 0, 0);
		return true;
	default:
		return false;
	}
}

static struct byte reduce(struct pairfuse_exprs *x, struct byte b, unsigned int depth);

/* One step down from a byte of an operation; false: it is as simple as it gets. */
static bool step_op(struct pairfuse_exprs *x, const struct pairfuse_expr *e, struct byte *b,
		    unsigned int depth)
{
	struct byte l, r;
	__u64 c;

	if (pairfuse_expr_is_const(x, e->b, &c) && step_by_const(x, e, c, b))
		return true;
	if (e->op != BPF_OR && e->op != BPF_XOR)
		return false;
	l = reduce(x, (struct byte){ .root = e->a, .idx = b->idx }, depth + 1);
	r = reduce(x, (struct byte){ .root = e->b, .idx = b->idx }, depth + 1);
	if (!is_zero(x, l) && !is_zero(x, r))
		return false;
	*b = is_zero(x, l) ? r : l;
	return true;
}

static struct byte reduce(struct pairfuse_exprs *x, struct byte b, unsigned int depth)
{
	while (depth < 2 * MAX_DEPTH) {
		const struct pairfuse_expr e = *pairfuse_expr(x, b.root);

		switch (e.kind) {
		case PAIRFUSE_E_CONST:
			return byte_const(x, e.imm, b.idx);
		case PAIRFUSE_E_PART:
			b = b.idx < e.b ? (struct byte){ .root = e.a, .idx = b.idx + e.imm } :
					  byte_const(x, 0, 0);
			break;
		case PAIRFUSE_E_OP:
			if (!step_op(x, &e, &b, depth))
				return b;
			break;
		default:
			return b;
		}
		depth++;
	}
	return b;
}

void pairfuse_key_reduce(struct pairfuse_exprs *x, pairfuse_val *root, __u8 *idx)
{
	struct byte b = reduce(x, (struct byte){ .root = *root, .idx = *idx }, 0);

	*root = b.root;
	*idx = b.idx;
}

bool pairfuse_key_same(const struct pairfuse_key_bytes *a, const struct pairfuse_key_bytes *b)
{
	return a->size == b->size && !memcmp(a->root, b->root, a->size * sizeof(a->root[0])) &&
	       !memcmp(a->idx, b->idx, a->size);
}

bool pairfuse_key_apart(const struct pairfuse_exprs *x, const struct pairfuse_key_bytes *a,
			const struct pairfuse_key_bytes *b)
{
	unsigned int i;
	__u64 l, r;

	for (i = 0; a->size == b->size && i < a->size; i++)
		if (pairfuse_expr_is_const(x, a->root[i], &l) &&
		    pairfuse_expr_is_const(x, b->root[i], &r) && l != r)
			return true;
	return false;
}

struct pairfuse_key_consts pairfuse_key_consts(const struct pairfuse_exprs *x,
					       const struct pairfuse_key_bytes *key)
{
	struct pairfuse_key_consts consts = { 0 };
	unsigned int i;
	__u64 byte;

	for (i = 0; i < key->size; i++) {
		if (!pairfuse_expr_is_const(x, key->root[i], &byte))
			continue;
		consts.mask[i] = 0xff;
		consts.byte[i] = byte;
	}
	return consts;
}

bool pairfuse_key_matches(const struct pairfuse_key_consts *consts, const void *key, size_t size)
{
	const __u8 *bytes = key;
	size_t i;

	for (i = 0; i < size && i < PAIRFUSE_MAX_KEY; i++)
		if ((bytes[i] & consts->mask[i]) != consts->byte[i])
			return false;
	return true;
}

bool pairfuse_pair_same_group(const struct pairfuse_pair *a, const struct pairfuse_pair *b)
{
	return a == b || (a->carrier >= 0 && a->carrier == b->carrier &&
			  !memcmp(&a->consts, &b->consts, sizeof(a->consts)));
}
