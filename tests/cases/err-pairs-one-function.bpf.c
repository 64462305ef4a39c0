// SPDX-License-Identifier: GPL-2.0
// Two pairs on one function, and what they share is written: an exit that takes both,
// options that the entry counts in.
// expect: enter - refused ambiguous
// expect: enter2 - refused ambiguous
// expect: - leave refused ambiguous
// expect: - both refused ambiguous
// expect: add - refused ambiguous
// expect: add2 - refused ambiguous
// expect: - tell refused ambiguous
// expect: - tell2 refused ambiguous
#include "case.bpf.h"

HASH(starts, __u64, __u64);
HASH(files, __u64, __u64);
MAP(options, BPF_MAP_TYPE_ARRAY, 1, __u32, __u32);
__u64 ns, sum, told[2];

static __always_inline int store(void *map, __u64 v)
{
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_update_elem(map, &id, &v, BPF_ANY);
	return 0;
}

SEC("fentry/vfs_write") int enter(args_t *ctx) { return store(&starts, bpf_ktime_get_ns()); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(&files, ctx[0]); }

SEC("fexit/vfs_write")
int leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *ts = bpf_map_lookup_elem(&starts, &id);

	if (ts)
		ns += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &id);
	return 0;
}

SEC("fexit/vfs_write")
int both(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *f = bpf_map_lookup_elem(&files, &id), *ts;

	ts = bpf_map_lookup_elem(&starts, &id);
	if (f && ts)
		sum += *f + *ts;
	bpf_map_delete_elem(&files, &id);
	return 0;
}

static __always_inline int change(__u64 *to, int by)
{
	__u32 zero = 0, *c = bpf_map_lookup_elem(&options, &zero);

	if (c && by)
		*c += by;
	else if (c)
		*to += *c;
	return 0;
}

SEC("fentry/vfs_read") int add(args_t *ctx) { return change(0, 1); }
SEC("fentry/vfs_read") int add2(args_t *ctx) { return change(0, 2); }
SEC("fexit/vfs_read") int tell(args_t *ctx) { return change(&told[0], 0); }
SEC("fexit/vfs_read") int tell2(args_t *ctx) { return change(&told[1], 0); }
