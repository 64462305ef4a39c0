// SPDX-License-Identifier: GPL-2.0
/*
 * A pair with more state than a time stamp: which files are read, how much was
 * asked for, how much came, and how long did it take? The entry keeps what the
 * exit could not find out any more; the exit reads part of that after removing
 * the entry from the map, as real tools do.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TASK_COMM_LEN	16

/* 48 bytes, the slot holds 64 */
struct read_state {
	__u64 ts;
	__u64 ino;
	__u64 asked;
	__u32 tgid;
	__u32 flags;
	char comm[TASK_COMM_LEN];
};

struct file_reads {
	__u64 calls;
	__u64 errors;
	__u64 asked;
	__u64 got;
	__u64 ns;
	__u32 last_tgid;
	__u32 last_flags;
	char last_comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct read_state);
} in_progress SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);		/* inode number */
	__type(value, struct file_reads);
} reads SEC(".maps");

/* Only this process (0: all). */
const volatile __u32 target_pid = 0;

/* Reads of files for which `reads` had no room. */
__u64 dropped = 0;

SEC("fentry/vfs_read")
int BPF_PROG(state_entry, struct file *file, char *buf, size_t count)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	struct read_state s = {};

	s.tgid = pid_tgid >> 32;
	if (target_pid && target_pid != s.tgid)
		return 0;

	s.ino = file->f_inode->i_ino;
	s.flags = file->f_flags;
	s.asked = count;
	bpf_get_current_comm(s.comm, sizeof(s.comm));
	s.ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&in_progress, &tid, &s, BPF_ANY);
	return 0;
}

static __always_inline struct file_reads *reads_of(__u64 ino)
{
	static const struct file_reads none;
	struct file_reads *r;

	r = bpf_map_lookup_elem(&reads, &ino);
	if (r)
		return r;
	bpf_map_update_elem(&reads, &ino, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&reads, &ino);
}

SEC("fexit/vfs_read")
int BPF_PROG(state_exit, struct file *file, char *buf, size_t count, loff_t *pos,
	     ssize_t ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	struct file_reads *r;
	struct read_state *s;

	s = bpf_map_lookup_elem(&in_progress, &tid);
	if (!s)
		return 0;

	r = reads_of(s->ino);
	if (!r) {
		__sync_fetch_and_add(&dropped, 1);
		goto out;
	}
	__sync_fetch_and_add(&r->calls, 1);
	if (ret < 0)
		__sync_fetch_and_add(&r->errors, 1);
	else
		__sync_fetch_and_add(&r->got, ret);
	__sync_fetch_and_add(&r->asked, s->asked);
	__builtin_memcpy(r->last_comm, s->comm, sizeof(r->last_comm));
	r->last_tgid = s->tgid;
	r->last_flags = s->flags;
	bpf_map_delete_elem(&in_progress, &tid);
	/* The value outlives its entry until the program ends. */
	__sync_fetch_and_add(&r->ns, now - s->ts);
	return 0;
out:
	bpf_map_delete_elem(&in_progress, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
