// SPDX-License-Identifier: GPL-2.0
/*
 * pairfuse doctor --report: what somebody who is to find a bug asks first, on
 * one page. Nothing on it tells what the machine is for: no host name, addresses,
 * command lines but the names of those who hold links.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli.h"
#include "device.h"
#include "report.h"

#define LOG_LINES 30

static void title(const char *text)
{
	printf("\n== %s\n", text);
}

/* The lines of a file that begin with `start`, or all; at most `max`. */
static void show_lines(const char *path, const char *start, unsigned int max)
{
	char line[512];
	FILE *f = fopen(path, "re");

	if (!f) {
		printf("%s: %m\n", path);
		return;
	}
	while (max && fgets(line, sizeof(line), f)) {
		if (strncmp(line, start, strlen(start)))
			continue;
		fputs(line, stdout);
		max--;
	}
	fclose(f);
}

static void show_value(const char *name, const char *path)
{
	printf("%s: ", name);
	fflush(stdout);
	show_lines(path, "", 1);
}

static void show_system(void)
{
	struct utsname u;

	uname(&u);
	printf("pairfuse %s, libbpf %s\n", PAIRFUSE_VERSION, libbpf_version_string());
	printf("Linux %s %s %s\n", u.release, u.version, u.machine);
	show_lines("/etc/os-release", "PRETTY_NAME=", 1);
	show_lines("/proc/cpuinfo", "model name", 1);
	printf("CPUs: %ld online, %ld possible\n", sysconf(_SC_NPROCESSORS_ONLN),
	       sysconf(_SC_NPROCESSORS_CONF));
	show_value("taint", "/proc/sys/kernel/tainted");
	show_value("clock source", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	show_value("spectre v2", "/sys/devices/system/cpu/vulnerabilities/spectre_v2");
	show_value("BPF statistics", "/proc/sys/kernel/bpf_stats_enabled");
}

/* Who else is on the functions that we hold? One line of ftrace's for each. */
static void show_functions(int dev)
{
	static const char path[] = "/sys/kernel/tracing/enabled_functions";
	struct pairfuse_link_info info = {};
	char start[sizeof(info.target) + 2];

	while (!pairfuse_device_next(dev, &info)) {
		snprintf(start, sizeof(start), "%s ", info.target);
		show_lines(path, start, 1);
	}
}

/* The end of the kernel log, as far as it is about us or an accident. */
static void show_log(void)
{
	static const char *const about[] = { "pairfuse", "WARNING:", "BUG:", "Oops" };
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0), len;
	char *log, *line, *save, *kept[LOG_LINES];
	unsigned int i, n = 0;

	log = size > 0 ? malloc(size + 1) : NULL;
	len = log ? klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, size) : -1;
	if (len < 0) {
		printf("cannot be read: %m\n");
		free(log);
		return;
	}
	log[len] = '\0';
	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		for (i = 0; i < sizeof(about) / sizeof(about[0]); i++)
			if (strstr(line, about[i])) {
				kept[n++ % LOG_LINES] = line;
				break;
			}
	for (i = n > LOG_LINES ? n - LOG_LINES : 0; i < n; i++)
		puts(kept[i % LOG_LINES]);
	free(log);
}

void cli_report(void (*checks)(void *arg), void *arg)
{
	int dev;

	show_system();
	title("checks");
	checks(arg);
	dev = pairfuse_device_open(NULL);
	if (dev >= 0) {
		title("links");
		cmd_list.run(cmd_list.state, NULL);
		title("their functions, as ftrace has them");
		show_functions(dev);
		close(dev);
	}
	title("kernel log");
	show_log();
}
