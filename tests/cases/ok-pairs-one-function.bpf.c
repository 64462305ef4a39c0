// SPDX-License-Identifier: GPL-2.0
// Two pairs on one function: each entry hands something over to one exit only; the
// options they all look at are no state.
// expect: time_enter time_leave fused carrier=starts key=pid_tgid state=8 exit=armed
// expect: file_enter file_leave fused carrier=files key=pid_tgid state=8 exit=armed
// expect: - count refused no-partner
// told: - count hands nothing over
#include "case.bpf.h"

MAP(options, BPF_MAP_TYPE_ARRAY, 1, __u32, __u32);
HASH(starts, __u64, __u64);
HASH(files, __u64, __u64);
__u64 ns, sum, calls;

static __always_inline int off(void)
{
	__u32 zero = 0, *c = bpf_map_lookup_elem(&options, &zero);

	return !c || *c;
}

SEC("fentry/vfs_write")
int time_enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), ts = bpf_ktime_get_ns();

	if (!off())
		bpf_map_update_elem(&starts, &id, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int time_leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *ts = bpf_map_lookup_elem(&starts, &id);

	if (ts && !off())
		ns += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&starts, &id);
	return 0;
}

SEC("fentry/vfs_write")
int file_enter(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), f = ctx[0];

	if (!off())
		bpf_map_update_elem(&files, &id, &f, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_write")
int file_leave(args_t *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), *f = bpf_map_lookup_elem(&files, &id);

	if (f && !off())
		sum += *f;
	bpf_map_delete_elem(&files, &id);
	return 0;
}

SEC("fexit/vfs_write")
int count(args_t *ctx)
{
	if (!off())
		calls++;
	return 0;
}
