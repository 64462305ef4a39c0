// SPDX-License-Identifier: GPL-2.0
// Two pairs on one function, each with its own map of starts, and a word that both use: which
// comes first would be seen.
// expect: read_enter read_exit refused order
// expect: also_enter also_exit refused order
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

__u64 phase, first, second, sum;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);

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
int read_enter(args_t *ctx)
{
	if (!phase)
		first++;
	phase = !phase;
	return begin(&starts);
}

SEC("fexit/vfs_read")
int read_exit(args_t *ctx)
{
	__sync_fetch_and_add(&sum, end(&starts));
	return 0;
}

SEC("fentry/vfs_read")
int also_enter(args_t *ctx)
{
	if (!phase)
		second++;
	phase = !phase;
	return begin(&others);
}

SEC("fexit/vfs_read")
int also_exit(args_t *ctx)
{
	__sync_fetch_and_add(&sum, end(&others));
	return 0;
}
