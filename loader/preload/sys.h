/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls of our own. They do not go through libc, hence not through the
 * hooks, and return -errno. Unit tests put a mocked kernel in their place.
 */
#ifndef PAIRFUSE_PRELOAD_SYS_H
#define PAIRFUSE_PRELOAD_SYS_H

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

long run_sys_bpf(int cmd, union bpf_attr *attr, unsigned int size);
long run_sys_perf_event_open(const struct perf_event_attr *attr, int pid, int cpu, int group,
			     unsigned long flags);
long run_sys_ioctl(int fd, unsigned long request, unsigned long arg);
long run_sys_close(int fd);
long run_sys_close_range(unsigned int first, unsigned int last, unsigned int flags);
long run_sys_dup3(int fd, int newfd, int flags);
long run_sys_fcntl(int fd, int cmd, long arg);
long run_sys_getpid(void);
long run_sys_write(int fd, const void *buf, size_t len);
/* RLIMIT_NOFILE; either may be NULL. */
long run_sys_nofile(const struct rlimit *limit, struct rlimit *old);
/* An fd of nothing (O_PATH), close-on-exec. */
long run_sys_nothing(void);
/* The content of a small file, NUL terminated. */
long run_sys_read_file(const char *path, char *buf, size_t len);

#endif /* PAIRFUSE_PRELOAD_SYS_H */
