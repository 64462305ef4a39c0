/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BPF objects inside other files: tools carry theirs as data.
 */
#ifndef PAIRFUSE_CARVE_H
#define PAIRFUSE_CARVE_H

#include <stddef.h>

struct pairfuse_carved {
	const char *section;	/* of the file that it was found in; points into the image */
	size_t offset;		/* in the file */
	size_t size;
};

/*
 * Find up to max BPF objects in the ELF file at image. Returns how many there
 * are (perhaps more than max), -ENOEXEC when it is no ELF file of 64 bits in
 * this machine's byte order.
 */
int pairfuse_carve(const void *image, size_t size, struct pairfuse_carved *found, int max);

#endif /* PAIRFUSE_CARVE_H */
