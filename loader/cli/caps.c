// SPDX-License-Identifier: GPL-2.0
/*
 * The capabilities that matter here, and that we have.
 */
#include <linux/capability.h>
#include <string.h>

#include "cli.h"

static const struct {
	enum cli_cap cap;
	unsigned int nr;
	const char *name;
} caps[] = {
	{ CLI_CAP_BPF, CAP_BPF, "CAP_BPF" },
	{ CLI_CAP_PERFMON, CAP_PERFMON, "CAP_PERFMON" },
	{ CLI_CAP_SYS_ADMIN, CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
};

#define NR_CAPS (sizeof(caps) / sizeof(caps[0]))

unsigned int cli_caps(void)
{
	unsigned long long effective = 0;
	unsigned int have = 0;
	char line[256];
	FILE *f;
	size_t i;

	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (f)
		fclose(f);
	for (i = 0; i < NR_CAPS; i++)
		if (effective >> caps[i].nr & 1)
			have |= caps[i].cap;
	return have;
}

const char *cli_caps_text(unsigned int set)
{
	static char text[64];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < NR_CAPS; i++)
		if (set & caps[i].cap)
			sprintf(text + strlen(text), "%s%s", text[0] ? ", " : "", caps[i].name);
	return text;
}
