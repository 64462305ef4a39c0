// SPDX-License-Identifier: GPL-2.0
/*
 * What test_object.c asks about maps: which programs do the same by other means,
 * which maps are in a map of maps, and what cannot be written.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define HASH_MAP(name)				\
	struct name {				\
		__uint(type, BPF_MAP_TYPE_HASH);	\
		__uint(max_entries, 16);	\
		__type(key, __u32);		\
		__type(value, __u64);		\
	} name SEC(".maps")

HASH_MAP(starts);	/* of vfs_read */
HASH_MAP(pids);		/* which processes are of interest */
HASH_MAP(counts);
HASH_MAP(writes);	/* of vfs_write, in both ways */

/* an element, whose values have another size */
struct elem {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} elem SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct elem);
} outer SEC(".maps") = { .values = { [0] = &elem } };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile __u32 option = 3;
volatile __u32 enabled SEC(".data.rodata_like") = 1;
__u64 total;

static __always_inline int enter(void *map)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), pid = bpf_get_current_pid_tgid() >> 32;
	__u64 ts = bpf_ktime_get_ns();

	if (!enabled || option == tid || !bpf_map_lookup_elem(&pids, &pid))
		return 0;
	return bpf_map_update_elem(map, &tid, &ts, BPF_ANY) & 0;
}

static __always_inline int leave(void *map)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *ts = bpf_map_lookup_elem(map, &tid), lat;

	if (!ts)
		return 0;
	lat = bpf_ktime_get_ns() - *ts;
	total += lat;
	bpf_ringbuf_output(&events, &lat, sizeof(lat), 0);
	return bpf_map_delete_elem(map, &tid) & 0;
}

SEC("fentry/vfs_read")
int read_entry(void *ctx)
{
	return enter(&starts);
}

SEC("fexit/vfs_read")
int read_exit(void *ctx)
{
	return leave(&starts);
}

/* It has the filter in common with read_entry, and counts. */
SEC("kprobe/vfs_read")
int read_count(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 one = 1;

	if (bpf_map_lookup_elem(&pids, &pid))
		bpf_map_update_elem(&counts, &pid, &one, BPF_NOEXIST);
	return 0;
}

/* It has the output in common with read_exit. */
SEC("kretprobe/vfs_read")
int read_event(void *ctx)
{
	__u64 zero = 0;

	bpf_ringbuf_output(&events, &zero, sizeof(zero), 0);
	return 0;
}

SEC("fentry/vfs_write")
int write_entry(void *ctx)
{
	return enter(&writes);
}

SEC("fexit/vfs_write")
int write_exit(void *ctx)
{
	return leave(&writes);
}

SEC("kprobe/vfs_write")
int write_kprobe(void *ctx)
{
	return enter(&writes);
}

SEC("kretprobe/vfs_write")
int write_kretprobe(void *ctx)
{
	return leave(&writes);
}

/* Its map is found in another map, too. */
SEC("fentry/vfs_fsync")
int sync_entry(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), size = 1;

	return bpf_map_update_elem(&elem, &tid, &size, BPF_ANY) & 0;
}

SEC("fexit/vfs_fsync")
int sync_exit(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 *size = bpf_map_lookup_elem(&elem, &tid);

	if (size)
		total += *size;
	return bpf_map_delete_elem(&elem, &tid) & 0;
}

SEC("raw_tp/sched_switch")
int other(void *ctx)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), zero = 0;
	void *map = bpf_map_lookup_elem(&outer, &zero);

	if (map && bpf_map_lookup_elem(map, &tid))
		enabled = !enabled;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
