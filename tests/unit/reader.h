/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A BPF object file as input of the analysis, read without the kernel.
 */
#ifndef TEST_READER_H
#define TEST_READER_H

#include <bpf/libbpf.h>

#include "analysis.h"

struct test_object {
	struct bpf_object *bpf;
	struct pairfuse_input in;
	struct pairfuse_prog *progs;
	struct pairfuse_map *maps;
	struct pairfuse_proto *protos;	/* one for each program; unused by default */
	char **targets;
};

/* 0 or a negative errno. Bytecode is final, maps are referenced by index. */
int test_object_open(const char *path, struct test_object **out);
void test_object_close(struct test_object *obj);

/* Index of a program or map by name, or -1. */
int test_object_prog(const struct test_object *obj, const char *name);
int test_object_map(const struct test_object *obj, const char *name);

#endif /* TEST_READER_H */
