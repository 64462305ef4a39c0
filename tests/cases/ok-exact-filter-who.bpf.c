// SPDX-License-Identifier: GPL-2.0
// Who the task is can change during the call: the exit's own test stays, and what it leaves
// behind then is where a later call would find it in the map.
// expect: in_user out_user fused carrier=s_user key=tid state=8 exit=always storage=task
// told: in_user out_user later calls may find what the exit has left
// expect: in_group out_group fused carrier=s_group key=tid state=8 exit=always storage=task
// expect: in_under out_under fused carrier=s_under key=tid state=8 exit=always storage=task
// expect: in_name out_name fused carrier=s_name key=tid state=8 exit=always storage=task
// expect: in_late out_late fused carrier=s_late key=tid state=8 exit=armed
#include "case.bpf.h"

const volatile __u32 user = 1000;
const volatile __u64 group = 17;
const volatile char name[16] = "dd";
__u64 total[8];
MAP(groups, 8, 1, __u32, __u32);
HASH(s_user, __u32, __u64);
HASH(s_group, __u32, __u64);
HASH(s_under, __u32, __u64);
HASH(s_name, __u32, __u64);
HASH(s_late, __u32, __u64);

static __always_inline int is_user(void)
{
	return (__u32)bpf_get_current_uid_gid() == user;
}

static __always_inline int is_group(void)
{
	return bpf_get_current_cgroup_id() == group;
}

static __always_inline int is_under(void)
{
	return bpf_current_task_under_cgroup(&groups, 0) == 1;
}

static __always_inline int is_name(void)
{
	char comm[16];
	int i;

	bpf_get_current_comm(comm, sizeof(comm));
#pragma unroll
	for (i = 0; i < 15; i++) {
		if (!name[i])
			break;
		if (comm[i] != name[i])
			return 0;
	}
	return 1;
}

static __always_inline int store(void *map, int wanted, __u64 v)
{
	__u32 t = tid();

	if (wanted)
		bpf_map_update_elem(map, &t, &v, BPF_ANY);
	return 0;
}

static __always_inline int take(void *map, int n)
{
	__u32 t = tid();
	__u64 *v = bpf_map_lookup_elem(map, &t);

	if (!v)
		return 0;
	total[n] += *v;
	bpf_map_delete_elem(map, &t);
	return 0;
}

SEC("fentry/a") int in_user(args_t *ctx) { return store(&s_user, is_user(), ctx[1]); }
SEC("fexit/a") int out_user(args_t *ctx) { return is_user() ? take(&s_user, 0) : 0; }
SEC("fentry/b") int in_group(args_t *ctx) { return store(&s_group, is_group(), ctx[1]); }
SEC("fexit/b") int out_group(args_t *ctx) { return is_group() ? take(&s_group, 1) : 0; }
SEC("fentry/c") int in_under(args_t *ctx) { return store(&s_under, is_under(), ctx[1]); }
SEC("fexit/c") int out_under(args_t *ctx) { return is_under() ? take(&s_under, 2) : 0; }
SEC("fentry/d") int in_name(args_t *ctx) { return store(&s_name, is_name(), ctx[1]); }
SEC("fexit/d") int out_name(args_t *ctx) { return is_name() ? take(&s_name, 3) : 0; }

/* it deletes, whoever the task is now */
SEC("fentry/e") int in_late(args_t *ctx) { return store(&s_late, is_user(), ctx[1]); }

SEC("fexit/e")
int out_late(args_t *ctx)
{
	__u32 t = tid();
	__u64 *v = bpf_map_lookup_elem(&s_late, &t);

	if (!v)
		return 0;
	if (is_user())
		total[4] += *v;
	bpf_map_delete_elem(&s_late, &t);
	return 0;
}
