/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A BPF interpreter with models of maps and helpers: original and rewritten
 * programs run in *worlds* that are then compared (selfcheck.h).
 *
 * No program can hurt it, whatever it does: pointers are not addresses of this
 * process, and every access is checked. A program has
 *
 *	regions		stack, context, slot, map values, records of ring buffers;
 *			each has a number, which is part of its address
 *	all other	memory of the kernel or of a process, which nobody has made:
 *	addresses	what is read there follows from the address and the seed, so
 *			it is the same every time and in every world, and pointers in
 *			it lead to more such memory. Some pages are not there.
 *
 * In different worlds regions have different addresses, and different *junk* is
 * where a program has not written yet. So what depends on either can be told.
 */
#ifndef PAIRFUSE_INTERP_H
#define PAIRFUSE_INTERP_H

#include "analysis.h"

#define PAIRFUSE_NR_CPUS	2

/* Where things are; regions are in between. */
#define PAIRFUSE_VA_KERNEL	0xffff888000000000ULL
#define PAIRFUSE_VA_USER_REGS	0xffff888100000000ULL	/* struct pt_regs of tasks */
#define PAIRFUSE_VA_MAPS	0xffff888200000000ULL	/* what stands for a map */
#define PAIRFUSE_VA_REGIONS	0xffffc00000000000ULL
#define PAIRFUSE_VA_REGIONS_END	0xffffe00000000000ULL

#define PAIRFUSE_USER_REGS_STRIDE 256

/* What is outside of programs and the same in all worlds. */
struct pairfuse_outside {
	const struct pairfuse_input *in;
	const void *const *contents;	/* by map: at first; NULL, or an entry NULL: not known */
	const bool *carrier;		/* by map: nobody else writes to it */
	size_t nr_storages;		/* task storages in place of carriers */
	__u64 seed;
	const __u32 *consts;		/* numbers that the programs compare things with */
	size_t nr_consts;
	const unsigned char *user_regs;	/* at PAIRFUSE_VA_USER_REGS */
	size_t user_regs_size;
	struct pairfuse_patches *patches; /* words that are something else; NULL: none */

	/* what helpers answer during the program that runs now */
	__u64 run;			/* seed of what is of this run only */
	__u64 now;
	__u64 pid_tgid;
	__u64 uid_gid;
	__u64 task;
	__u32 cpu;
	__u32 random;
	__u64 cookie;
	__u64 addr;
	char comm[16];
	__s32 answer_of;	/* helper whose answer is given; 0: none */
	__u64 answer;
	__u32 step;		/* nanoseconds from one reading of the clock to the next, */
	__u64 shift;		/* and before the first */
};

#define PAIRFUSE_NR_PATCHES 512		/* a power of two */

struct pairfuse_patches {		/* words of the memory outside, by address */
	unsigned int nr;
	struct {
		__u64 addr;	/* 0: free */
		__u64 word;
	} words[PAIRFUSE_NR_PATCHES];
};

/* From now on the memory outside has these bytes there; false: too many patches. */
bool pairfuse_outside_patch(const struct pairfuse_outside *out, __u64 addr, const void *data,
			    size_t size);

/* A number made of others, the same at each call. */
__u64 pairfuse_mix(__u64 a, __u64 b);

struct pairfuse_elem;
struct pairfuse_origins;	/* origin.h */

struct pairfuse_region {
	unsigned char *data;		/* NULL: not in use */
	__u32 size;
	bool writable;
	__u32 next_free;
	struct pairfuse_elem *elem;	/* whose value it is; NULL */
};

struct pairfuse_elem {			/* of a map */
	struct pairfuse_elem *next;	/* of its bucket, or in the grave */
	struct pairfuse_elem *next_touched;
	bool touched;
	unsigned int map;
	__u32 cpu;			/* per-CPU maps, else 0 */
	__u64 value;			/* address */
	unsigned char key[];
};

#define PAIRFUSE_NR_BUCKETS 64

struct pairfuse_table {
	struct pairfuse_elem **buckets;	/* NULL: nothing in it yet */
};

enum pairfuse_fault {
	PAIRFUSE_FAULT_NONE = 0,
	PAIRFUSE_FAULT_MODEL,	/* something that there is no model of */
	PAIRFUSE_FAULT_PROGRAM,	/* what no verified program does */
};

#define PAIRFUSE_INTERP_DEPTH 8		/* frames */

struct pairfuse_world {
	const struct pairfuse_outside *out;
	struct pairfuse_region *regions;
	__u32 nr_regions, cap_regions, free_region; /* free list; 0: empty */
	__u32 where;		/* mixed into addresses of regions */
	__u64 junk;		/* state of the generator */
	bool invert;		/* junk is the complement of that of another world */
	int pattern;		/* a byte that all junk is; -1: none, it is random */

	struct pairfuse_table *tables;	/* by map; then, by map, the task storage in place of it */
	struct pairfuse_elem *touched;
	struct pairfuse_elem *grave;	/* deleted while a program may still look at it */
	__u64 records;		/* of ring buffers that have been reserved in this run */
	unsigned char *log;	/* effects: bytes, in order */
	size_t log_len, log_cap;
	__u64 missed_key;	/* where the last key that was not there is, */
	int missed_map;		/* and of which map; -1: none */

	__u64 stack[PAIRFUSE_INTERP_DEPTH];

	/* of the program that runs now */
	unsigned int nr_regs;	/* arguments of the target; 0: stub context */
	bool is_exit;
	int storage;		/* which task storage the rewritten program has */
	__u32 storage_size;
	unsigned int frames;	/* on the kernel stack, in front of those of the original */

	enum pairfuse_fault fault;
	char what[96];		/* the fault in words */
	unsigned long calls;	/* helper calls made */
	unsigned long insns;	/* instructions run, by the last program */
	__u64 moved;		/* bytes made, read and copied since the world was settled */
	__u64 live;		/* bytes of all regions */
	unsigned int readings;	/* of the clock, by the last program */
	unsigned long stores;	/* to carriers */
	unsigned long finds;	/* of an element in one, or loads of its bytes */
	__u64 ctx;		/* address of the context of the program that runs now */
	struct pairfuse_origins *origins; /* to be followed; NULL: not */
};

/* NULL: no memory. Worlds with one seed, or pattern, and different invert have opposite junk. */
struct pairfuse_world *pairfuse_world_new(const struct pairfuse_outside *out, __u64 seed,
					  bool invert, int pattern);
void pairfuse_world_free(struct pairfuse_world *w);

/* The same once more, between programs, with what has been settled; NULL: no memory. */
struct pairfuse_world *pairfuse_world_clone(const struct pairfuse_world *w);

struct pairfuse_code_run {
	const struct bpf_insn *insns;
	size_t nr;
	__u64 ctx;		/* address */
	unsigned char *seen;	/* by instruction: PAIRFUSE_SEEN_...; NULL */
};

#define PAIRFUSE_SEEN_RUN	1
#define PAIRFUSE_SEEN_TAKEN	2	/* a conditional jump has jumped, */
#define PAIRFUSE_SEEN_PASSED	4	/* or not */

/* Returns R0; w->fault is set when it cannot. */
__u64 pairfuse_interp(struct pairfuse_world *w, const struct pairfuse_code_run *run);

/* Nobody looks at what was deleted, and at what was logged, any more. */
void pairfuse_world_settle(struct pairfuse_world *w);

/* So many bytes are made, read or copied: a fault when it is too much for one program. */
void pairfuse_world_move(struct pairfuse_world *w, __u64 bytes);

/* The first fault stays. */
void pairfuse_world_fault(struct pairfuse_world *w, enum pairfuse_fault fault, const char *fmt,
			  ...) __attribute__((format(printf, 3, 4)));

/* --- interp_mem.c --- */

/* A region full of junk; 0: none left, and w->fault is set. */
__u64 pairfuse_region_new(struct pairfuse_world *w, __u32 size, bool writable,
			  struct pairfuse_elem *elem);
void pairfuse_region_free(struct pairfuse_world *w, __u64 addr);

/* Is that an address as regions have? There may be none there. */
bool pairfuse_is_region(__u64 addr);

/* The region's bytes; NULL when there are not so many, or they must not be written. */
unsigned char *pairfuse_region(struct pairfuse_world *w, __u64 addr, __u32 size, bool write);

/* The region that addr points into; NULL: none. */
struct pairfuse_region *pairfuse_region_find(struct pairfuse_world *w, __u64 addr);

/* The element whose value is there; NULL: none. */
struct pairfuse_elem *pairfuse_region_elem(struct pairfuse_world *w, __u64 addr);

void pairfuse_junk(struct pairfuse_world *w, unsigned char *data, size_t size);

/* Bytes of the memory outside; false: a page is not there. */
bool pairfuse_outside_read(const struct pairfuse_outside *out, __u64 addr, void *buf, size_t size);

/* From a region or from outside. */
bool pairfuse_world_read(struct pairfuse_world *w, __u64 addr, void *buf, size_t size);

/* --- interp_map.c --- */

enum pairfuse_map_kind {
	PAIRFUSE_MAP_OTHER,	/* has no elements that programs look at */
	PAIRFUSE_MAP_HASH,
	PAIRFUSE_MAP_ARRAY,
	PAIRFUSE_MAP_STORAGE,	/* keyed by an object's address */
};

/* Maps beyond in->nr_maps are the task storage of carriers. */
enum pairfuse_map_kind pairfuse_map_kind(const struct pairfuse_outside *out, unsigned int map);
bool pairfuse_map_is_percpu(const struct pairfuse_outside *out, unsigned int map);
__u32 pairfuse_map_key_size(const struct pairfuse_outside *out, unsigned int map);

/* The element, NULL: there is none; those of arrays are made when they are wanted. */
struct pairfuse_elem *pairfuse_map_get(struct pairfuse_world *w, unsigned int map,
				       const void *key, __u32 cpu);
struct pairfuse_elem *pairfuse_map_add(struct pairfuse_world *w, unsigned int map,
				       const void *key, __u32 cpu, const void *value, __u32 size);
__s64 pairfuse_map_update(struct pairfuse_world *w, unsigned int map, const void *key,
			  const void *value, __u64 flags);
__s64 pairfuse_map_delete(struct pairfuse_world *w, unsigned int map, const void *key);
void pairfuse_map_free_all(struct pairfuse_world *w);
/* Into a world that has the regions already, and no element; false: no memory. */
bool pairfuse_map_clone_all(struct pairfuse_world *to, const struct pairfuse_world *from);
void pairfuse_elem_touch(struct pairfuse_world *w, struct pairfuse_elem *e);
void pairfuse_grave_clear(struct pairfuse_world *w);

/* --- interp_help.c --- */

/* Returns R0. r: the registers; ctx: the program's context. */
__u64 pairfuse_interp_helper(struct pairfuse_world *w, __s32 id, const __u64 *r, __u64 ctx);

#endif /* PAIRFUSE_INTERP_H */
