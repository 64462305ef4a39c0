// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzing the object reader: any file, opened and explained as by `pairfuse
 * explain`, with its options set. The kernel's BTF is left out: it is trusted,
 * and reading it takes longer than all the rest.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "elfcheck.h"
#include "fuzz.h"
#include "object.h"
#include "pairfuse.h"

static int silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* --set for whatever is called a variable */
static void set_options(struct pairfuse_object *obj)
{
	static const char *const values[] = { "1", "-1", "true", "1,2,3", "text" };
	const struct btf *btf = bpf_object__btf(obj->bpf);
	const struct btf_type *t;
	const char *name;
	__u32 id, n = btf ? btf__type_cnt(btf) : 0;

	for (id = 1; id < n && id < 200; id++) {
		t = btf__type_by_id(btf, id);
		name = t && btf_is_var(t) ? btf__name_by_offset(btf, t->name_off) : NULL;
		if (name)
			pairfuse_object__set_option(obj, name, values[id % 5]);
	}
}

static void explain(struct pairfuse_object *obj)
{
	const struct pairfuse_verdict *v;
	size_t i, seen = 0;

	obj->kbtf_tried = true;
	set_options(obj);
	pairfuse_object__set_fs(obj, "ext4");
	if (!pairfuse_object__explain(obj))
		for (i = 0; (v = pairfuse_object__verdict(obj, i)); i++)
			seen += strlen(v->reason) + strlen(v->reason_id) +
				(v->carrier ? strlen(v->carrier) : 0);
	if (seen == (size_t)-1)		/* it is used */
		abort();
	pairfuse_object__close(obj);
}

/* As a file: how the command line reads it, objects inside of tools included. */
static void open_file(const uint8_t *data, size_t size)
{
	struct pairfuse_object *obj;
	char path[64];
	int fd;

	fd = memfd_create("fuzz", 0);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size && !pairfuse_object__open(path, &obj))
		explain(obj);
	close(fd);
}

static void no_symbol(void *arg, const char *symbol)
{
}

/* As explain reads it: symbols of the kernel are weak. Asking the kernel for each is left out. */
static void open_mem(const uint8_t *data, size_t size)
{
	struct pairfuse_object *obj;
	void *copy = malloc(size + !size);

	if (!copy)
		return;
	memcpy(copy, data, size);
	if (!pairfuse_elf_check(copy, size))
		pairfuse_elf_weaken(copy, size, no_symbol, NULL);
	if (!pairfuse_object__open_mem(copy, size, "fuzz", &obj))
		explain(obj);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	libbpf_set_print(silent);
	if (pairfuse_explain_sections())
		abort();
	/* libelf takes other ways with a file than with memory */
	if (size & 1)
		open_file(data, size);
	else
		open_mem(data, size);
	return 0;
}

/* --- changes that know what a section is --- */

static unsigned int rnd(unsigned int *seed, unsigned int n)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % n;
}

/* A section with content of some words; false: there is none, or it was bad luck. */
static bool some_section(const uint8_t *data, size_t size, unsigned int *seed, Elf64_Shdr *sh)
{
	Elf64_Ehdr eh;

	if (size < sizeof(eh))
		return false;
	memcpy(&eh, data, sizeof(eh));
	if (!eh.e_shnum || eh.e_shoff > size ||
	    (size - eh.e_shoff) / sizeof(*sh) < eh.e_shnum)
		return false;
	memcpy(sh, data + eh.e_shoff + rnd(seed, eh.e_shnum) * sizeof(*sh), sizeof(*sh));
	return sh->sh_type != SHT_NOBITS && sh->sh_size >= 4 && sh->sh_offset <= size &&
	       sh->sh_size <= size - sh->sh_offset;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	unsigned int n, v, other;
	Elf64_Shdr sh;
	uint8_t *at;

	if (rnd(&seed, 5) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (n = 1 + rnd(&seed, 3); n-- > 0;) {
		if (!some_section(data, size, &seed, &sh))
			continue;
		at = data + sh.sh_offset + rnd(&seed, sh.sh_size / 4) * 4;
		memcpy(&v, at, 4);
		memcpy(&other, data + sh.sh_offset + rnd(&seed, sh.sh_size / 4) * 4, 4);
		switch (rnd(&seed, 6)) {
		case 0:
			v = rnd(&seed, 64);
			break;
		case 1:
			v += rnd(&seed, 9) - 4;
			break;
		case 2:
			v = other;
			break;
		case 3:
			v ^= 1U << rnd(&seed, 32);
			break;
		case 4:
			v = -1U >> rnd(&seed, 32);
			break;
		case 5:		/* kind of a type, number of members */
			v = (v & 0xffffff) | rnd(&seed, 20) << 24;
			break;
		}
		memcpy(at, &v, 4);
	}
	return size;
}
