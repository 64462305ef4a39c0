// SPDX-License-Identifier: GPL-2.0
// Programs of all kinds that are no half of a pair; each is told why.
// expect: enter leave fused
// told: - multi several functions by one link
// told: - session one program for both ends
// told: - fsession one program for both ends
// told: - user in user space
// told: - user_ret in user space
// told: - user_probe in user space
// told: - event a tracepoint
// told: - raw a tracepoint
// told: - typed a tracepoint
// told: - security answers calls
// told: - modify answers calls
// told: - iterator an iterator
// told: - replacement another BPF program
// told: - timer timer or counter
// told: - called run by user space
// told: - packets run for packets
// told: - group run by a cgroup
// told: - offset behind the first instruction
#include "pair.bpf.h"

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

#define NOTHING(section, name)	\
	SEC(section)		\
	int name(void *ctx)	\
	{			\
		return 0;	\
	}

NOTHING("kprobe.multi/vfs_*", multi)
NOTHING("kprobe.session/vfs_*", session)
NOTHING("fsession/vfs_read", fsession)
NOTHING("uprobe//bin/sh:main", user)
NOTHING("uretprobe.multi//bin/sh:main*", user_ret)
NOTHING("usdt//bin/sh:sh:start", user_probe)
NOTHING("tp/sched/sched_switch", event)
NOTHING("raw_tp/sys_enter", raw)
NOTHING("tp_btf/sched_switch", typed)
NOTHING("lsm/file_open", security)
NOTHING("fmod_ret/security_file_open", modify)
NOTHING("iter/task", iterator)
NOTHING("freplace/f", replacement)
NOTHING("perf_event", timer)
NOTHING("syscall", called)
NOTHING("xdp", packets)
NOTHING("cgroup_skb/egress", group)
NOTHING("kprobe/vfs_read+0x10", offset)
