/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all generated tools have: maps, global data, subprograms. Included in front of
 * them, so that it can be compiled once.
 */
#ifndef TOOL_BPF_H
#define TOOL_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#ifndef BPF_F_USER_STACK
#define BPF_F_USER_STACK (1ULL << 8)
#endif

#define opaque(x) asm volatile("" : "+r"(x))

#define MAP(name, map_type, nr, key_type, value_type)	\
	struct {					\
		__uint(type, map_type);			\
		__uint(max_entries, nr);		\
		__type(key, key_type);			\
		__type(value, value_type);		\
	} name SEC(".maps")

struct event {
	__u64 f0, f1, f2, f3;
	char comm[16];
};

struct tid_op {
	__u32 tid, op;
};

struct id_op {
	__u64 id;
	__u32 op;
} __attribute__((packed));

MAP(counts, BPF_MAP_TYPE_HASH, 1024, __u32, __u64);
MAP(calls, BPF_MAP_TYPE_ARRAY, 8, __u32, __u64);
MAP(heap, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct event);
MAP(four, BPF_MAP_TYPE_HASH, 1024, __u64, __u64);
MAP(six, BPF_MAP_TYPE_HASH, 1024, __u64, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 100);
	__uint(key_size, 4);
	__uint(value_size, 1016);
} stacks SEC(".maps");

__u64 g0, g1, g2, g3, g4, g5, g6, g7;
__u32 slots[16];
char last_comm[16];

/* as in libbpf-tools */
static __always_inline __u64 log2(__u32 v)
{
	__u32 shift, r;

	r = (v > 0xFFFF) << 4;
	v >>= r;
	shift = (v > 0xFF) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xF) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	r |= v >> 1;
	return r;
}

static __always_inline __u64 log2l(__u64 v)
{
	__u32 hi = v >> 32;

	return hi ? log2(hi) + 32 : log2(v);
}

static __noinline __attribute__((unused)) __u64 mix(__u64 a, __u64 b)
{
	return a * 31 + (b ^ 0x5555);
}

static __noinline __attribute__((unused)) __u64 pick(__u64 a, __u64 b)
{
	if (a > b)
		return a - b;
	return b;
}

static __noinline __attribute__((unused)) __u64 rounds(__u64 a, __u64 b)
{
	__u32 i;

	for (i = 0; i < 4; i++) {
		a = a * 3 + b;
		opaque(a);
	}
	return a;
}

/* An array of its own. */
static __noinline __attribute__((unused)) __u64 spread(__u64 a, __u64 b)
{
	volatile __u32 part[4] = {};

	part[a & 3] = b;
	part[b & 3] += a;
	return part[1] ^ part[2];
}

static __noinline __attribute__((unused)) int swap(__u64 *a, __u64 *b)
{
	__u64 t = *a;

	*a = *b;
	*b = t;
	return 0;
}

static __noinline __attribute__((unused)) int note(void *ctx, __u64 n)
{
	__u64 e[2];

	e[0] = n;
	e[1] = bpf_get_current_pid_tgid();
	return bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(e));
}

static __noinline __attribute__((unused)) __u64 sum(volatile __u64 *arr, __u64 n)
{
	arr[n & 3] += n;
	return arr[0] + arr[3];
}

static __noinline __attribute__((unused)) long each(__u32 n, void *arg)
{
	*(__u64 *)arg += n;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

#endif /* TOOL_BPF_H */
