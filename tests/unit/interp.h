/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A BPF interpreter with models of maps and helpers, for tests only: original
 * and rewritten programs run in two worlds that are then compared.
 *
 * Pointers are addresses of this process; sanitizers see what programs do.
 */
#ifndef TEST_INTERP_H
#define TEST_INTERP_H

#include <stdio.h>

#include "reader.h"

struct entry {
	struct entry *next;
	unsigned char *key;
	unsigned char *value;
	int cpu;		/* per-CPU maps, else 0 */
};

struct world {
	const struct test_object *obj;
	struct entry **maps;	/* by map */
	struct entry **storage;	/* task storage in place of maps, by map */
	struct entry *grave;	/* deleted while a program may still look at them */
	unsigned char *log;	/* events: bytes, in order */
	size_t log_len, log_cap;

	/* what helpers answer during the program that runs now */
	__u64 now;
	__u64 pid_tgid;
	__u64 uid_gid;
	__u64 task;
	__u32 cpu;
	__u32 random;
	__u64 cookie;
	unsigned int nr_regs;	/* of the target; 0: stub context */
	bool is_exit;
	int storage_map;	/* that the rewritten program has task storage for */
	__u32 storage_size;
	unsigned int frames;	/* on the kernel stack, in front of those of the original */
	unsigned char poison;	/* what is on the stack before it is written */

	unsigned long calls;	/* helper calls made */
	unsigned long insns;	/* instructions run */
};

struct world *world_new(const struct test_object *obj);
void world_free(struct world *w);

/* R0; *err is set when the program did something that the model has not. */
__u64 interp(struct world *w, const struct bpf_insn *insns, size_t nr, void *ctx,
	     const char **err);

/* NULL when all maps for which ignore[] is not set, and all events, are equal. */
const char *world_differ(const struct world *a, const struct world *b, const bool *ignore);

/* The map, or "events", that world_differ() named: what is there. */
void world_show(FILE *f, const struct world *w, const char *what);

/* Events so far have been compared. */
void world_forget(struct world *w);

/* Memory that stands for kernel objects: words that point into it again. */
__u64 fake_object(unsigned int n);

#endif /* TEST_INTERP_H */
