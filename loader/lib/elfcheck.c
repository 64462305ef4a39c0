// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever in an object file refers to something has to refer to what is there:
 * sections, names, symbols, the places to relocate.
 *
 * libbpf believes much of that, and a file that lies makes it read elsewhere
 * (tests/fuzz/README.md lists where). Explaining is for anybody's files, so they
 * are looked at before libbpf sees them.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "btfcheck.h"
#include "elfcheck.h"

/* Global data that a file only names: libbpf makes it, and copies of it. */
#define MAX_NOBITS	(64ULL << 20)

struct elf {
	const char *data;
	size_t size;
	Elf64_Ehdr eh;
};

/* Headers need not be aligned in the file; they are copied. */
static Elf64_Shdr section(const struct elf *e, size_t i)
{
	Elf64_Shdr sh;

	memcpy(&sh, e->data + e->eh.e_shoff + i * sizeof(sh), sizeof(sh));
	return sh;
}

static bool has_content(const Elf64_Shdr *sh)
{
	return sh->sh_type != SHT_NOBITS && sh->sh_type != SHT_NULL;
}

static bool is_strings(const struct elf *e, size_t i)
{
	Elf64_Shdr sh;

	if (i >= e->eh.e_shnum)
		return false;
	sh = section(e, i);
	return sh.sh_type == SHT_STRTAB && sh.sh_size && !e->data[sh.sh_offset + sh.sh_size - 1];
}

static size_t strings_size(const struct elf *e, size_t i)
{
	return section(e, i).sh_size;
}

static const char *check_header(const struct elf *e)
{
	const Elf64_Ehdr *eh = &e->eh;

	if (eh->e_type != ET_REL)
		return "no relocatable object";
	if (eh->e_ehsize != sizeof(*eh) || eh->e_shentsize != sizeof(Elf64_Shdr))
		return "headers of another size";
	if (!eh->e_shnum || eh->e_shoff > e->size ||
	    (e->size - eh->e_shoff) / sizeof(Elf64_Shdr) < eh->e_shnum)
		return "section headers beyond the end of the file";
	return NULL;
}

/* First for all sections, as others are found through them. */
static const char *check_extent(const struct elf *e, const Elf64_Shdr *sh)
{
	if (has_content(sh) && (sh->sh_offset > e->size || sh->sh_size > e->size - sh->sh_offset))
		return "a section beyond the end of the file";
	if (sh->sh_type == SHT_NOBITS && sh->sh_size > MAX_NOBITS)
		return "a section of more than 64 MB";
	if (sh->sh_flags & SHF_COMPRESSED)
		return "a compressed section";
	return NULL;
}

static const char *check_symbol(const struct elf *e, const Elf64_Sym *sym, size_t names)
{
	Elf64_Shdr sh;

	if (sym->st_name >= names)
		return "a symbol without a name";
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return sym->st_shndx == SHN_XINDEX ? "an extended section number" : NULL;
	if (sym->st_shndx >= e->eh.e_shnum)
		return "a symbol in no section";
	sh = section(e, sym->st_shndx);
	if (sym->st_value > sh.sh_size || sym->st_size > sh.sh_size - sym->st_value)
		return "a symbol beyond the end of its section";
	return NULL;
}

static const char *check_symbols(const struct elf *e, const Elf64_Shdr *sh)
{
	const char *what = NULL;
	Elf64_Sym sym;
	size_t i, names;

	if (sh->sh_entsize != sizeof(sym) || sh->sh_size % sizeof(sym))
		return "symbols of another size";
	if (!is_strings(e, sh->sh_link))
		return "symbols without names";
	names = strings_size(e, sh->sh_link);
	for (i = 0; !what && i < sh->sh_size / sizeof(sym); i++) {
		memcpy(&sym, e->data + sh->sh_offset + i * sizeof(sym), sizeof(sym));
		what = check_symbol(e, &sym, names);
	}
	return what;
}

static const char *check_relocations(const struct elf *e, const Elf64_Shdr *sh)
{
	Elf64_Shdr symbols, target;
	Elf64_Rel rel;
	size_t i;

	if (sh->sh_entsize != sizeof(rel) || sh->sh_size % sizeof(rel))
		return "relocations of another size";
	if (sh->sh_link >= e->eh.e_shnum || sh->sh_info >= e->eh.e_shnum)
		return "relocations of no section";
	symbols = section(e, sh->sh_link);
	target = section(e, sh->sh_info);
	if (symbols.sh_type != SHT_SYMTAB || !has_content(&target))
		return "relocations without symbols, or of what has no content";
	for (i = 0; i < sh->sh_size / sizeof(rel); i++) {
		memcpy(&rel, e->data + sh->sh_offset + i * sizeof(rel), sizeof(rel));
		if (ELF64_R_SYM(rel.r_info) >= symbols.sh_size / sizeof(Elf64_Sym))
			return "a relocation without a symbol";
		if (rel.r_offset >= target.sh_size)
			return "a relocation beyond the end of its section";
	}
	return NULL;
}

static const char *check_section(const struct elf *e, const Elf64_Shdr *sh)
{
	Elf64_Shdr names = section(e, e->eh.e_shstrndx);

	if (sh->sh_name >= names.sh_size)
		return "a section without a name";
	if (has_content(sh) && !strcmp(e->data + names.sh_offset + sh->sh_name, ".BTF"))
		return pairfuse_btf_check(e->data + sh->sh_offset, sh->sh_size);
	if (has_content(sh) && !strcmp(e->data + names.sh_offset + sh->sh_name, ".BTF.ext"))
		return pairfuse_btf_ext_check(e->data + sh->sh_offset, sh->sh_size);
	switch (sh->sh_type) {
	case SHT_SYMTAB:
		return check_symbols(e, sh);
	case SHT_REL:
		return check_relocations(e, sh);
	}
	return NULL;
}

const char *pairfuse_elf_check(const void *image, size_t size)
{
	struct elf e = { .data = image, .size = size };
	const char *what;
	Elf64_Shdr sh;
	size_t i;

	if (size < sizeof(e.eh))
		return "no header";
	memcpy(&e.eh, image, sizeof(e.eh));
	what = check_header(&e);
	for (i = 0; !what && i < e.eh.e_shnum; i++) {
		sh = section(&e, i);
		what = check_extent(&e, &sh);
	}
	if (!what && !is_strings(&e, e.eh.e_shstrndx))
		what = "sections without names";
	for (i = 0; !what && i < e.eh.e_shnum; i++) {
		sh = section(&e, i);
		what = check_section(&e, &sh);
	}
	return what;
}

/* --- symbols of the kernel --- */

static void weaken_symbols(const struct elf *e, void *image, const Elf64_Shdr *sh,
			   void (*fn)(void *arg, const char *symbol), void *arg)
{
	Elf64_Shdr names = section(e, sh->sh_link);
	Elf64_Sym sym;
	size_t i;

	for (i = 0; i < sh->sh_size / sizeof(sym); i++) {
		char *at = (char *)image + sh->sh_offset + i * sizeof(sym);

		memcpy(&sym, at, sizeof(sym));
		if (sym.st_shndx != SHN_UNDEF || ELF64_ST_BIND(sym.st_info) != STB_GLOBAL)
			continue;
		fn(arg, e->data + names.sh_offset + sym.st_name);
		sym.st_info = ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(sym.st_info));
		memcpy(at, &sym, sizeof(sym));
	}
}

void pairfuse_elf_weaken(void *image, size_t size, void (*fn)(void *arg, const char *symbol),
			 void *arg)
{
	struct elf e = { .data = image, .size = size };
	Elf64_Shdr sh;
	size_t i;

	memcpy(&e.eh, image, sizeof(e.eh));
	for (i = 0; i < e.eh.e_shnum; i++) {
		sh = section(&e, i);
		if (sh.sh_type == SHT_SYMTAB)
			weaken_symbols(&e, image, &sh, fn, arg);
	}
}
