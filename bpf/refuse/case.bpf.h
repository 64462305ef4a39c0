/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the analysis cases need of the kernel's types and constants, so that
 * they compile without vmlinux.h and with every clang from 14 on.
 */
#ifndef CASE_BPF_H
#define CASE_BPF_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_F_NO_PREALLOC = 1 };
#define BPF_LOCAL_STORAGE_GET_F_CREATE	1
#define BPF_F_CURRENT_CPU		0xffffffffULL
#define BPF_F_USER_STACK		(1ULL << 8)
#define BPF_F_FAST_STACK_CMP		(1ULL << 9)

/* The context of fentry and fexit programs: arguments, then the return value. */
typedef unsigned long long args_t;
struct task_struct;

/* That of kprobe and kretprobe programs, and of a system call. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};

/* Those of syscalls/sys_enter_X and sys_exit_X. */
struct sys_enter {
	__u64 hidden;
	long id;
	unsigned long args[6];
};

struct sys_exit {
	__u64 hidden;
	long id;
	long ret;
};

#include <bpf/bpf_helpers.h>

#define HASH(name, key_type, value_type)		\
	struct {					\
		__uint(type, BPF_MAP_TYPE_HASH);	\
		__uint(max_entries, 1024);		\
		__type(key, key_type);			\
		__type(value, value_type);		\
	} name SEC(".maps")

#define MAP(name, map_type, nr, key_type, value_type)	\
	struct {					\
		__uint(type, map_type);			\
		__uint(max_entries, nr);		\
		__type(key, key_type);			\
		__type(value, value_type);		\
	} name SEC(".maps")

#define TASK_STORAGE(name, value_type)			\
	struct {					\
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);\
		__uint(map_flags, BPF_F_NO_PREALLOC);	\
		__type(key, int);			\
		__type(value, value_type);		\
	} name SEC(".maps")

#define __naked		__attribute__((naked))
#define __noinline2	__attribute__((noinline))

/* The values stay what they are, whatever the optimiser would like. */
#define opaque(x)	asm volatile("" : "+r"(x))

static inline __u32 tid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static inline __u32 tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

char LICENSE[] SEC("license") = "GPL";

#endif /* CASE_BPF_H */
