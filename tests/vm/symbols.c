// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of the kernel as names. /proc/kallsyms takes a second to read, so that is
 * done once: what is generated later (programs, trampolines) has no name here.
 */
#include "vm.h"

struct symbol {
	u64 addr;
	unsigned int name;	/* offset in `names`: "function" or "function [module]" */
};

static struct symbol *symbols;
static size_t nr_symbols;
static char *names;
static u64 kernel_end;		/* of the kernel's own text */

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* Lines are "ADDRESS TYPE NAME[\t[MODULE]]". */
static void add_line(char *line)
{
	char *name;
	u64 addr = strtoull(line, &name, 16);

	/* not those of programs and trampolines, which come and go */
	if (!addr || (name[1] | 0x20) != 't' || strstr(name, "\t[bpf]") || strstr(name, "\t[__"))
		return;
	symbols[nr_symbols++] = (struct symbol){ addr, name + 3 - names };
}

static void symbols_read(void)
{
	size_t len = 0, size = 32 << 20, got;
	FILE *f = fopen("/proc/kallsyms", "re");
	char *line, *end;

	names = malloc(size);
	symbols = malloc(size / 32 * sizeof(*symbols));
	check(f && names && symbols, "/proc/kallsyms");
	while ((got = fread(names + len, 1, size - len - 1, f)) > 0)
		len += got;
	fclose(f);
	names[len] = '\0';
	for (line = names; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		check(nr_symbols < size / 32, "so many symbols");
		add_line(line);
	}
	check(nr_symbols > 10000, "%zu functions in /proc/kallsyms", nr_symbols);
	qsort(symbols, nr_symbols, sizeof(*symbols), by_addr);
	kernel_end = symbol_address("_etext");
}

const char *symbol_of(u64 addr, u64 *start)
{
	size_t low = 0, high;

	if (!nr_symbols)
		symbols_read();
	high = nr_symbols;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (symbols[mid].addr <= addr)
			low = mid;
		else
			high = mid;
	}
	/* The last function of a module ends before the guard page. */
	if (symbols[low].addr > addr || (addr >= kernel_end && addr - symbols[low].addr >= 4096))
		return NULL;
	*start = symbols[low].addr;
	return names + symbols[low].name;
}

static u64 find_address(const char *function)
{
	size_t i, len = strlen(function);

	if (!nr_symbols)
		symbols_read();
	for (i = 0; i < nr_symbols; i++) {
		const char *name = names + symbols[i].name;

		if (!strncmp(name, function, len) && (!name[len] || name[len] == '\t'))
			return symbols[i].addr;
	}
	return 0;
}

bool symbol_exists(const char *function)
{
	return find_address(function);
}

u64 symbol_address(const char *function)
{
	u64 addr = find_address(function);

	check(addr, "there is no %s", function);
	return addr;
}
