// SPDX-License-Identifier: GPL-2.0
/*
 * What test_options.c, test_object.c and the CLI's tests open: options of every
 * type, placeholders, a program that is no half of a pair.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

enum time_unit { UNIT_NSEC, UNIT_USEC, UNIT_MSEC = 7, UNIT_BELOW = -2 };
struct couple { int a, b; };

const volatile bool opt_bool = 0;
const volatile __u8 opt_u8 = 0;
const volatile __s8 opt_s8 = 0;
const volatile __u16 opt_u16 = 0;
const volatile __s16 opt_s16 = 0;
const volatile __u32 opt_u32 = 7;
const volatile __s32 opt_s32 = 0;
const volatile __u64 opt_u64 = 0;
const volatile __s64 opt_s64 = 0;
const volatile enum time_unit opt_unit = UNIT_NSEC;
const volatile char opt_name[8] = "abc";
const volatile __u16 opt_ports[3] = {};
const volatile bool opt_flags[2] = {};
const volatile struct couple opt_struct = {};
const int not_an_option = 1;
const char counts_names[3][6] = { "one", "two", "three" };
const char lat_unit[] = "bytes";

int in_data = 5;
__u64 counts[3];
struct { __u64 sum; __u32 slots[8]; } lat;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

/* one of its own: a group is fused together or not at all */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} attrs SEC(".maps");

static __always_inline int enter(void *map)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 ts = bpf_ktime_get_ns();

	if (opt_u32 && opt_u32 != tid)
		return 0;
	return bpf_map_update_elem(map, &tid, &ts, 0) & 0;
}

static __always_inline int leave(void *map, int i)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *ts = bpf_map_lookup_elem(map, &tid);

	if (!ts)
		return 0;
	counts[i] += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(map, &tid);
	return 0;
}

SEC("fentry/dummy_file_read")
int read_entry(void *ctx)
{
	return enter(&starts);
}

SEC("fexit/dummy_file_read")
int read_exit(void *ctx)
{
	return leave(&starts, 0);
}

SEC("fentry.s/dummy_getattr")
int getattr_entry(void *ctx)
{
	return enter(&attrs);
}

SEC("fexit.s/dummy_getattr")
int getattr_exit(void *ctx)
{
	return leave(&attrs, 1);
}

SEC("kprobe/dummy_file_read")
int read_kprobe(void *ctx)
{
	return 0;
}

SEC("kretprobe/dummy_file_read")
int read_kretprobe(void *ctx)
{
	return 0;
}

SEC("raw_tp/sched_switch")
int other(void *ctx)
{
	in_data = not_an_option;
	return 0;
}

SEC("?fentry/vfs_read")
int optional(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
