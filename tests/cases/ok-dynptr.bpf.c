// SPDX-License-Identifier: GPL-2.0
// A record of a ring buffer that is reserved, written and submitted by way of a dynptr, which is
// below the key on the stack.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

struct dynptr {
	__u64 opaque[2];
};

struct local {
	struct dynptr d;
	__u64 value;
	__u32 pad;
	__u32 key;
};

static long (*reserve)(void *rb, __u32 size, __u64 flags, struct dynptr *d) = (void *)198;
static void (*submit)(struct dynptr *d, __u64 flags) = (void *)199;
static void (*discard)(struct dynptr *d, __u64 flags) = (void *)200;
static long (*write)(struct dynptr *d, __u32 off, void *src, __u32 len, __u64 flags) = (void *)202;

HASH(starts, __u32, __u64);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 a = ctx[1];
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &a, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct local l;
	__u64 *a;

	l.key = tid();
	a = bpf_map_lookup_elem(&starts, &l.key);
	if (!a)
		return 0;
	l.value = *a;
	reserve(&rb, sizeof(l.value), 0, &l.d);
	write(&l.d, 0, &l.value, sizeof(l.value), 0);
	if (l.value & 1)
		submit(&l.d, 0);
	else
		discard(&l.d, 0);
	bpf_map_delete_elem(&starts, &l.key);
	return 0;
}
