// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of interpreted programs: regions, and all that is outside.
 *
 * The address of region n of a world:
 *
 *	PAIRFUSE_VA_REGIONS + ((n ^ w->where) << REGION_BITS) + offset
 *
 * so looking one up is an index and a comparison, and an offset never leads from
 * one into another.
 */
#include <stdlib.h>
#include <string.h>

#include "interp.h"

#define REGION_BITS	28
#define MAX_REGIONS	(1U << 17)	/* (END - REGIONS) >> REGION_BITS */
#define MAX_SIZE	(64U << 20)
#define MAX_MOVED	(64U << 20)	/* by one program */
#define MAX_LIVE	(128U << 20)	/* of a world */

#define POOL_SIZE	(1U << 16)	/* where pointers in memory lead to */
#define PAGE_BITS	12

_Static_assert((PAIRFUSE_VA_REGIONS_END - PAIRFUSE_VA_REGIONS) >> REGION_BITS == MAX_REGIONS,
	       "all regions have an address");

__u64 pairfuse_mix(__u64 a, __u64 b)
{
	__u64 h = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));

	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
	return h ^ (h >> 31);
}

/* --- regions --- */

static __u64 next_junk(struct pairfuse_world *w, __u64 change)
{
	w->junk = w->junk * 6364136223846793005ULL + 1442695040888963407ULL;
	if (w->pattern >= 0)
		return (0x0101010101010101ULL * w->pattern) ^ change;
	return (w->junk ^ w->junk >> 29) ^ change;
}

void pairfuse_junk(struct pairfuse_world *w, unsigned char *data, size_t size)
{
	__u64 change = w->invert ? ~0ULL : 0, v;
	size_t i;

	for (i = 0; i + sizeof(v) <= size; i += sizeof(v)) {
		v = next_junk(w, change);
		memcpy(data + i, &v, sizeof(v));
	}
	if (i == size)
		return;
	v = next_junk(w, change);
	memcpy(data + i, &v, size - i);
}

void pairfuse_world_move(struct pairfuse_world *w, __u64 bytes)
{
	w->moved += bytes;
	if (w->moved > MAX_MOVED)
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "more than %u MB moved in a run",
				     MAX_MOVED >> 20);
}

static __u32 take_number(struct pairfuse_world *w)
{
	__u32 n = w->free_region, cap;
	struct pairfuse_region *grown;

	if (n) {
		w->free_region = w->regions[n].next_free;
		return n;
	}
	if (w->nr_regions == w->cap_regions) {
		cap = w->cap_regions ? 2 * w->cap_regions : 64;
		grown = cap > MAX_REGIONS ? NULL : realloc(w->regions, cap * sizeof(*grown));
		if (!grown)
			return 0;
		w->regions = grown;
		w->cap_regions = cap;
		if (!w->nr_regions)	/* number 0 stands for none */
			memset(&w->regions[w->nr_regions++], 0, sizeof(*grown));
	}
	return w->nr_regions++;
}

__u64 pairfuse_region_new(struct pairfuse_world *w, __u32 size, bool writable,
			  struct pairfuse_elem *elem)
{
	bool room = size <= MAX_SIZE && w->live + size <= MAX_LIVE;
	unsigned char *data = room ? malloc(size ? size : 1) : NULL;
	__u32 n = data ? take_number(w) : 0;

	if (!n) {
		free(data);
		pairfuse_world_fault(w, PAIRFUSE_FAULT_MODEL, "no memory");
		return 0;
	}
	w->live += size;
	pairfuse_world_move(w, size);
	pairfuse_junk(w, data, size);
	w->regions[n] = (struct pairfuse_region){
		.data = data, .size = size, .writable = writable, .elem = elem,
	};
	return PAIRFUSE_VA_REGIONS + ((__u64)(n ^ w->where) << REGION_BITS);
}

bool pairfuse_is_region(__u64 addr)
{
	return addr >= PAIRFUSE_VA_REGIONS && addr < PAIRFUSE_VA_REGIONS_END;
}

struct pairfuse_region *pairfuse_region_find(struct pairfuse_world *w, __u64 addr)
{
	__u32 n;

	if (!pairfuse_is_region(addr))
		return NULL;
	n = (__u32)((addr - PAIRFUSE_VA_REGIONS) >> REGION_BITS) ^ w->where;
	return n < w->nr_regions && w->regions[n].data ? &w->regions[n] : NULL;
}

void pairfuse_region_free(struct pairfuse_world *w, __u64 addr)
{
	struct pairfuse_region *r = pairfuse_region_find(w, addr);

	if (!r)
		return;
	w->live -= r->size;
	free(r->data);
	*r = (struct pairfuse_region){ .next_free = w->free_region };
	w->free_region = r - w->regions;
}

static void note_access(struct pairfuse_world *w, struct pairfuse_elem *e, __u32 size, bool write)
{
	bool carrier = e->map < w->out->in->nr_maps && w->out->carrier[e->map] && size;

	w->stores += carrier && write;
	w->finds += carrier && !write;
	if (write)
		pairfuse_elem_touch(w, e);
}

struct pairfuse_elem *pairfuse_region_elem(struct pairfuse_world *w, __u64 addr)
{
	struct pairfuse_region *r = pairfuse_region_find(w, addr);

	return r ? r->elem : NULL;
}

unsigned char *pairfuse_region(struct pairfuse_world *w, __u64 addr, __u32 size, bool write)
{
	struct pairfuse_region *r = pairfuse_region_find(w, addr);
	__u64 off = addr & ((1U << REGION_BITS) - 1);

	if (!r || off + size > r->size || (write && !r->writable))
		return NULL;
	if (r->elem)
		note_access(w, r->elem, size, write);
	return r->data + off;
}

/* --- outside --- */

static __u64 a_const(const struct pairfuse_outside *out, __u64 h)
{
	return out->nr_consts ? out->consts[h % out->nr_consts] : h & 0xff;
}

/* An address in memory that other pointers lead to as well, or in that of a process. */
static __u64 a_pointer(__u64 h)
{
	return (h & 7 ? PAIRFUSE_VA_KERNEL : 0x7f0000000000ULL) + ((h >> 8) % POOL_SIZE & ~7ULL);
}

/*
 * What structures are made of: pointers, small numbers, text, flags; and the
 * numbers that the programs look for, in fields of all sizes.
 */
static __u64 some_word(const struct pairfuse_outside *out, __u64 h)
{
	__u64 v = h >> 8;
	unsigned int i;

	switch (h & 15) {
	case 0: case 1: case 2: case 3:
		return a_pointer(v);
	case 4: case 5:
		return 0;
	case 6: case 7:
		return (v & 0xff) | (v >> 8 & 0xff) << 32;
	case 8: case 9:
		return (__u32)a_const(out, v) | a_const(out, v >> 20) << 32;
	case 10:
		return (a_const(out, v) & 0xffff) * 0x0001000100010001ULL;
	case 11: case 12:
		for (i = 0; i < 64; i += 8)	/* text ends now and then */
			v = (v & ~(0xffULL << i)) |
			    (__u64)(v >> i & 15 ? 'a' + (v >> i & 15) : 0) << i;
		return v;
	}
	return v & 1 ? v : -v & 0xffffffff;
}

/* Never the address of a region: what a program finds there would differ between worlds. */
static __u64 make_word(const struct pairfuse_outside *out, __u64 h)
{
	__u64 v = some_word(out, h);

	return pairfuse_is_region(v) ? v ^ 1ULL << 63 : v;
}

static bool page_is_there(const struct pairfuse_outside *out, __u64 addr)
{
	__u64 page = addr >> PAGE_BITS;

	if (!page || page == ~0ULL >> PAGE_BITS)
		return false;
	return pairfuse_mix(out->seed + 1, page) % 16 != 0;
}

/* Where the word's patch is, or would be. */
static unsigned int patch_of(const struct pairfuse_patches *p, __u64 addr)
{
	unsigned int n = (addr >> 3 ^ addr >> 15) % PAIRFUSE_NR_PATCHES;

	while (p->words[n].addr && p->words[n].addr != addr)
		n = (n + 1) % PAIRFUSE_NR_PATCHES;
	return n;
}

static void read_word(const struct pairfuse_outside *out, __u64 addr, unsigned char *word)
{
	const struct pairfuse_patches *p = out->patches;
	unsigned int n = p && p->nr ? patch_of(p, addr) : 0;
	__u64 v;

	if (p && p->words[n].addr == addr && p->nr) {
		memcpy(word, &p->words[n].word, 8);
		return;
	}

	if (addr >= PAIRFUSE_VA_USER_REGS &&
	    addr - PAIRFUSE_VA_USER_REGS + 8 <= out->user_regs_size) {
		memcpy(word, out->user_regs + (addr - PAIRFUSE_VA_USER_REGS), 8);
		return;
	}
	v = make_word(out, pairfuse_mix(out->seed, addr));
	memcpy(word, &v, sizeof(v));
}

/* One member of the current task, where it is among the bytes that are read. */
static void put_member(const struct pairfuse_outside *out, __u64 addr, unsigned char *buf,
		       size_t size, __u32 member, __u32 value)
{
	__u64 i, at = out->task + member - addr;

	for (i = 0; member && i < sizeof(value); i++)
		if (at + i < size)
			buf[at + i] = value >> 8 * i;
}

/* The task that runs is there. */
static bool is_current(const struct pairfuse_outside *out, __u64 addr)
{
	__u32 last = out->in->task_pid > out->in->task_tgid ? out->in->task_pid :
							      out->in->task_tgid;

	return last && addr - out->task < last + 4ULL;
}

bool pairfuse_outside_read(const struct pairfuse_outside *out, __u64 addr, void *buf, size_t size)
{
	bool regs = addr - PAIRFUSE_VA_USER_REGS < out->user_regs_size;
	unsigned char word[8];
	size_t done, n;

	if (pairfuse_is_region(addr) || addr + size < addr)
		return false;
	for (done = 0; done < size; done += n) {
		__u64 at = addr + done;

		n = 8 - at % 8;
		if (n > size - done)
			n = size - done;
		if (!regs && !is_current(out, at) &&
		    (!done || !(at & ((1U << PAGE_BITS) - 1))) &&
		    !page_is_there(out, at))
			return false;
		read_word(out, at & ~7ULL, word);
		memcpy((unsigned char *)buf + done, word + at % 8, n);
	}
	put_member(out, addr, buf, size, out->in->task_pid, out->pid_tgid);
	put_member(out, addr, buf, size, out->in->task_tgid, out->pid_tgid >> 32);
	return true;
}

bool pairfuse_outside_patch(const struct pairfuse_outside *out, __u64 addr, const void *data,
			    size_t size)
{
	struct pairfuse_patches *p = out->patches;
	unsigned char word[8];
	unsigned int n;
	size_t i;

	for (i = 0; i < size; i++) {
		__u64 at = addr + i;

		if (p->nr > PAIRFUSE_NR_PATCHES / 2)
			return false;
		read_word(out, at & ~7ULL, word);
		word[at % 8] = ((const unsigned char *)data)[i];
		n = patch_of(p, at & ~7ULL);
		p->nr += !p->words[n].addr;
		p->words[n].addr = at & ~7ULL;
		memcpy(&p->words[n].word, word, 8);
		if (pairfuse_is_region(p->words[n].word))	/* as in make_word() */
			p->words[n].word ^= 1ULL << 63;
	}
	return true;
}

bool pairfuse_world_read(struct pairfuse_world *w, __u64 addr, void *buf, size_t size)
{
	const unsigned char *data = pairfuse_region(w, addr, size, false);

	if (!data)
		return pairfuse_outside_read(w->out, addr, buf, size);
	memmove(buf, data, size);
	return true;
}
