// SPDX-License-Identifier: GPL-2.0
/*
 * Having the kernel module loaded, if it is installed.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "device.h"

static void modprobe(void)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("modprobe", "modprobe", "-q", "pairfuse", NULL);
		execl("/sbin/modprobe", "modprobe", "-q", "pairfuse", NULL);
		_exit(127);
	}
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
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
