// SPDX-License-Identifier: GPL-2.0
// An object that also brings operations for the kernel; libbpf 1.1 crashed on it.
// expect: enter leave fused
#include "pair.bpf.h"

struct tcp_congestion_ops {
	void (*init)(void *sk);
	char name[16];
};

SEC("struct_ops/init")
int init(args_t *ctx)
{
	return 0;
}

SEC(".struct_ops")
struct tcp_congestion_ops congestion = {
	.init = (void *)init,
	.name = "nothing",
};

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	return store();
}

SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	return take();
}
