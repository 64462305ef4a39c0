// SPDX-License-Identifier: GPL-2.0
/*
 * fsdist: how long do the operations of a filesystem take?
 *
 * Five pairs, one for each operation, share the map `starts`: an entry leaves
 * the time there under the thread's id, the exit takes it, adds the difference
 * to the histogram of its operation and removes the entry. Written after the
 * description of the tool of the same name in "Pairwise BPF Programs Should Be
 * Optimized Together" (eBPF '25), figure 2.
 *
 * The functions named here are placeholders; `pairfuse load --fs ext4` puts
 * those of a filesystem in their place.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "hist.bpf.h"

#define MAX_ENTRIES	10240

enum fs_file_op {
	F_READ,
	F_WRITE,
	F_OPEN,
	F_FSYNC,
	F_GETATTR,
	F_MAX_OP,
};

/* Options: only this process (0: all); milliseconds instead of microseconds. */
const volatile __u32 target_pid = 0;
const volatile bool in_ms = false;

const char hists_names[F_MAX_OP][8] = {
	[F_READ]	= "read",
	[F_WRITE]	= "write",
	[F_OPEN]	= "open",
	[F_FSYNC]	= "fsync",
	[F_GETATTR]	= "getattr",
};

struct hist hists[F_MAX_OP] = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

static __always_inline int enter(void)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	__u64 ts;

	if (target_pid && target_pid != pid_tgid >> 32)
		return 0;

	ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &tid, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(enum fs_file_op op)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	__u64 *start;
	__s64 delta;

	start = bpf_map_lookup_elem(&starts, &tid);
	if (!start)
		return 0;

	delta = (__s64)(now - *start);
	if (delta < 0)
		goto out;
	/* Unsigned, each by a constant: no check for zero is compiled in. */
	if (in_ms)
		delta = (__u64)delta / 1000000;
	else
		delta = (__u64)delta / 1000;
	hist_add(&hists[op], delta);
out:
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("fentry/dummy_file_read")
int BPF_PROG(file_read_entry)
{
	return enter();
}

SEC("fexit/dummy_file_read")
int BPF_PROG(file_read_exit)
{
	return leave(F_READ);
}

SEC("fentry/dummy_file_write")
int BPF_PROG(file_write_entry)
{
	return enter();
}

SEC("fexit/dummy_file_write")
int BPF_PROG(file_write_exit)
{
	return leave(F_WRITE);
}

SEC("fentry/dummy_file_open")
int BPF_PROG(file_open_entry)
{
	return enter();
}

SEC("fexit/dummy_file_open")
int BPF_PROG(file_open_exit)
{
	return leave(F_OPEN);
}

SEC("fentry/dummy_file_sync")
int BPF_PROG(file_sync_entry)
{
	return enter();
}

SEC("fexit/dummy_file_sync")
int BPF_PROG(file_sync_exit)
{
	return leave(F_FSYNC);
}

SEC("fentry/dummy_getattr")
int BPF_PROG(getattr_entry)
{
	return enter();
}

SEC("fexit/dummy_getattr")
int BPF_PROG(getattr_exit)
{
	return leave(F_GETATTR);
}

char LICENSE[] SEC("license") = "GPL";
