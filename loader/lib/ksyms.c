// SPDX-License-Identifier: GPL-2.0
/*
 * The symbols of the running kernel: functions that are not in BTF (no
 * arguments, or compiled without) are there all the same.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ksyms.h"

bool pairfuse_ksyms_has(const char *name)
{
	char line[1024], sym[512];
	bool found = false, any = false;
	FILE *f;

	f = fopen("/proc/kallsyms", "re");
	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*c %511s", sym) != 1)
			continue;
		any = true;
		found = !strcmp(sym, name);
	}
	fclose(f);
	return found || !any;
}

__u64 pairfuse_ksyms_address(const char *name)
{
	unsigned long long at, addr = 0;
	char line[1024], sym[512], type;
	unsigned int nr = 0;
	FILE *f;

	f = fopen("/proc/kallsyms", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %c %511s", &at, &type, sym) != 3 || strcmp(sym, name) ||
		    !strchr("tw", tolower((unsigned char)type)))
			continue;
		addr = at;
		nr++;
	}
	fclose(f);
	return nr == 1 ? addr : 0;
}
