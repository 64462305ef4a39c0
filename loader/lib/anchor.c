// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody who always uses BPF's trampolines, so that they never have no user.
 *
 * Since Linux 7.0 all trampolines have one ftrace_ops together. It is put on
 * ftrace's list with the first program of type fentry or fexit that is attached
 * anywhere, and taken off with the last. That goes wrong when the function which
 * the last one was on has another user of ftrace, such as us, and is called
 * meanwhile: update_ftrace_direct_del() clears ops->func without waiting for CPUs
 * that have just found the ops on the list. They warn, and ftrace is switched off
 * for good (FTRACE_WARN_ON in __ftrace_ops_list_func()).
 *
 * A program on a function that nobody calls, attached before our links are and
 * until the process ends, keeps the ops on the list. Kernels before have an ops
 * for each trampoline, which is freed after a grace period.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "device.h"
#include "log.h"
#include "object.h"

/* Called by BPF_PROG_TEST_RUN only, and made to be traced. */
#define NEVER_CALLED "bpf_fentry_test1"

static bool one_ops_for_all(void)
{
	struct utsname u;
	int major;

	return !uname(&u) && sscanf(u.release, "%d", &major) == 1 && major >= 7;
}

static int attach_anchor(void)
{
	struct pairfuse_func func = {};
	char text[256];
	int prog, link, id;

	id = libbpf_find_vmlinux_btf_id(NEVER_CALLED, BPF_TRACE_FENTRY);
	if (id < 0)
		return id;
	func.btf_id = id;
	prog = pairfuse_descriptor_load(&func, BPF_TRACE_FENTRY, text, sizeof(text));
	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0)
		link = -errno;
	close(prog);
	return link;
}

int pairfuse_anchor(void)
{
	static bool tried;
	int link;

	if (tried || !one_ops_for_all())
		return -ENOENT;
	tried = true;
	link = attach_anchor();
	if (link < 0)
		pairfuse_debug("no program is attached to %s: %s", NEVER_CALLED,
			       pairfuse_strerror(link));
	return link;
}
