// SPDX-License-Identifier: GPL-2.0
// Helpers that only read what they are given on the stack: text to print, below the key; a short
// string as the source of a read that would be longer.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always
// expect: enter_short leave_short fused carrier=others key=tid state=8 exit=always
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
#include "case.bpf.h"

struct local {
	char comm[16];
	char text[8];
	__u32 pad;
	__u32 key;
};

__u64 total;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
char copy[128];

#define on_stack(x)	asm volatile("" : : "r"(&(x)) : "memory")

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct local l = { .key = tid() };
	static const char fmt[] = "%s %s %d";
	__u64 a = ctx[1];

	on_stack(l);
	bpf_get_current_comm(l.comm, sizeof(l.comm));
	bpf_trace_printk(fmt, sizeof(fmt), l.comm, l.text, a);
	on_stack(l);
	bpf_map_update_elem(&starts, &l.key, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct local l = { .key = tid() };
	static const char fmt[] = "%s";
	__u64 *a;

	on_stack(l);
	bpf_get_current_comm(l.comm, sizeof(l.comm));
	bpf_trace_printk(fmt, sizeof(fmt), l.comm);
	a = bpf_map_lookup_elem(&starts, &l.key);
	if (!a)
		return 0;
	total += *a;
	on_stack(l);
	bpf_map_delete_elem(&starts, &l.key);
	return 0;
}

SEC("fentry/vfs_write")
int enter_short(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&others, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int leave_short(args_t *ctx)
{
	struct local l = { .text = "short", .key = tid() };
	__u64 *a;

	on_stack(l);
	bpf_probe_read_kernel_str(copy, 100, l.text);
	a = bpf_map_lookup_elem(&others, &l.key);
	if (!a)
		return 0;
	total += *a;
	bpf_map_delete_elem(&others, &l.key);
	return 0;
}
