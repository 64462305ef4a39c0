/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a file what a compiler may have written?
 */
#ifndef PAIRFUSE_ELFCHECK_H
#define PAIRFUSE_ELFCHECK_H

#include <stddef.h>

/* NULL, or in words what is wrong with a 64-bit ELF file of this byte order. */
const char *pairfuse_elf_check(const void *image, size_t size);

/*
 * Make all symbols that a checked file wants from the kernel weak: libbpf takes 0 for
 * those that it does not find. fn is told each that was not weak.
 */
void pairfuse_elf_weaken(void *image, size_t size, void (*fn)(void *arg, const char *symbol),
			 void *arg);

#endif /* PAIRFUSE_ELFCHECK_H */
