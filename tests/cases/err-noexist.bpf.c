// SPDX-License-Identifier: GPL-2.0
// BPF_NOEXIST where something may be there: of another thread of the process; of a call
// before; stored by this call itself.
// expect: enter leave refused nesting
// expect: enter2 leave2 refused not-consumed
// expect: enter3 leave3 refused update-flags
// proto: vfs_read regs=4 ret=8
#include "case.bpf.h"

HASH(starts, __u32, __u64);
HASH(starts2, __u32, __u64);
HASH(starts3, __u32, __u64);
__u64 ns;

static __always_inline int take(void *map, __u32 t, int always)
{
	__u64 *ts = bpf_map_lookup_elem(map, &t);

	if (!ts)
		return 0;
	ns += bpf_ktime_get_ns() - *ts;
	if (always || (*ts & 1))
		bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tgid();

	bpf_map_update_elem(&starts, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_read") int leave(args_t *ctx) { return take(&starts, tgid(), 1); }

SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tgid();

	bpf_map_update_elem(&starts2, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_write") int leave2(args_t *ctx) { return take(&starts2, tgid(), 0); }

SEC("fentry/vfs_open")
int enter3(args_t *ctx)
{
	__u64 ts = bpf_ktime_get_ns();
	__u32 t = tgid();

	bpf_map_update_elem(&starts3, &t, &ts, BPF_ANY);
	ts++;
	bpf_map_update_elem(&starts3, &t, &ts, BPF_NOEXIST);
	return 0;
}

SEC("fexit/vfs_open") int leave3(args_t *ctx) { return take(&starts3, tgid(), 1); }
