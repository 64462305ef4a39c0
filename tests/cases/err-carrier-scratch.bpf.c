// SPDX-License-Identifier: GPL-2.0
// What the exit wants besides may not be there: an index that is not known, one that is
// too large, a hash. Then it leaves the state.
// expect: enter leave refused not-consumed
// expect: enter2 leave2 refused not-consumed
// expect: enter3 leave3 refused not-consumed
// told: enter leave deleted what is in 'starts'
// told: enter3 leave3 deleted what is in 'starts3'
#include "case.bpf.h"

MAP(heap, BPF_MAP_TYPE_ARRAY, 4, __u32, __u64);
HASH(table, __u32, __u64);
HASH(starts, __u32, __u64);
HASH(starts2, __u32, __u64);
HASH(starts3, __u32, __u64);
__u64 total;

static __always_inline int store(void *map, __u64 v)
{
	__u32 t = tid();

	bpf_map_update_elem(map, &t, &v, BPF_ANY);
	return 0;
}

static __always_inline int take(void *map, void *beside, __u32 index)
{
	__u32 t = tid();
	__u64 *v = bpf_map_lookup_elem(map, &t), *b = bpf_map_lookup_elem(beside, &index);

	if (!v || !b)
		return 0;
	total += *v + *b;
	bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return store(&starts, ctx[2]); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return take(&starts, &heap, ctx[1]); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(&starts2, ctx[2]); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return take(&starts2, &heap, 4); }
SEC("fentry/vfs_open") int enter3(args_t *ctx) { return store(&starts3, ctx[2]); }
SEC("fexit/vfs_open") int leave3(args_t *ctx) { return take(&starts3, &table, 0); }
