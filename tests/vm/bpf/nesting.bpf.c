// SPDX-License-Identifier: GPL-2.0
/*
 * Two pairs share a map, and their functions nest: an O_SYNC write of ext4
 * ends with ext4_sync_file(). What kind of entry there is says where the state
 * has to be kept for the counts to be those of the map.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum {
	F_WRITE,
	F_FSYNC,
	F_MAX_OP,
};

const volatile __u32 target_pid = 0;	/* all calls of a thread are counted, or none */
const volatile bool no_syncs = false;	/* not so: the inner exit takes the outer state */

__u64 writes = 0;
__u64 fsyncs = 0;
__u64 found = 0;	/* what the entry has left is the wrong one */

struct call_state {
	__u64 op;
	__u64 ts;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call_state);
} starts SEC(".maps");

static __always_inline int enter(__u64 op, __u64 count)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	struct call_state s = { .op = op };

	if (target_pid && target_pid != pid_tgid >> 32)
		return 0;
	/* by an argument, as far as the compiler can tell */
	if (no_syncs && count == 1)
		return 0;
	s.ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&starts, &tid, &s, BPF_ANY);
	return 0;
}

static __always_inline int leave(__u64 op, __u64 *count)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct call_state *s = bpf_map_lookup_elem(&starts, &tid);

	if (!s)
		return 0;
	if (s->op != op)
		__sync_fetch_and_add(&found, 1);
	__sync_fetch_and_add(count, 1);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("fentry/ext4_file_write_iter")
int BPF_PROG(write_entry)
{
	return enter(F_WRITE, 0);
}

SEC("fexit/ext4_file_write_iter")
int BPF_PROG(write_exit)
{
	return leave(F_WRITE, &writes);
}

/* int ext4_sync_file(struct file *file, loff_t start, loff_t end, int datasync) */
SEC("fentry/ext4_sync_file")
int BPF_PROG(sync_entry, struct file *file, loff_t start, loff_t end, int datasync)
{
	return enter(F_FSYNC, file ? 1 : 0);
}

SEC("fexit/ext4_sync_file")
int BPF_PROG(sync_exit)
{
	return leave(F_FSYNC, &fsyncs);
}

char LICENSE[] SEC("license") = "GPL";
