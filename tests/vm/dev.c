// SPDX-License-Identifier: GPL-2.0
/* /dev/pairfuse and the module behind it. */
#include "vm.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int dev_open(void)
{
	return need(open(PAIRFUSE_DEVICE, O_RDWR | O_CLOEXEC));
}

int dev_info(int dev, struct pairfuse_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(dev, PAIRFUSE_IOC_INFO, info);
}

bool dev_next(int dev, u32 id, struct pairfuse_link_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->id = id;
	if (!ioctl(dev, PAIRFUSE_IOC_NEXT, info)) {
		check(info->id > id, "NEXT went from %u to %u", id, info->id);
		return true;
	}
	check(errno == ENOENT, "PAIRFUSE_IOC_NEXT: %s", strerror(errno));
	return false;
}

bool dev_find(int dev, u32 id, struct pairfuse_link_info *info)
{
	return dev_next(dev, id - 1, info) && info->id == id;
}

void link_info(int link, struct pairfuse_link_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	need(ioctl(link, PAIRFUSE_IOC_LINK_INFO, info));
}

void check_sums(const struct pairfuse_link_info *i)
{
	u64 sum = i->runs + i->not_armed + i->entry_missed + i->exit_missed + i->in_flight;

	check(i->entered == sum,
	      "%s: entered %llu != runs %llu + not armed %llu + entry missed %llu + exit missed %llu + in flight %llu",
	      i->target, i->entered, i->runs, i->not_armed, i->entry_missed,
	      i->exit_missed, i->in_flight);
}

long module_refs(const char *name)
{
	char path[128], buf[32] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	return n > 0 ? atol(buf) : -1;
}

int module_remove(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

void module_load(const char *name)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "modprobe %s", name);
	check(system(cmd) == 0, "%s failed", cmd);
}

bool hooked(const char *func)
{
	FILE *f = fopen("/sys/kernel/tracing/enabled_functions", "re");
	size_t len = strlen(func);
	bool found = false;
	char line[512];

	check(f, "enabled_functions: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, func, len) && (line[len] == ' ' || line[len] == '\t');
	fclose(f);
	return found;
}

u32 dev_nr_free(int dev)
{
	struct pairfuse_info info;

	need(dev_info(dev, &info));
	return info.nr_free;
}
