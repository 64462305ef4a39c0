// SPDX-License-Identifier: GPL-2.0
// Sections that name no function, and nothing else does.
// expect: enter - refused no-target
// expect: - leave refused no-target
// told: enter - give --target enter=FUNC
#include "pair.bpf.h"

SEC("fentry")
int enter(args_t *ctx)
{
	return store();
}

SEC("fexit")
int leave(args_t *ctx)
{
	return take();
}
