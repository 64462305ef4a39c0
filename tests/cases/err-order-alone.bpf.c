// SPDX-License-Identifier: GPL-2.0
// The order on one function changes with one pair alone: beside a program without a partner, and
// with records of a ring buffer, which follow one another. A map's value is one thing. Kprobes
// run in the order in which a tool attaches them.
// expect: enter leave refused order
// expect: - watch refused no-partner
// expect: enter_ring leave_ring refused order
// expect: - watch_ring refused no-partner
// expect: enter_map leave_map refused order
// expect: - watch_map refused no-partner
// expect: enter_probe leave_probe refused order
// expect: enter_next leave_next refused order
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// proto: vfs_open regs=4 ret=8
// proto: vfs_fsync regs=4 ret=8
#include "case.bpf.h"

__u64 seen, calls, phase, first, second;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
HASH(third, __u32, __u64);
HASH(fourth, __u32, __u64);
HASH(fifth, __u32, __u64);
MAP(counts, BPF_MAP_TYPE_ARRAY, 4, __u32, __u64);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

static __always_inline int begin(void *map)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tid();

	bpf_map_update_elem(map, &t, &ts, BPF_ANY);
	return 0;
}

static __always_inline __u64 end(void *map)
{
	__u32 t = tid();
	__u64 *ts = bpf_map_lookup_elem(map, &t), then;

	if (!ts)
		return 0;
	then = *ts;
	bpf_map_delete_elem(map, &t);
	return then;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return begin(&starts);
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	calls += end(&starts) != 0;
	return 0;
}

SEC("fexit/vfs_read")
int watch(args_t *ctx)
{
	seen = calls;
	return 0;
}

SEC("fentry/vfs_write")
int enter_ring(args_t *ctx)
{
	return begin(&others);
}

SEC("fexit/vfs_write")
int leave_ring(args_t *ctx)
{
	__u64 then = end(&others);

	if (then)
		bpf_ringbuf_output(&ring, &then, sizeof(then), 0);
	return 0;
}

SEC("fexit/vfs_write")
int watch_ring(args_t *ctx)
{
	__u64 now = ctx[1];

	bpf_ringbuf_output(&ring, &now, sizeof(now), 0);
	return 0;
}

SEC("fentry/vfs_open")
int enter_map(args_t *ctx)
{
	return begin(&third);
}

SEC("fexit/vfs_open")
int leave_map(args_t *ctx)
{
	__u32 k = ctx[1] & 3;
	__u64 *n = bpf_map_lookup_elem(&counts, &k);

	if (n)
		*n += end(&third) != 0;
	return 0;
}

SEC("fexit/vfs_open")
int watch_map(args_t *ctx)
{
	__u32 k = ctx[1] & 3;
	__u64 *n = bpf_map_lookup_elem(&counts, &k);

	if (n && *n > 3)
		*n = 0;
	return 0;
}

static __always_inline void alternate(__u64 *mine)
{
	if (!phase)
		++*mine;
	phase = !phase;
}

SEC("kprobe/vfs_fsync")
int enter_probe(struct pt_regs *ctx)
{
	alternate(&first);
	return begin(&fourth);
}

SEC("kretprobe/vfs_fsync")
int leave_probe(struct pt_regs *ctx)
{
	if (end(&fourth))
		alternate(&first);
	return 0;
}

SEC("kprobe/vfs_fsync")
int enter_next(struct pt_regs *ctx)
{
	alternate(&second);
	return begin(&fifth);
}

SEC("kretprobe/vfs_fsync")
int leave_next(struct pt_regs *ctx)
{
	if (end(&fifth))
		alternate(&second);
	return 0;
}
