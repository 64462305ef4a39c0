/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the libc functions of interpose.c do, apart from being libc functions.
 */
#ifndef PAIRFUSE_PRELOAD_HOOKS_H
#define PAIRFUSE_PRELOAD_HOOKS_H

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>

/*
 * What the tool would have called without us: libc, or another interposer.
 * errno as there.
 */
struct run_next {
	long (*bpf)(int cmd, union bpf_attr *attr, unsigned int size);
	long (*perf_event_open)(struct perf_event_attr *attr, int pid, int cpu, int group,
				unsigned long flags);
	int (*ioctl)(int fd, unsigned long request, unsigned long arg);
	int (*close)(int fd);
	int (*close_range)(unsigned int first, unsigned int last, int flags);
	int (*dup)(int fd);
	int (*dup2)(int fd, int newfd);
	int (*dup3)(int fd, int newfd, int flags);
	int (*fcntl)(int fd, int cmd, unsigned long arg);
};

extern struct run_next run_next;

long run_hook_bpf(int cmd, union bpf_attr *attr, unsigned int size);
long run_hook_perf_event_open(struct perf_event_attr *attr, int pid, int cpu, int group,
			      unsigned long flags);
int run_hook_ioctl(int fd, unsigned long request, unsigned long arg);
int run_hook_close(int fd);
int run_hook_close_range(unsigned int first, unsigned int last, int flags);
int run_hook_dup(int fd);
int run_hook_dup2(int fd, int newfd);
int run_hook_dup3(int fd, int newfd, int flags);
int run_hook_fcntl(int fd, int cmd, unsigned long arg);

/* pthread_atfork */
void run_hook_fork_prepare(void);
void run_hook_fork_parent(void);
void run_hook_fork_child(void);
/* At exit: say what was never said. */
void run_hook_exit(int status);

#endif /* PAIRFUSE_PRELOAD_HOOKS_H */
