// SPDX-License-Identifier: GPL-2.0
// The other programs' keys may have any operation in it, or the pair's on one path.
// expect: enter leave refused carrier-shared
// expect: enter2 leave2 refused carrier-shared
// expect: enter3 leave3 refused carrier-shared
// expect: enter4 leave4 refused carrier-shared
// expect: other - refused no-partner
// expect: other2 - refused no-partner
// expect: other3 - refused no-partner
// expect: other4 - refused no-partner
#include "case.bpf.h"

struct op_key { __u32 tid, op; };
HASH(any, struct op_key, __u64);
HASH(path, struct op_key, __u64);
HASH(walked, struct op_key, __u64);
HASH(filled, struct op_key, __u64);
__u64 total, seen;

static __always_inline int enter_to(void *map)
{
	struct op_key k = { .tid = tid(), .op = 1 };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(map, &k, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave_from(void *map)
{
	struct op_key k = { .tid = tid(), .op = 1 };
	__u64 *ts = bpf_map_lookup_elem(map, &k);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(map, &k);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return enter_to(&any); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return leave_from(&any); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return enter_to(&path); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return leave_from(&path); }
SEC("fentry/vfs_fsync") int enter3(args_t *ctx) { return enter_to(&walked); }
SEC("fexit/vfs_fsync") int leave3(args_t *ctx) { return leave_from(&walked); }
SEC("fentry/vfs_rmdir") int enter4(args_t *ctx) { return enter_to(&filled); }
SEC("fexit/vfs_rmdir") int leave4(args_t *ctx) { return leave_from(&filled); }

/* an operation that is not known */
SEC("fentry/vfs_open")
int other(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = ctx[1] };
	__u64 *v = bpf_map_lookup_elem(&any, &k);

	if (v)
		seen += *v;
	return 0;
}

/* a constant, but the pair's on one of two paths */
SEC("fentry/vfs_mkdir")
int other2(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 2 };

	if (ctx[2])
		k.op = 1;
	bpf_map_delete_elem(&path, &k);
	return 0;
}

static long look(void *map, struct op_key *k, __u64 *v, void *arg)
{
	seen += *v;
	return 0;
}

/* no key at all: every element */
SEC("fentry/vfs_unlink")
int other3(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 2 };

	bpf_map_delete_elem(&walked, &k);
	bpf_for_each_map_elem(&walked, look, NULL, 0);
	return 0;
}

/* a constant, until a helper fills the key from elsewhere */
SEC("fentry/vfs_link")
int other4(args_t *ctx)
{
	struct op_key k = { .tid = tid(), .op = 2 };

	bpf_probe_read_kernel(&k, sizeof(k), (void *)ctx[0]);
	bpf_map_delete_elem(&filled, &k);
	return 0;
}
