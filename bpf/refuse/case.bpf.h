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

/* The context of fentry and fexit programs: arguments, then the return value. */
typedef unsigned long long args_t;
struct task_struct;

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
