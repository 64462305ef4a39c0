// SPDX-License-Identifier: GPL-2.0
/*
 * The capabilities that matter here, and that we have.
 */
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli.h"

#define INIT_USER_NS "4026531837"	/* PROC_USER_INIT_INO */

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
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	unsigned int have = 0;
	size_t i;

	/* not from /proc, which may not be mounted */
	if (syscall(__NR_capget, &head, data))
		return 0;
	for (i = 0; i < NR_CAPS; i++)
		if (data[caps[i].nr / 32].effective >> caps[i].nr % 32 & 1)
			have |= caps[i].cap;
	return have;
}

bool cli_in_user_namespace(void)
{
	char name[64];
	ssize_t n = readlink("/proc/self/ns/user", name, sizeof(name) - 1);

	if (n < 0)
		return false;
	name[n] = '\0';
	return strcmp(name, "user:[" INIT_USER_NS "]") != 0;
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
