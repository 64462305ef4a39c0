// SPDX-License-Identifier: GPL-2.0
// Not the current task's own ids: another member, half of one, those of another task.
// expect: enter leave refused key-unknown
// expect: enter2 leave2 refused key-unknown
// expect: enter3 leave3 refused key-unknown
// task: 1256 1260
#include "case.bpf.h"

struct task_struct { char before[1248]; struct task_struct *leader; __u32 pid, tgid; };
HASH(starts, __u32, __u64);
HASH(starts2, __u32, __u64);
HASH(starts3, __u32, __u64);
__u64 ns;

static __always_inline int store(void *map, __u32 k)
{
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(map, &k, &ts, BPF_ANY);
	return 0;
}

static __always_inline int take(void *map, __u32 k)
{
	__u64 *ts = bpf_map_lookup_elem(map, &k);

	if (!ts)
		return 0;
	ns += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(map, &k);
	return 0;
}

static __always_inline __u32 read_at(int off)
{
	char *task = (void *)bpf_get_current_task();
	__u32 id = 0;

	bpf_probe_read_kernel(&id, sizeof(id), task + off);
	return id;
}

static __always_inline __u32 read_leader(void)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *leader = 0;
	__u32 id = 0;

	bpf_probe_read_kernel(&leader, sizeof(leader), &task->leader);
	bpf_probe_read_kernel(&id, sizeof(id), &leader->pid);
	return id;
}

SEC("fentry/vfs_read") int enter(args_t *ctx) { return store(&starts, read_at(1252)); }
SEC("fexit/vfs_read") int leave(args_t *ctx) { return take(&starts, read_at(1252)); }
SEC("fentry/vfs_write") int enter2(args_t *ctx) { return store(&starts2, read_at(1262)); }
SEC("fexit/vfs_write") int leave2(args_t *ctx) { return take(&starts2, read_at(1262)); }
SEC("fentry/vfs_open") int enter3(args_t *ctx) { return store(&starts3, read_leader()); }
SEC("fexit/vfs_open") int leave3(args_t *ctx) { return take(&starts3, read_leader()); }
