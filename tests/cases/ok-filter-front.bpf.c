// SPDX-License-Identifier: GPL-2.0
// Filters that the stub can look at first, and such that it cannot.
// expect: in_process out_process fused carrier=s_process key=tid state=8 exit=armed
// clock: in_process out_process no-entry
// filter: in_process out_process tgid 1000
// expect: in_thread out_thread fused carrier=s_thread key=tid state=8 exit=armed
// clock: in_thread out_thread stub
// filter: in_thread out_thread tid 1002
// expect: in_counts out_counts fused carrier=s_counts key=tid state=8 exit=armed
// filter: in_counts out_counts none 0
// expect: in_not out_not fused carrier=s_not key=tid state=8 exit=armed
// filter: in_not out_not none 0
// expect: in_or out_or fused carrier=s_or key=tid state=8 exit=armed
// filter: in_or out_or none 0
#include "case.bpf.h"

const volatile __u32 process = 1000, thread = 1002;
__u64 out[8];
HASH(s_process, __u32, __u64);
HASH(s_thread, __u32, __u64);
HASH(s_counts, __u32, __u64);
HASH(s_not, __u32, __u64);
HASH(s_or, __u32, __u64);

#define ENTER(name, condition, otherwise)			\
	SEC("fentry/" #name)					\
	int in_##name(args_t *ctx)				\
	{							\
		__u64 id = bpf_get_current_pid_tgid(), ts;	\
		__u32 t = id;					\
								\
		if (!(condition)) {				\
			otherwise;				\
			return 0;				\
		}						\
		ts = bpf_ktime_get_ns();			\
		bpf_map_update_elem(&s_##name, &t, &ts, BPF_ANY); \
		return 0;					\
	}

#define LEAVE(name, n)						\
	SEC("fexit/" #name)					\
	int out_##name(args_t *ctx)				\
	{							\
		__u32 t = tid();				\
		__u64 *ts = bpf_map_lookup_elem(&s_##name, &t);	\
								\
		if (!ts)					\
			return 0;				\
		out[n] += (bpf_ktime_get_ns() - *ts) / 1000;	\
		bpf_map_delete_elem(&s_##name, &t);		\
		return 0;					\
	}

ENTER(process, !process || id >> 32 == process, )
LEAVE(process, 0)

/* another condition stays in the entry */
ENTER(thread, (__u32)id == thread && (ctx[1] & 1), )
LEAVE(thread, 1)

/* the others are counted */
ENTER(counts, id >> 32 == process, out[5]++)
LEAVE(counts, 2)

/* all but one */
ENTER(not, id >> 32 != process, )
LEAVE(not, 3)

/* one of two */
ENTER(or, id >> 32 == process || (__u32)id == thread, )
LEAVE(or, 4)
