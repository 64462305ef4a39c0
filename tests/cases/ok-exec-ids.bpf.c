// SPDX-License-Identifier: GPL-2.0
// execve() gives a thread that is not the leader another number during the call. What is kept
// by the process is found again, so the exit has to ask for the number, and test it, anew.
// By the thread, it is found only by one that has the same.
// expect: enter leave fused carrier=starts key=tgid state=8 exit=armed
// expect: enter_one leave_one fused carrier=others key=tgid state=8 exit=armed
// expect: enter_tid leave_tid fused carrier=third key=pid_tgid state=8 exit=armed
// once: enter leave no
// once: enter_tid leave_tid yes
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
#include "case.bpf.h"

__u64 total, leaders, others_seen;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u64, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), a = ctx[1];
	__u32 g = id >> 32;

	if ((__u32)id == g)
		leaders++;
	bpf_map_update_elem(&starts, &g, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *a;
	__u32 g = id >> 32;

	a = bpf_map_lookup_elem(&starts, &g);
	if (!a)
		return 0;
	if ((__u32)id == g)
		leaders += *a;
	else
		others_seen += *a;
	bpf_map_delete_elem(&starts, &g);
	return 0;
}

/* Only one thread is stored, and another one found. */
SEC("fentry/vfs_write")
int enter_one(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), a = ctx[1];
	__u32 g = id >> 32;

	if ((__u32)id != 1001)
		return 0;
	bpf_map_update_elem(&others, &g, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_one(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *a;
	__u32 g = id >> 32;

	a = bpf_map_lookup_elem(&others, &g);
	if (!a)
		return 0;
	if ((__u32)id == 1001)
		total += *a;
	else
		others_seen += *a;
	bpf_map_delete_elem(&others, &g);
	return 0;
}

SEC("fentry/vfs_open")
int enter_tid(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), a = ctx[1];

	leaders += id;
	bpf_map_update_elem(&third, &id, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_open")
int leave_tid(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *a;

	a = bpf_map_lookup_elem(&third, &id);
	if (!a)
		return 0;
	total += *a + id;
	bpf_map_delete_elem(&third, &id);
	return 0;
}
