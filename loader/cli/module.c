// SPDX-License-Identifier: GPL-2.0
/*
 * Having the kernel module loaded, if it is installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "device.h"

#define SAID "; modprobe says: "

static char said[sizeof(SAID) + 256];

/* The last line; that there is no such module is told without it. */
static void take_line(char *text)
{
	char *end = text + strlen(text), *line;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (!strncmp(line, "modprobe: ", strlen("modprobe: ")))
		line += strlen("modprobe: ");
	if (line[0] && !strstr(line, "not found in directory"))
		snprintf(said, sizeof(said), SAID "%s", line);
}

static void child(int out)
{
	dup2(out, STDERR_FILENO);
	execlp("modprobe", "modprobe", "pairfuse", NULL);
	execl("/sbin/modprobe", "modprobe", "pairfuse", NULL);
	_exit(127);
}

static void read_all(int fd, char *buf, size_t len)
{
	size_t used = 0;
	ssize_t n;

	while (used < len - 1) {
		n = read(fd, buf + used, len - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += n;
	}
	buf[used] = '\0';
}

static void modprobe(void)
{
	int out[2], status;
	char text[1024];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid)
		child(out[1]);
	close(out[1]);
	read_all(out[0], text, sizeof(text));
	close(out[0]);
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		take_line(text);
}

const char *cli_modprobe_said(void)
{
	return said;
}

int cli_load_module(struct pairfuse_info *info)
{
	int fd = pairfuse_device_open(info);

	if ((fd == -ENOENT || fd == -ENXIO || fd == -ENODEV) && !geteuid()) {
		modprobe();
		fd = pairfuse_device_open(info);
	}
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
