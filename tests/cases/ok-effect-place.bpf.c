// SPDX-License-Identifier: GPL-2.0
// One store, to an element of a map or to a local where there is none: what calls without
// state count is an effect, whichever pointer it goes through.
// expect: enter leave fused carrier=starts key=tid state=8 exit=always
// expect: enter_add leave_add fused carrier=others key=tid state=8 exit=always
// proto: vfs_read regs=4 ret=8 100
// proto: vfs_write regs=4 ret=8 100
#include "case.bpf.h"

__u64 total, wanted;
HASH(starts, __u32, __u64);
HASH(others, __u32, __u64);
MAP(calls, BPF_MAP_TYPE_ARRAY, 4, __u32, __u64);

#define ENTRY(name, map)					\
	int name(args_t *ctx)					\
	{							\
		__u64 ts = bpf_ktime_get_ns();			\
		__u32 t = tid();				\
								\
		if (ctx[2] & 1)					\
			return 0;				\
		bpf_map_update_elem(&map, &t, &ts, BPF_ANY);	\
		return 0;					\
	}

SEC("fentry/vfs_read") ENTRY(enter, starts)
SEC("fentry/vfs_write") ENTRY(enter_add, others)

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u64 none = 0, *ts, *count;
	__u32 k = ctx[2] & 3, t;

	count = bpf_map_lookup_elem(&calls, &k);
	if (!count)
		count = &none;
	opaque(count);
	*count += 1;
	t = tid();
	ts = bpf_map_lookup_elem(&starts, &t);
	if (!ts)
		return 0;
	total += *ts;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}

/* The same with an atomic, and with global data in the map's place. */
SEC("fexit/vfs_write")
int leave_add(args_t *ctx)
{
	__u64 none = 0, *ts, *count = &none;
	__u32 t;

	if (ctx[2] & 2)
		count = &wanted;
	opaque(count);
	__sync_fetch_and_add(count, 1);
	t = tid();
	ts = bpf_map_lookup_elem(&others, &t);
	if (!ts)
		return 0;
	total += *ts;
	bpf_map_delete_elem(&others, &t);
	return 0;
}
