// SPDX-License-Identifier: GPL-2.0
// A helper that fills global data or a map's value has an effect; one that fills a local has none.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always
// expect: enter_map leave_map fused carrier=others key=tid state=8 exit=always
// expect: enter_own leave_own fused carrier=third key=tid state=8 exit=armed
// expect: enter_large leave_large fused carrier=large key=tid state=104 exit=always storage=task
// filter: enter_own leave_own none 0
// proto: vfs_read regs=4 ret=8 100
// proto: vfs_write regs=4 ret=8 100
// proto: vfs_open regs=2 ret=4 101 102
// proto: vfs_fsync regs=2 ret=4 101
#include "case.bpf.h"

struct name {
	char comm[16];
};

struct much {
	__u64 words[13];
};

__u64 total;
struct name last, last_entered;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);
HASH(large, __u32, struct much);
MAP(names, BPF_MAP_TYPE_PERCPU_ARRAY, 1, __u32, struct name);

static __always_inline int store(void *map)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	if (bpf_get_current_pid_tgid() >> 32 == 1000)
		bpf_map_update_elem(map, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline int consume(void *map)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(map, &t);

	if (!ts)
		return 0;
	total += *ts;
	bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return store(&starts);
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	bpf_get_current_comm(&last, sizeof(last));
	return consume(&starts);
}

SEC("fentry/vfs_write")
int enter_map(args_t *ctx)
{
	return store(&others);
}

SEC("fexit/vfs_write")
int leave_map(args_t *ctx)
{
	__u32 zero = 0;
	struct name *n = bpf_map_lookup_elem(&names, &zero);

	if (n)
		bpf_probe_read_kernel(n, 8, (void *)ctx[0]);
	return consume(&others);
}

/* The entry's effect is before its filter: no work for the stub. */
SEC("fentry/vfs_open")
int enter_own(args_t *ctx)
{
	bpf_get_current_comm(&last_entered, sizeof(last_entered));
	return store(&third);
}

SEC("fexit/vfs_open")
int leave_own(args_t *ctx)
{
	struct name n;
	__u32 t;
	__u64 *ts;

	bpf_get_current_comm(&n, sizeof(n));
	t = tid();
	ts = bpf_map_lookup_elem(&third, &t);
	if (!ts)
		return 0;
	total += *ts + n.comm[0];
	bpf_map_delete_elem(&third, &t);
	return 0;
}

/* Not in the slot, and threads that do not store never have any state: run all the same. */
SEC("fentry/vfs_fsync")
int enter_large(args_t *ctx)
{
	struct much m = { { ctx[0], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } };
	__u32 t = tid();

	if (bpf_get_current_pid_tgid() >> 32 == 1000)
		bpf_map_update_elem(&large, &t, &m, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_fsync")
int leave_large(args_t *ctx)
{
	__u32 t = tid();
	struct much *m;

	bpf_get_current_comm(&last, sizeof(last));
	m = bpf_map_lookup_elem(&large, &t);
	if (!m)
		return 0;
	total += m->words[12];
	bpf_map_delete_elem(&large, &t);
	return 0;
}
