/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inputs of the analysis as bytes: what libFuzzer changes and the corpus holds.
 *
 *	header		8 bytes: maps, programs, nesting, flags, clock, 3 unused
 *	each map	16 bytes: type, flags, key size (2), value size (4), entries (4), 4 unused
 *	each program	16 bytes: hook, flags, target, registers, returned bytes, types,
 *			instructions (2), cookie (8)
 *	instructions	8 bytes each, of the first program, then of the second, ...
 *
 * Any bytes are an input: what is missing is zero, what is too much is ignored.
 */
#ifndef FUZZ_DECODE_H
#define FUZZ_DECODE_H

#include "analysis.h"

#define FUZZ_IN_MAPS	12
#define FUZZ_IN_PROGS	8
#define FUZZ_IN_INSNS	4096	/* in all */
#define FUZZ_IN_RODATA	4096

#define FUZZ_HEADER	8	/* bytes */
#define FUZZ_MAP	16
#define FUZZ_PROG	16

enum {	/* flags */
	FUZZ_NO_CAST = 1, FUZZ_NO_GROUPS = 2, FUZZ_FILTER = 8,	/* header */
	FUZZ_PINNED = 1, FUZZ_REUSED = 2, FUZZ_SHOWN = 4, FUZZ_FROZEN = 8, /* map */
	FUZZ_SLEEPABLE = 1, FUZZ_NO_PROTO = 2, FUZZ_MODULE = 4,	/* program */
};

struct fuzz_input {
	struct pairfuse_input in;
	struct pairfuse_map maps[FUZZ_IN_MAPS];
	struct pairfuse_prog progs[FUZZ_IN_PROGS];
	struct pairfuse_proto protos[FUZZ_IN_PROGS];
	struct bpf_insn *insns[FUZZ_IN_PROGS];	/* allocated: sanitizers see the ends */
	unsigned char *rodata[FUZZ_IN_MAPS];
};

void fuzz_decode(const unsigned char *data, size_t size, struct fuzz_input *f);
void fuzz_input_free(struct fuzz_input *f);

/* Bytes written to buf, 0 when it does not fit into an input. */
size_t fuzz_encode(const struct pairfuse_input *in, unsigned char *buf, size_t len);

#endif /* FUZZ_DECODE_H */
