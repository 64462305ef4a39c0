// SPDX-License-Identifier: GPL-2.0
// bpf_sock_from_file() exists in fentry and fexit programs, not in raw tracepoints.
// expect: enter leave refused helper
#include "case.bpf.h"

__u64 total;
HASH(starts, __u32, __u64);

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u64 is_socket = bpf_sock_from_file((void *)ctx[0]) != 0;
	__u32 t = tid();

	bpf_map_update_elem(&starts, &t, &is_socket, BPF_ANY);
	return 0;
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 t = tid();
	__u64 *is_socket = bpf_map_lookup_elem(&starts, &t);

	if (!is_socket)
		return 0;
	total += *is_socket;
	bpf_map_delete_elem(&starts, &t);
	return 0;
}
