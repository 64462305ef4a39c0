/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the analysis has to know about BPF helpers.
 */
#ifndef PAIRFUSE_HELPER_H
#define PAIRFUSE_HELPER_H

#include <linux/types.h>
#include <stdbool.h>

enum {				/* pairfuse_helper.flags */
	PAIRFUSE_H_PURE		= 1 << 0, /* nothing but r0 and mem[] changes */
	PAIRFUSE_H_DENIED	= 1 << 1, /* not for raw tracepoint programs */
	PAIRFUSE_H_CTX		= 1 << 2, /* r1 is the context; any will do */
	PAIRFUSE_H_TYPED	= 1 << 3, /* wants a trusted kernel pointer as argument */
	PAIRFUSE_H_PARTIAL	= 1 << 4, /* may leave the end of what it fills as it was */
	PAIRFUSE_H_DYNPTR	= 1 << 7, /* uses a dynptr, and so what that leads to */
	PAIRFUSE_H_READS	= 1 << 6, /* other arguments are read, if they are pointers */
	PAIRFUSE_H_FOLLOWS	= 1 << 5, /* reads what pointers in its memory point to */
};

enum pairfuse_mem_size {
	PAIRFUSE_MEM_NONE = 0,
	PAIRFUSE_MEM_REG,	/* n: the argument that holds the size */
	PAIRFUSE_MEM_FIXED,	/* n: bytes */
	PAIRFUSE_MEM_KEY,	/* key_size of the map in r1 */
	PAIRFUSE_MEM_VALUE,	/* value_size of the map in r1 */
};

/* Memory that a helper reads or writes through a pointer argument. */
struct pairfuse_mem {
	__u8 arg;		/* 1..5 */
	__u8 size;		/* enum pairfuse_mem_size */
	__u8 n;
	bool write;		/* fills it; else only reads it */
	bool both;		/* then: reads it first, or may leave it as it was */
	bool any;		/* any number will do: the slot's address too */
};

struct pairfuse_helper {
	const char *name;
	__u8 nargs;
	__u8 flags;
	struct pairfuse_mem mem[2];
};

/* NULL: not in the table; assume the worst. */
const struct pairfuse_helper *pairfuse_helper(__s32 id);
/* What argument arg of a helper (or NULL) points to; NULL: nothing that is known. */
const struct pairfuse_mem *pairfuse_helper_mem(const struct pairfuse_helper *h, unsigned int arg);

#endif /* PAIRFUSE_HELPER_H */
