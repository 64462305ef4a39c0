// SPDX-License-Identifier: GPL-2.0
/*
 * The running kernel's code, read through /proc/kcore: an ELF file whose segments are
 * the kernel's memory.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "kcode.h"

#define BREAKPOINT	1	/* bytes */
#define ENDBR		4
#define MAX_SEGMENTS	4096

static bool read_at(int fd, void *buf, size_t len, __u64 off)
{
	return pread(fd, buf, len, off) == (ssize_t)len;
}

static bool read_kernel(int fd, __u64 addr, void *buf, size_t len)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	unsigned int i;

	if (!read_at(fd, &eh, sizeof(eh), 0) || memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_phentsize != sizeof(ph))
		return false;
	for (i = 0; i < eh.e_phnum && i < MAX_SEGMENTS; i++) {
		if (!read_at(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph)))
			return false;
		if (ph.p_type == PT_LOAD && addr >= ph.p_vaddr &&
		    addr - ph.p_vaddr + len <= ph.p_filesz)
			return read_at(fd, buf, len, ph.p_offset + (addr - ph.p_vaddr));
	}
	return false;
}

/* ftrace's place at the beginning of a function: nothing, a call or a jump. */
static bool is_ftrace(const __u8 code[4])
{
	static const __u8 nop5[] = { 0x0f, 0x1f, 0x44, 0 };

	return !memcmp(code, nop5, sizeof(nop5)) || code[0] == 0xe8 || code[0] == 0xe9;
}

/* endbr64, or what the kernel puts over one that nobody needs: arch/x86/include/asm/ibt.h */
static bool is_endbr(const __u8 code[4])
{
	static const __u8 all[][4] = {
		{ 0xf3, 0x0f, 0x1e, 0xfa },
		{ 0x66, 0x0f, 0x1f, 0x00 },	/* Linux 6.12 */
		{ 0x0f, 0x1f, 0x40, 0xd6 },	/* Linux 7.3 */
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!memcmp(code, all[i], sizeof(all[i])))
			return true;
	return false;
}

__u64 pairfuse_kcode_ip_of(__u64 addr, const __u8 code[PAIRFUSE_KCODE_BYTES])
{
	if (is_endbr(code) && is_ftrace(code + ENDBR))
		return addr + ENDBR + BREAKPOINT;
	return is_ftrace(code) ? addr + BREAKPOINT : 0;
}

__u64 pairfuse_kcode_probe_ip(__u64 addr)
{
	__u8 code[PAIRFUSE_KCODE_BYTES];
	__u64 ip = 0;
	int fd;

	if (!addr)
		return 0;
	fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read_kernel(fd, addr, code, sizeof(code)))
		ip = pairfuse_kcode_ip_of(addr, code);
	close(fd);
	return ip;
}
