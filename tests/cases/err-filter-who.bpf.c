// SPDX-License-Identifier: GPL-2.0
// Who the task is can change during the call, and what the exit then leaves is printed; or it
// has looked at what was returned before; or is of a process, which no task storage is for.
// expect: enter leave refused not-consumed
// expect: enter2 leave2 refused not-consumed
// expect: enter3 leave3 refused not-consumed
// proto: vfs_read regs=4 ret=8
// proto: vfs_write regs=4 ret=8
// printed: printed
#include "case.bpf.h"

const volatile __u32 user = 1000;
__u64 total[3];
HASH(printed, __u32, __u64);
HASH(by_thread, __u32, __u64);
HASH(by_process, __u32, __u64);

static __always_inline int is_user(void)
{
	return (__u32)bpf_get_current_uid_gid() == user;
}

static __always_inline int store(void *map, __u32 key, __u64 v)
{
	if (is_user())
		bpf_map_update_elem(map, &key, &v, BPF_ANY);
	return 0;
}

static __always_inline int take(void *map, __u32 key, int n)
{
	__u64 *v;

	if (!is_user())
		return 0;
	v = bpf_map_lookup_elem(map, &key);
	if (!v)
		return 0;
	total[n] += *v;
	bpf_map_delete_elem(map, &key);
	return 0;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return store(&printed, tid(), ctx[2]); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return take(&printed, tid(), 0); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(&by_thread, tid(), ctx[2]); }

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	return (long)ctx[4] < 0 ? 0 : take(&by_thread, tid(), 1);
}

SEC("fentry/vfs_open") int enter3(args_t *ctx) { return store(&by_process, tgid(), ctx[1]); }
SEC("fexit/vfs_open") int leave3(args_t *ctx) { return take(&by_process, tgid(), 2); }
