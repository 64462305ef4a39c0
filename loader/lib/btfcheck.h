/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is the BTF of an object file what a compiler may have written?
 */
#ifndef PAIRFUSE_BTFCHECK_H
#define PAIRFUSE_BTFCHECK_H

#include <stddef.h>

/* NULL, or in words what is wrong with the content of section .BTF. */
const char *pairfuse_btf_check(const void *data, size_t size);

/* The same of section .BTF.ext, as far as libbpf does not look itself. */
const char *pairfuse_btf_ext_check(const void *data, size_t size);

#endif /* PAIRFUSE_BTFCHECK_H */
