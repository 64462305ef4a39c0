// SPDX-License-Identifier: GPL-2.0
/*
 * BPF objects inside other files.
 *
 * A skeleton (bpftool gen skeleton) keeps the object as a string literal, so it
 * is somewhere in a section that is loaded with the program: .rodata, .data or
 * the like. It begins with an ELF header for machine BPF; how long it is follows
 * from its section headers, which have to make sense.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "carve.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

/* A header that was read from anywhere; the bytes need not be aligned. */
static bool is_elf64(const void *p, size_t size, Elf64_Ehdr *eh)
{
	if (size < sizeof(*eh) || memcmp(p, ELFMAG, SELFMAG))
		return false;
	memcpy(eh, p, sizeof(*eh));
	return eh->e_ident[EI_CLASS] == ELFCLASS64 && eh->e_ident[EI_DATA] == ELFDATA2LSB &&
	       eh->e_ehsize == sizeof(*eh);
}

static bool section_header(const char *p, size_t size, const Elf64_Ehdr *eh, size_t i,
			   Elf64_Shdr *sh)
{
	if (eh->e_shentsize != sizeof(*sh) || eh->e_shoff > size ||
	    i >= eh->e_shnum || (size - eh->e_shoff) / sizeof(*sh) <= i)
		return false;
	memcpy(sh, p + eh->e_shoff + i * sizeof(*sh), sizeof(*sh));
	return true;
}

/* Bytes up to the end of its last part; 0: this is no object. */
static size_t object_size(const char *p, size_t size, const Elf64_Ehdr *eh)
{
	size_t i, end = eh->e_shoff + eh->e_shnum * sizeof(Elf64_Shdr);
	Elf64_Shdr sh;

	if (eh->e_type != ET_REL || !eh->e_shnum)
		return 0;
	for (i = 0; i < eh->e_shnum; i++) {
		if (!section_header(p, size, eh, i, &sh))
			return 0;
		if (sh.sh_type == SHT_NOBITS)
			continue;
		if (sh.sh_offset > size || sh.sh_size > size - sh.sh_offset)
			return 0;
		if (sh.sh_offset + sh.sh_size > end)
			end = sh.sh_offset + sh.sh_size;
	}
	return end;
}

static const char *section_name(const char *image, size_t size, const Elf64_Ehdr *eh,
				const Elf64_Shdr *sh)
{
	Elf64_Shdr names;

	if (!section_header(image, size, eh, eh->e_shstrndx, &names) ||
	    names.sh_offset > size || names.sh_size > size - names.sh_offset ||
	    sh->sh_name >= names.sh_size ||
	    !memchr(image + names.sh_offset + sh->sh_name, 0, names.sh_size - sh->sh_name))
		return "?";
	return image + names.sh_offset + sh->sh_name;
}

/* The next BPF object in [at, end) of the image; returns its offset or end. */
static size_t next_object(const char *image, size_t at, size_t end, size_t *len)
{
	Elf64_Ehdr eh;
	const char *p;

	while (at < end) {
		p = memmem(image + at, end - at, ELFMAG, SELFMAG);
		if (!p)
			break;
		at = p - image;
		if (is_elf64(p, end - at, &eh) && eh.e_machine == EM_BPF) {
			*len = object_size(p, end - at, &eh);
			if (*len)
				return at;
		}
		at++;
	}
	return end;
}

int pairfuse_carve(const void *image, size_t size, struct pairfuse_carved *found, int max)
{
	size_t i, at, end, len = 0;
	Elf64_Ehdr eh;
	Elf64_Shdr sh;
	int nr = 0;

	if (!is_elf64(image, size, &eh))
		return -ENOEXEC;
	for (i = 0; section_header(image, size, &eh, i, &sh); i++) {
		if (!(sh.sh_flags & SHF_ALLOC) || sh.sh_type == SHT_NOBITS ||
		    sh.sh_offset > size || sh.sh_size > size - sh.sh_offset)
			continue;
		end = sh.sh_offset + sh.sh_size;
		for (at = sh.sh_offset; at < end; at += len) {
			at = next_object(image, at, end, &len);
			if (at >= end)
				break;
			if (nr < max)
				found[nr] = (struct pairfuse_carved){
					.section = section_name(image, size, &eh, &sh),
					.offset = at, .size = len,
				};
			nr++;
		}
	}
	return nr;
}
