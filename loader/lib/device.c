// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the kernel module, and their errors in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "log.h"

#define TEXT_OF(n)     #n
#define TEXT_OF_VALUE(n) TEXT_OF(n)
#define MAX_LINKS_TEXT TEXT_OF_VALUE(PAIRFUSE_MAX_LINKS)

int pairfuse_device_info(int dev, struct pairfuse_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(dev, PAIRFUSE_IOC_INFO, info) ? -errno : 0;
}

int pairfuse_device_open(struct pairfuse_info *info)
{
	struct pairfuse_info own;
	int fd, err;

	if (!info)
		info = &own;
	memset(info, 0, sizeof(*info));
	fd = open(PAIRFUSE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = pairfuse_device_info(fd, info);
	if (!err && info->abi_major != PAIRFUSE_ABI_MAJOR)
		err = -EPROTONOSUPPORT;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

bool pairfuse_device_has_group(void)
{
	struct pairfuse_info info;
	int dev = pairfuse_device_open(&info);

	if (dev < 0)
		return true;
	close(dev);
	return info.nr_groups_free > 0;
}

bool pairfuse_device_has_counter(void)
{
	struct pairfuse_info info;
	int dev = pairfuse_device_open(&info);

	if (dev < 0)
		return true;
	close(dev);
	return info.features & PAIRFUSE_FEATURE_COUNTER;
}

bool pairfuse_module_is_loaded(void)
{
	return !access("/sys/module/pairfuse", F_OK);
}

const char *pairfuse_device_error(int err, const struct pairfuse_info *info, char *buf,
				  size_t len)
{
	switch (-err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		if (pairfuse_module_is_loaded())
			snprintf(buf, len, "%s: not here, although the kernel module is loaded: a container or a chroot needs it passed in ('docker run --device %s', 'mount --bind')",
				 PAIRFUSE_DEVICE, PAIRFUSE_DEVICE);
		else
			snprintf(buf, len, "%s: the kernel module is not loaded; try 'modprobe pairfuse', or ask 'pairfuse doctor'",
				 PAIRFUSE_DEVICE);
		break;
	case EACCES:
		snprintf(buf, len, "%s: no permission: opening it needs root (mode 0600)",
			 PAIRFUSE_DEVICE);
		break;
	case EPERM:
		snprintf(buf, len,
			 "%s: no permission: need CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN",
			 PAIRFUSE_DEVICE);
		break;
	case EPROTONOSUPPORT:
		snprintf(buf, len,
			 "%s: the kernel module speaks ABI version %u.%u, need %u: install module and tool of one version",
			 PAIRFUSE_DEVICE, info ? info->abi_major : 0, info ? info->abi_minor : 0,
			 PAIRFUSE_ABI_MAJOR);
		break;
	case ENOTTY:
		snprintf(buf, len, "%s: not the device of the pairfuse module", PAIRFUSE_DEVICE);
		break;
	default:
		snprintf(buf, len, "%s: %s", PAIRFUSE_DEVICE, pairfuse_strerror(err));
	}
	return buf;
}

int pairfuse_device_attach(int dev, struct pairfuse_attach *att)
{
	int fd;

	att->size = sizeof(*att);
	fd = ioctl(dev, PAIRFUSE_IOC_ATTACH, att);
	return fd < 0 ? -errno : fd;
}

int pairfuse_device_attach_many(int dev, struct pairfuse_attach *atts, __u32 nr)
{
	struct pairfuse_attach_many many = {
		.size = sizeof(many),
		.nr = nr,
		.stride = sizeof(*atts),
		.pairs = (__u64)(unsigned long)atts,
	};
	__u32 i;
	int fd;

	for (i = 0; i < nr; i++)
		atts[i].size = sizeof(*atts);
	fd = ioctl(dev, PAIRFUSE_IOC_ATTACH_MANY, &many);
	return fd < 0 ? -errno : fd;
}

int pairfuse_link_detach(int link, __u32 id)
{
	struct pairfuse_detach detach = { .size = sizeof(detach), .id = id };

	return ioctl(link, PAIRFUSE_IOC_DETACH, &detach) ? -errno : 0;
}

const char *pairfuse_attach_error(int err)
{
	switch (-err) {
	case EPERM:
		return "missing privilege";
	case EPROTOTYPE:
		return "the function takes more than 6 argument registers or returns more than 8 bytes";
	case ENOEXEC:
		return "a program is not JIT compiled (net.core.bpf_jit_enable)";
	case EACCES:
		return "a program reads its context or its slot out of bounds, or calls something where there is no entry program";
	case EOPNOTSUPP:
		return "the function has no patchable call site, this kernel lacks the hook mode, or its clock is not the time stamp counter any more";
	case EBUSY:
		return "another user of the function excludes others (a livepatch, or a kprobe that changes where it goes on)";
	case ENOSPC:
		return "all stubs of the kind that the pair needs are in use or draining ('pairfuse list' counts them); fewer pairs at a time can be fused";
	case EUSERS:
		return "all groups of the kernel module for exact nesting are in use ('pairfuse list' tells by whom); '--nesting per-call' needs none";
	case EMLINK:
		return "as many pairs as the function can have (" MAX_LINKS_TEXT ") are on it already; the others run as they are";
	case ENOTUNIQ:
		return "the descriptor of the function has been attached";
	default:
		return pairfuse_strerror(err);
	}
}

static bool ftrace_is_off(void)
{
	FILE *f = fopen("/proc/sys/kernel/ftrace_enabled", "re");
	bool off = f && fgetc(f) == '0';

	if (f)
		fclose(f);
	return off;
}

/* What ftrace says of the function: letters behind "FUNCTION (USERS)"; false: nothing. */
static bool ftrace_flags(const char *func, char *flags, size_t len)
{
	size_t name_len = strlen(func);
	bool found = false;
	char line[512];
	FILE *f;

	f = fopen("/sys/kernel/tracing/enabled_functions", "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		found = !strncmp(line, func, name_len) && line[name_len] == ' ';
		if (found)
			snprintf(flags, len, "%.*s", (int)strcspn(line + name_len, ">\n"),
				 line + name_len);
	}
	if (f)
		fclose(f);
	return found;
}

const char *pairfuse_attach_trouble(int err, const char *func, __u32 hook)
{
	char flags[256];

	if (err != -EBUSY)
		return pairfuse_attach_error(err);
	if (ftrace_is_off())
		return "ftrace is switched off: sysctl kernel.ftrace_enabled=1";
	if (!ftrace_flags(func, flags, sizeof(flags)))
		return pairfuse_attach_error(err);
	/* D: called directly, by a BPF trampoline; I: its user moves the instruction pointer */
	if (hook == PAIRFUSE_HOOK_DIRECT && strstr(flags, " D"))
		return "an fentry or fexit program is attached to it, beside which the direct hook cannot be; '--hook shared' can";
	if (strstr(flags, " I"))
		return "a livepatch has it, or a kprobe that changes where it goes on; fused it can be without";
	return pairfuse_attach_error(err);
}

int pairfuse_device_next(int dev, struct pairfuse_link_info *info)
{
	__u32 id = info->id;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->id = id;
	return ioctl(dev, PAIRFUSE_IOC_NEXT, info) ? -errno : 0;
}

int pairfuse_link_get_info(int link, struct pairfuse_link_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(link, PAIRFUSE_IOC_LINK_INFO, info) ? -errno : 0;
}

const char *pairfuse_hook_name(__u32 hook)
{
	switch (hook) {
	case PAIRFUSE_HOOK_SHARED:
		return "shared";
	case PAIRFUSE_HOOK_DIRECT:
		return "direct";
	default:
		return "unknown";
	}
}
