// SPDX-License-Identifier: GPL-2.0
// The current task's own ids, read from it, are those that bpf_get_current_pid_tgid() returns.
// expect: enter leave fused carrier=starts key=tid state=8 exit=armed
// expect: enter2 leave2 fused carrier=starts2 key=pid_tgid state=8 exit=armed
// expect: enter3 leave3 fused carrier=starts3 key=tid state=8 exit=armed
// filter: enter3 leave3 tgid 1002
// task: 1256 1260
#include "case.bpf.h"

struct task_struct { char before[1256]; __u32 pid, tgid; };
HASH(starts, __u32, __u64);
HASH(starts2, __u64, __u64);
HASH(starts3, __u32, __u64);
__u64 ns[3];

static __always_inline __u32 read_id(int tgid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 id = 0;

	bpf_probe_read_kernel(&id, sizeof(id), tgid ? &task->tgid : &task->pid);
	return id;
}

static __always_inline int store(void *map, void *key)
{
	__u64 ts = bpf_ktime_get_ns();

	bpf_map_update_elem(map, key, &ts, BPF_ANY);
	return 0;
}

static __always_inline int take(void *map, void *key, int n)
{
	__u64 *ts = bpf_map_lookup_elem(map, key);

	if (!ts)
		return 0;
	ns[n] += bpf_ktime_get_ns() - *ts;
	bpf_map_delete_elem(map, key);
	return 0;
}

SEC("fentry/vfs_read")
int enter(args_t *ctx)
{
	__u32 k = read_id(0);

	return store(&starts, &k);
}

/* the entry reads it, the exit asks */
SEC("fexit/vfs_read")
int leave(args_t *ctx)
{
	__u32 k = tid();

	return take(&starts, &k, 0);
}

/* both at once */
SEC("fentry/vfs_write")
int enter2(args_t *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 k = 0;

	bpf_probe_read_kernel(&k, sizeof(k), &task->pid);
	return store(&starts2, &k);
}

SEC("fexit/vfs_write")
int leave2(args_t *ctx)
{
	__u64 k = bpf_get_current_pid_tgid();

	return take(&starts2, &k, 1);
}

SEC("fentry/vfs_open")
int enter3(args_t *ctx)
{
	__u32 k = read_id(0);

	return read_id(1) == 1002 ? store(&starts3, &k) : 0;
}

SEC("fexit/vfs_open")
int leave3(args_t *ctx)
{
	__u32 k = read_id(0);

	return take(&starts3, &k, 2);
}
