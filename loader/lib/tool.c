// SPDX-License-Identifier: GPL-2.0
/*
 * Which programs take no interposer: static ones, those of another word size, and those
 * of Go, which have the dynamic linker but make their system calls without libc.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define NOTES_LEN 1024

/* Where execvp() will find it; "" if nowhere. */
static void find_tool(const char *name, char *path)
{
	const char *dir = getenv("PATH"), *end;

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return;
	}
	for (dir = dir ? dir : "/bin:/usr/bin"; *dir; dir = end + (*end == ':')) {
		end = strchrnul(dir, ':');
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - dir), dir,
			     end > dir ? "/" : "", name) < PATH_MAX && !access(path, X_OK))
			return;
	}
	path[0] = '\0';
}

/* Go's linker leaves a note with the name "Go". */
static bool is_go_note(int fd, const Elf64_Phdr *ph)
{
	_Alignas(Elf64_Nhdr) char notes[NOTES_LEN];
	const Elf64_Nhdr *note;
	ssize_t len, at = 0;

	len = pread(fd, notes, ph->p_filesz < NOTES_LEN ? ph->p_filesz : NOTES_LEN, ph->p_offset);
	while (at >= 0 && at + (ssize_t)sizeof(*note) + 4 <= len) {
		note = (const Elf64_Nhdr *)(notes + at);
		if (note->n_namesz == 4 && !memcmp(note + 1, "Go\0", 4))
			return true;
		if (note->n_namesz > NOTES_LEN || note->n_descsz > NOTES_LEN)
			return false;
		at += sizeof(*note) + (note->n_namesz + 3) / 4 * 4 + (note->n_descsz + 3) / 4 * 4;
	}
	return false;
}

static const char *judge_segments(int fd, const Elf64_Ehdr *eh)
{
	bool interpreter = false, go = false;
	Elf64_Phdr ph;
	int i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh->e_phoff + (off_t)i * sizeof(ph)) != sizeof(ph))
			return NULL;
		interpreter |= ph.p_type == PT_INTERP;
		go |= ph.p_type == PT_NOTE && is_go_note(fd, &ph);
	}
	if (!interpreter)
		return "is linked statically";
	return go ? "is a Go program: it makes its system calls without libc" : NULL;
}

static const char *judge(int fd)
{
	Elf64_Ehdr eh;

	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return NULL;
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		return "is not a 64 bit program";
	if (eh.e_machine != EM_X86_64)
		return "is not an x86-64 program";
	return judge_segments(fd, &eh);
}

const char *pairfuse_tool_unfit(const char *name)
{
	const char *what;
	char path[PATH_MAX];
	int fd;

	find_tool(name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	what = judge(fd);
	close(fd);
	return what;
}
