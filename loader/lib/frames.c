// SPDX-License-Identifier: GPL-2.0
/*
 * Stack traces taken by programs (bpf_get_stackid, bpf_get_stack).
 *
 * User stacks begin with the registers that the task entered the kernel with,
 * whatever runs the program. So they are the same.
 *
 * Kernel stacks begin where the kind of program says:
 *
 *	kretprobe	with the caller of the function, as the registers it gets
 *			are those behind the return
 *	kprobe		with the function, then its caller
 *	fentry, fexit	with the program, the BPF trampoline, the function (where
 *			the kernel patches in a call, not a jump), then the caller
 *	sys_enter_X,	nowhere: the registers that the tracepoint gives are user
 *	sys_exit_X	space's, the helpers return -EFAULT
 *	raw tracepoint	(what rewritten programs are) with the program; then come
 *			the stub and the caller
 *
 * The stub is entered like the function itself: the caller's return address is
 * what is on top of the stack, and there is no frame of the function before the
 * stub calls its body. So a kretprobe's trace can be had, by skipping program
 * and stub, and the others cannot: a function would be missing. (With the direct
 * hook, where the kernel patches in a call, there is one frame more. Pairs that
 * take kernel stacks are therefore attached with the shared hook only. Another
 * fused pair on the same function, attached before, is one more frame,
 * pairfuse_stub_N, in front of the caller.)
 */
#include "frames.h"

unsigned int pairfuse_frames_flags_arg(__s32 helper)
{
	switch (helper) {
	case BPF_FUNC_get_stackid:
		return 3;
	case BPF_FUNC_get_stack:
	case BPF_FUNC_get_task_stack:
		return 4;
	}
	return 0;
}

int pairfuse_frames_skip(enum pairfuse_hook_type at, __s32 helper, bool known, __u64 flags,
			 const char **what)
{
	*what = "takes a stack with flags that are not constant";
	if (!known)
		return -1;
	if (flags & BPF_F_USER_STACK)
		return 0;
	*what = "takes a kernel stack, on which other frames would be";
	if (at != PAIRFUSE_AT_KRETPROBE || helper == BPF_FUNC_get_task_stack)
		return -1;
	*what = "takes a kernel stack without so many frames that no more can be skipped";
	if ((flags & BPF_F_SKIP_FIELD_MASK) + PAIRFUSE_OWN_FRAMES > BPF_F_SKIP_FIELD_MASK)
		return -1;
	return PAIRFUSE_OWN_FRAMES;
}
