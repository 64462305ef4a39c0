// SPDX-License-Identifier: GPL-2.0
/* Files that lie about what is in them: each damage is named. */
#include <elf.h>
#include <linux/btf.h>

#include "loader_test.h"

#include "btfcheck.h"
#include "elfcheck.h"

static char file[1 << 16], copy[1 << 16] __attribute__((aligned(8)));
static size_t size;

static int read_object(void **state)
{
	FILE *f = fopen(test_object("session.bpf.o"), "r");

	if (!f)
		return -1;
	size = fread(file, 1, sizeof(file), f);
	fclose(f);
	return size && size < sizeof(file) ? 0 : -1;
}

static Elf64_Ehdr *header(void)
{
	return (void *)copy;
}

static Elf64_Shdr *section(size_t i)
{
	return (Elf64_Shdr *)(copy + header()->e_shoff) + i;
}

/* The first of that type. */
static Elf64_Shdr *of_type(unsigned int type)
{
	size_t i;

	for (i = 0; i < header()->e_shnum; i++)
		if (section(i)->sh_type == type)
			return section(i);
	fail_msg("no section of type %u", type);
	return NULL;
}

static Elf64_Sym *symbol(size_t i)
{
	return (Elf64_Sym *)(copy + of_type(SHT_SYMTAB)->sh_offset) + i;
}

static Elf64_Rel *relocation(void)
{
	return (Elf64_Rel *)(copy + of_type(SHT_REL)->sh_offset);
}

static void *content(const char *name)
{
	const Elf64_Shdr *names = section(header()->e_shstrndx);
	size_t i;

	for (i = 0; i < header()->e_shnum; i++)
		if (!strcmp(copy + names->sh_offset + section(i)->sh_name, name))
			return copy + section(i)->sh_offset;
	fail_msg("no section %s", name);
	return NULL;
}

/* Type 1 of the object. */
static struct btf_type *first_type(void)
{
	struct btf_header *h = content(".BTF");

	return (void *)((char *)h + h->hdr_len + h->type_off);
}

#define DAMAGE(change, text)							\
	do {									\
		const char *said;						\
										\
		memcpy(copy, file, size);					\
		change;								\
		said = pairfuse_elf_check(copy, size);				\
		if (!said || strcmp(said, text))				\
			fail_msg("%s: '%s', expected '%s'", #change, said ?: "", text); \
	} while (0)

static void test_whole(void **state)
{
	memcpy(copy, file, size);
	assert_null(pairfuse_elf_check(copy, size));
}

/* Cut off anywhere: the section headers are at the end. */
static void test_truncated(void **state)
{
	size_t n;

	for (n = 0; n < size; n++) {
		char *exact = malloc(n + !n);

		memcpy(exact, file, n);
		assert_non_null(pairfuse_elf_check(exact, n));
		free(exact);
	}
}

static void test_sections(void **state)
{
	DAMAGE(header()->e_type = ET_EXEC, "no relocatable object");
	DAMAGE(header()->e_shentsize = 40, "headers of another size");
	DAMAGE(header()->e_shnum = 0, "section headers beyond the end of the file");
	DAMAGE(header()->e_shoff = size, "section headers beyond the end of the file");
	DAMAGE(header()->e_shoff = -8, "section headers beyond the end of the file");
	DAMAGE(header()->e_shstrndx = 0xfff0, "sections without names");
	DAMAGE(section(2)->sh_name = 1 << 30, "a section without a name");
	DAMAGE(of_type(SHT_PROGBITS)->sh_offset = size + 1,
	       "a section beyond the end of the file");
	DAMAGE(of_type(SHT_SYMTAB)->sh_size = -24, "a section beyond the end of the file");
	DAMAGE(of_type(SHT_NOBITS)->sh_size = 1ULL << 40, "a section of more than 64 MB");
	DAMAGE(section(3)->sh_flags |= SHF_COMPRESSED, "a compressed section");
}

static void test_symbols(void **state)
{
	DAMAGE(of_type(SHT_SYMTAB)->sh_entsize = 0, "symbols of another size");
	DAMAGE(of_type(SHT_SYMTAB)->sh_link = 0, "symbols without names");
	DAMAGE(of_type(SHT_SYMTAB)->sh_link = 1000, "symbols without names");
	DAMAGE(symbol(2)->st_name = -1, "a symbol without a name");
	DAMAGE(symbol(2)->st_shndx = header()->e_shnum, "a symbol in no section");
	DAMAGE(symbol(2)->st_shndx = SHN_XINDEX, "an extended section number");
	DAMAGE(symbol(2)->st_value = 1ULL << 40, "a symbol beyond the end of its section");
	DAMAGE(symbol(2)->st_size = -1, "a symbol beyond the end of its section");
}

static void test_relocations(void **state)
{
	DAMAGE(of_type(SHT_REL)->sh_entsize = 24, "relocations of another size");
	DAMAGE(of_type(SHT_REL)->sh_info = 1000, "relocations of no section");
	DAMAGE(of_type(SHT_REL)->sh_link = 1,
	       "relocations without symbols, or of what has no content");
	DAMAGE(relocation()->r_info = ELF64_R_INFO(1000, 1), "a relocation without a symbol");
	DAMAGE(relocation()->r_offset = 1 << 20, "a relocation beyond the end of its section");
}

static void test_object_types(void **state)
{
	struct btf_header *h;

	DAMAGE(first_type()->type = 1 << 20, "a type that refers to what is not there");
	DAMAGE(first_type()->name_off = 1 << 20, "a type that refers to what is not there");
	DAMAGE(first_type()->info = 31 << 24, "a type of no known kind");
	DAMAGE(first_type()->info |= 0xffff | BTF_KIND_STRUCT << 24, "half a type");
	DAMAGE(h = content(".BTF"); h->magic = 0, "types without a header");
	DAMAGE(h = content(".BTF"); h->type_len = 1 << 20,
	       "types beyond the end of their section");
	DAMAGE(h = content(".BTF"); h->str_len--, "types without names");
}

/* --- types made here --- */

#define TYPE(k, vlen, t)	0, (k) << 24 | (vlen), t

static const char *check_words(const __u32 *words, size_t n)
{
	struct {
		struct btf_header h;
		__u32 words[32];
	} b = { .h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(b.h),
		       .type_len = 4 * n, .str_off = 4 * n, .str_len = 1 } };

	memcpy(b.words, words, 4 * n);
	return pairfuse_btf_check(&b, sizeof(b.h) + 4 * n + 1);
}

#define CHECK(...) check_words((__u32[]){ __VA_ARGS__ },			\
			       sizeof((__u32[]){ __VA_ARGS__ }) / 4)

static void test_types(void **state)
{
	assert_null(CHECK(TYPE(BTF_KIND_PTR, 0, 0)));
	/* a list: a pointer to what it is in */
	assert_null(CHECK(TYPE(BTF_KIND_STRUCT, 1, 8), 0, 2, 0, TYPE(BTF_KIND_PTR, 0, 1)));
	assert_string_equal(CHECK(TYPE(BTF_KIND_STRUCT, 1, 8), 0, 1, 0),
			    "a type that contains itself");
	assert_string_equal(CHECK(TYPE(BTF_KIND_CONST, 0, 2), TYPE(BTF_KIND_TYPEDEF, 0, 1)),
			    "a type that contains itself");
	assert_string_equal(CHECK(TYPE(BTF_KIND_ARRAY, 0, 0), 1, 1, 4),
			    "a type that contains itself");
	assert_string_equal(CHECK(TYPE(BTF_KIND_FUNC, 0, 2), TYPE(BTF_KIND_PTR, 0, 0)),
			    "a type that refers to what is not there");
	/* a section holds variables, and kfuncs */
	assert_null(CHECK(TYPE(BTF_KIND_DATASEC, 1, 0), 2, 0, 4, TYPE(BTF_KIND_FUNC, 0, 3),
			  TYPE(BTF_KIND_FUNC_PROTO, 0, 0)));
	assert_string_equal(CHECK(TYPE(BTF_KIND_DATASEC, 1, 0), 1, 0, 4),
			    "a type that refers to what is not there");
}

/* Record size, then sections: name, number, records, whose first word is an offset. */
#define EXT_CHECK(...) check_ext((__u32[]){ __VA_ARGS__ }, sizeof((__u32[]){ __VA_ARGS__ }) / 4)

static const char *check_ext(const __u32 *words, size_t n)
{
	__u32 b[40] = { BTF_MAGIC | BTF_VERSION << 16, 32, 0, 0, 0, 0, 0, 4 * n };

	memcpy(&b[8], words, 4 * n);
	return pairfuse_btf_ext_check(b, 32 + 4 * n);
}

static void test_ext(void **state)
{
	static const char what[] = "a relocation in the middle of an instruction";

	assert_null(EXT_CHECK(16, 1, 1, 24, 0, 0, 0));
	assert_string_equal(EXT_CHECK(16, 1, 1, 20, 0, 0, 0), what);
	assert_string_equal(EXT_CHECK(16, 1, 2, 24, 0, 0, 0, 12, 0, 0, 0), what);
	assert_string_equal(EXT_CHECK(16, 1, 1, 24, 0, 0, 0, 5, 1, 1, 0, 0, 0), what);
	/* what does not add up is libbpf's */
	assert_null(EXT_CHECK(16, 1, 1000, 24, 0, 0, 0));
	assert_null(EXT_CHECK(0, 1, 1, 1));
	assert_null(EXT_CHECK(16, 1, 1, 20, 0, 0));
	assert_null(pairfuse_btf_ext_check("short", 5));
}

/* --- symbols of the kernel --- */

static char wanted[256];

static void want(void *arg, const char *symbol)
{
	assert_ptr_equal(arg, wanted);
	snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s;", symbol);
}

/* Only what is wanted from others, and was not weak, becomes so; nothing else changes. */
static void test_weaken(void **state)
{
	static char before[sizeof(copy)];
	size_t nr = of_type(SHT_SYMTAB)->sh_size / sizeof(Elf64_Sym), i, changed = 0;

	memcpy(copy, file, size);
	assert_true(nr > 3);
	symbol(nr - 1)->st_shndx = SHN_UNDEF;
	symbol(nr - 1)->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	symbol(nr - 2)->st_shndx = SHN_UNDEF;
	symbol(nr - 2)->st_info = ELF64_ST_INFO(STB_WEAK, STT_NOTYPE);
	memcpy(before, copy, size);
	wanted[0] = '\0';
	pairfuse_elf_weaken(copy, size, want, wanted);
	assert_int_equal(ELF64_ST_BIND(symbol(nr - 1)->st_info), STB_WEAK);
	for (i = 0; i < size; i++)
		changed += copy[i] != before[i];
	assert_int_equal(changed, 1);
	assert_int_equal(strcspn(wanted, ";"), strlen(wanted) - 1);
	assert_null(pairfuse_elf_check(copy, size));
	pairfuse_elf_weaken(copy, size, want, wanted);	/* none is left */
	assert_int_equal(strcspn(wanted, ";"), strlen(wanted) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_relocations),
		cmocka_unit_test(test_object_types),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_ext),
		cmocka_unit_test(test_weaken),
	};

	return cmocka_run_group_tests(tests, read_object, NULL);
}
