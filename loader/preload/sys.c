// SPDX-License-Identifier: GPL-2.0
/*
 * Raw system calls, see sys.h. x86-64, as the kernel module.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "sys.h"

static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

long run_sys_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return raw(__NR_bpf, cmd, (long)attr, size, 0, 0, 0);
}

long run_sys_perf_event_open(const struct perf_event_attr *attr, int pid, int cpu, int group,
			     unsigned long flags)
{
	return raw(__NR_perf_event_open, (long)attr, pid, cpu, group, flags, 0);
}

long run_sys_ioctl(int fd, unsigned long request, unsigned long arg)
{
	return raw(__NR_ioctl, fd, request, arg, 0, 0, 0);
}

long run_sys_close(int fd)
{
	return raw(__NR_close, fd, 0, 0, 0, 0, 0);
}

long run_sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return raw(__NR_close_range, first, last, flags, 0, 0, 0);
}

long run_sys_dup3(int fd, int newfd, int flags)
{
	return raw(__NR_dup3, fd, newfd, flags, 0, 0, 0);
}

long run_sys_fcntl(int fd, int cmd, long arg)
{
	return raw(__NR_fcntl, fd, cmd, arg, 0, 0, 0);
}

long run_sys_getpid(void)
{
	return raw(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

long run_sys_write(int fd, const void *buf, size_t len)
{
	return raw(__NR_write, fd, (long)buf, len, 0, 0, 0);
}

long run_sys_nofile(const struct rlimit *limit, struct rlimit *old)
{
	return raw(__NR_prlimit64, 0, RLIMIT_NOFILE, (long)limit, (long)old, 0, 0);
}

long run_sys_nothing(void)
{
	return raw(__NR_openat, AT_FDCWD, (long)"/", O_PATH | O_CLOEXEC, 0, 0, 0);
}

long run_sys_read_file(const char *path, char *buf, size_t len)
{
	long fd, n, used = 0;

	fd = raw(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return fd;
	do {
		n = raw(__NR_read, fd, (long)buf + used, len - 1 - used, 0, 0, 0);
		if (n > 0)
			used += n;
	} while (n > 0 && (size_t)used < len - 1);
	run_sys_close(fd);
	buf[used] = '\0';
	return n < 0 ? n : used;
}
