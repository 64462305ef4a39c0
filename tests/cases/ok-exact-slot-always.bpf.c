// SPDX-License-Identifier: GPL-2.0
// Exact with slots, and exits that do something without state: also when an
// inner call has taken it.
// expect: entry1 exit1 fused carrier=starts key=pid_tgid state=8 exit=always exact
// expect: entry2 exit2 fused carrier=starts key=pid_tgid state=8 exit=always exact
#include "case.bpf.h"

__u64 total, missed, deleted;
HASH(starts, __u64, __u64);

static __always_inline int enter(void)
{
	__u64 ts = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();

	/* not the threads that lead their process */
	if ((__u32)id == id >> 32)
		return 0;
	bpf_map_update_elem(&starts, &id, &ts, BPF_ANY);
	return 0;
}

static __always_inline int leave(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 *ts = bpf_map_lookup_elem(&starts, &id);

	if (ts)
		total += bpf_ktime_get_ns() - *ts;
	else
		missed++;
	if (!bpf_map_delete_elem(&starts, &id))
		deleted++;
	return 0;
}

SEC("fentry/vfs_read") int entry1(args_t *ctx) { return enter(); }
SEC("fexit/vfs_read") int exit1(args_t *ctx) { return leave(); }
SEC("fentry/vfs_write") int entry2(args_t *ctx) { return enter(); }
SEC("fexit/vfs_write") int exit2(args_t *ctx) { return leave(); }
