// SPDX-License-Identifier: GPL-2.0
// More programs use the map, all with other constants in the key: what they find is never
// the pair's.
// expect: enter leave fused carrier=state key=pid_tgid state=8 exit=armed
// expect: other - refused no-partner
#include "case.bpf.h"

struct op_key { __u64 pid_tgid; __u32 op; } __attribute__((packed));
HASH(state, struct op_key, __u64);
__u64 total, seen;

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	struct op_key k = { .pid_tgid = bpf_get_current_pid_tgid(), .op = 1 };
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(&state, &k, &ts, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	struct op_key k = { .pid_tgid = bpf_get_current_pid_tgid(), .op = 1 };
	__u64 *ts = bpf_map_lookup_elem(&state, &k);

	if (!ts)
		return 0;
	total += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(&state, &k);
	return 0;
}

/* two keys, each with another constant than the pair's */
SEC("fentry/vfs_open")
int other(args_t *ctx)
{
	struct op_key k = { .pid_tgid = bpf_get_current_pid_tgid(), .op = 2 };
	__u64 v = ctx[0];

	bpf_map_update_elem(&state, &k, &v, BPF_ANY);
	k.op = 3;
	bpf_map_delete_elem(&state, &k);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int gone(__u64 *ctx)
{
	struct op_key k = { .pid_tgid = ctx[1], .op = 2 };
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	if (bpf_map_lookup_elem(&state, &k))
		seen += comm[0];
	bpf_map_delete_elem(&state, &k);
	return 0;
}
