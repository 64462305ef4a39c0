// SPDX-License-Identifier: GPL-2.0
/*
 * Inputs of the analysis from bytes and back.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"

static const char *const map_names[FUZZ_IN_MAPS] = {
	"m0", "m1", "m2", "m3", ".data.4", ".rodata", "m6", "m7", "m8", "m9", "m10", "m11",
};
static const char *const prog_names[FUZZ_IN_PROGS] = {
	"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"
};
static const char *const targets[] = {
	"vfs_read", "vfs_write", "__x64_sys_read", "__x64_sys_write", NULL
};

#define NR_TARGETS (sizeof(targets) / sizeof(targets[0]))

struct reader {
	const unsigned char *data;
	size_t size;
};

/* The next n bytes, with zeroes for what is missing. */
static void take(struct reader *r, void *to, size_t n)
{
	size_t have = n < r->size ? n : r->size;

	memset(to, 0, n);
	if (have)
		memcpy(to, r->data, have);
	r->data += have;
	r->size -= have;
}

static int map_ref(void *arg, const struct bpf_insn *insn)
{
	const struct pairfuse_input *in = arg;

	return insn->imm >= 0 && (size_t)insn->imm < in->nr_maps ? insn->imm : -1;
}

static void decode_map(struct reader *r, struct fuzz_input *f, size_t i)
{
	struct pairfuse_map *map = &f->maps[i];
	unsigned char b[FUZZ_MAP];
	size_t k;

	take(r, b, sizeof(b));
	map->name = map_names[i];
	map->type = b[0];
	map->pinned = b[1] & FUZZ_PINNED;
	map->reused = b[1] & FUZZ_REUSED;
	map->shown = b[1] & FUZZ_SHOWN;
	map->key_size = b[2] | b[3] << 8;
	memcpy(&map->value_size, b + 4, 4);
	memcpy(&map->max_entries, b + 8, 4);
	if (!(b[1] & FUZZ_FROZEN) || map->value_size > FUZZ_IN_RODATA)
		return;
	f->rodata[i] = malloc(map->value_size + 1);
	for (k = 0; k < map->value_size; k++)
		f->rodata[i][k] = k % 3 ? 0 : k;
	map->frozen = true;
	map->rodata = f->rodata[i];
}

static void decode_prog(struct reader *r, struct fuzz_input *f, size_t i)
{
	struct pairfuse_proto *proto = &f->protos[i];
	struct pairfuse_prog *prog = &f->progs[i];
	unsigned char b[FUZZ_PROG];
	unsigned int k;

	take(r, b, sizeof(b));
	prog->name = prog->section = prog_names[i];
	prog->at = b[0] % (PAIRFUSE_AT_SYS_EXIT + 1);
	prog->sleepable = b[1] & FUZZ_SLEEPABLE;
	prog->target = targets[b[2] % NR_TARGETS];
	proto->nr_regs = b[3];
	proto->ret_size = b[4];
	for (k = 0; k < PAIRFUSE_NR_VALUES; k++) {
		proto->btf_id[k] = b[5] & 1 << k ? 100 + k : 0;
		proto->in_module[k] = b[1] & FUZZ_MODULE;
	}
	if (!(b[1] & FUZZ_NO_PROTO))
		prog->proto = proto;
	prog->nr_insns = (b[6] | b[7] << 8) % (FUZZ_IN_INSNS + 1);
	memcpy(&prog->cookie, b + 8, 8);
}

static void decode_insns(struct reader *r, struct fuzz_input *f, size_t i)
{
	struct pairfuse_prog *prog = &f->progs[i];
	size_t nr = prog->nr_insns, have = r->size / sizeof(struct bpf_insn);

	/* programs end where the data does */
	prog->nr_insns = nr = nr < have ? nr : have;
	f->insns[i] = malloc(nr * sizeof(struct bpf_insn) + !nr);
	take(r, f->insns[i], nr * sizeof(struct bpf_insn));
	prog->insns = f->insns[i];
}

void fuzz_decode(const unsigned char *data, size_t size, struct fuzz_input *f)
{
	struct reader r = { data, size };
	unsigned char b[FUZZ_HEADER];
	size_t i;

	memset(f, 0, sizeof(*f));
	take(&r, b, sizeof(b));
	f->in.nr_maps = b[0] % (FUZZ_IN_MAPS + 1);
	f->in.nr_progs = b[1] % (FUZZ_IN_PROGS + 1);
	f->in.nesting = b[2] % (PAIRFUSE_NESTING_PER_CALL + 1);
	f->in.rdonly_cast_id = b[3] & FUZZ_NO_CAST ? 0 : 4242;
	f->in.no_groups = b[3] & FUZZ_NO_GROUPS;
	f->in.clock = b[4] % (PAIRFUSE_CLOCK_COUNTER + 1);
	f->in.filter = b[3] & FUZZ_FILTER;
	for (i = 0; i < f->in.nr_maps; i++)
		decode_map(&r, f, i);
	for (i = 0; i < f->in.nr_progs; i++)
		decode_prog(&r, f, i);
	for (i = 0; i < f->in.nr_progs; i++)
		decode_insns(&r, f, i);
	f->in.maps = f->maps;
	f->in.progs = f->progs;
	f->in.map_ref = map_ref;
	f->in.map_ref_arg = &f->in;
}

void fuzz_input_free(struct fuzz_input *f)
{
	size_t i;

	for (i = 0; i < FUZZ_IN_PROGS; i++)
		free(f->insns[i]);
	for (i = 0; i < FUZZ_IN_MAPS; i++)
		free(f->rodata[i]);
}

/* --- and back --- */

static void encode_map(const struct pairfuse_map *map, unsigned char *b)
{
	memset(b, 0, FUZZ_MAP);
	b[0] = map->type;
	b[1] = (map->pinned ? FUZZ_PINNED : 0) | (map->reused ? FUZZ_REUSED : 0) |
	       (map->shown ? FUZZ_SHOWN : 0) | (map->frozen ? FUZZ_FROZEN : 0);
	b[2] = map->key_size;
	b[3] = map->key_size >> 8;
	memcpy(b + 4, &map->value_size, 4);
	memcpy(b + 8, &map->max_entries, 4);
}

/* The same function as that of another program, if there is one. */
static unsigned char target_of(const struct pairfuse_input *in, size_t i, unsigned int *nr)
{
	static const struct pairfuse_prog none;
	const struct pairfuse_prog *p = &in->progs[i];
	size_t k;

	for (k = 0; p->target && k < i; k++) {
		const struct pairfuse_prog *q = in->progs[k].target ? &in->progs[k] : &none;

		if (q->target && !strcmp(p->target, q->target))
			return target_of(in, k, nr);
	}
	return p->target ? (*nr)++ % (NR_TARGETS - 1) : NR_TARGETS - 1;
}

static void encode_prog(const struct pairfuse_prog *p, unsigned char target, unsigned char *b)
{
	unsigned int k;

	memset(b, 0, FUZZ_PROG);
	b[0] = p->at;
	b[1] = (p->sleepable ? FUZZ_SLEEPABLE : 0) | (p->proto ? 0 : FUZZ_NO_PROTO);
	b[2] = target;
	b[6] = p->nr_insns;
	b[7] = p->nr_insns >> 8;
	memcpy(b + 8, &p->cookie, 8);
	if (!p->proto)
		return;
	b[3] = p->proto->nr_regs;
	b[4] = p->proto->ret_size;
	for (k = 0; k < PAIRFUSE_NR_VALUES; k++)
		b[5] |= p->proto->btf_id[k] ? 1 << k : 0;
}

size_t fuzz_encode(const struct pairfuse_input *in, unsigned char *buf, size_t len)
{
	size_t need = FUZZ_HEADER + in->nr_maps * FUZZ_MAP + in->nr_progs * FUZZ_PROG, i, n;
	unsigned char *b = buf;
	unsigned int nr;

	for (i = 0; i < in->nr_progs; i++)
		need += in->progs[i].nr_insns * sizeof(struct bpf_insn);
	if (in->nr_maps > FUZZ_IN_MAPS || in->nr_progs > FUZZ_IN_PROGS || need > len)
		return 0;
	memset(b, 0, FUZZ_HEADER);
	b[0] = in->nr_maps;
	b[1] = in->nr_progs;
	b[2] = in->nesting;
	b[3] = (in->rdonly_cast_id ? 0 : FUZZ_NO_CAST) | (in->no_groups ? FUZZ_NO_GROUPS : 0) |
	       (in->filter ? FUZZ_FILTER : 0);
	b[4] = in->clock;
	b += FUZZ_HEADER;
	for (i = 0; i < in->nr_maps; i++, b += FUZZ_MAP)
		encode_map(&in->maps[i], b);
	for (i = 0; i < in->nr_progs; i++, b += FUZZ_PROG) {
		nr = i / 2;
		encode_prog(&in->progs[i], target_of(in, i, &nr), b);
	}
	for (i = 0; i < in->nr_progs; i++) {
		n = in->progs[i].nr_insns * sizeof(struct bpf_insn);
		memcpy(b, in->progs[i].insns, n);
		b += n;
	}
	return b - buf;
}
