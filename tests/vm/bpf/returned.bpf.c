// SPDX-License-Identifier: GPL-2.0
/* The structure that a function returns is looked into, or what is no structure. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define ACCESS_MODE	3
#define FIRST_ERROR	(-4095UL)

const volatile __u32 target_pid = 0;

__u64 same = 0;
__u64 differ = 0;
__u64 errors = 0;
__u64 in_errors = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u32);
} wanted SEC(".maps");

SEC("fentry/do_filp_open")
int BPF_PROG(returned_entry, int dfd, struct filename *name, const struct open_flags *op)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id, flags = op->open_flag;

	if (target_pid != id >> 32)
		return 0;
	bpf_map_update_elem(&wanted, &tid, &flags, BPF_ANY);
	return 0;
}

SEC("fexit/do_filp_open")
int BPF_PROG(returned_exit, int dfd, struct filename *name, const struct open_flags *op,
	     struct file *file)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 *flags = bpf_map_lookup_elem(&wanted, &tid);

	if (!flags)
		return 0;
	if ((unsigned long)file >= FIRST_ERROR) {
		__sync_fetch_and_add(&errors, 1);
		/* reads as 0 */
		__sync_fetch_and_add(&in_errors, file->f_flags);
	} else if ((file->f_flags & ACCESS_MODE) == (*flags & ACCESS_MODE)) {
		__sync_fetch_and_add(&same, 1);
	} else {
		__sync_fetch_and_add(&differ, 1);
	}
	bpf_map_delete_elem(&wanted, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
