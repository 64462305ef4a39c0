/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a file what a compiler may have written?
 */
#ifndef PAIRFUSE_ELFCHECK_H
#define PAIRFUSE_ELFCHECK_H

#include <stddef.h>

/* NULL, or in words what is wrong with a 64-bit ELF file of this byte order. */
const char *pairfuse_elf_check(const void *image, size_t size);

#endif /* PAIRFUSE_ELFCHECK_H */
