// SPDX-License-Identifier: GPL-2.0
// Where the stub can take the times, and where it cannot.
// expect: in_only out_only fused carrier=s_only key=tid state=8 exit=armed
// clock: in_only out_only no-entry
// expect: in_inplace out_inplace fused carrier=s_inplace key=task state=16 exit=armed
// clock: in_inplace out_inplace stub
// expect: in_filter out_filter fused carrier=s_filter key=tid state=8 exit=armed
// clock: in_filter out_filter stub
// expect: in_end out_end fused carrier=s_end key=tid state=8 exit=armed
// clock: in_end out_end stub
// expect: in_both out_both fused carrier=s_both key=tid state=8 exit=armed
// clock: in_both out_both programs
// expect: in_later out_later fused carrier=s_later key=tid state=8 exit=armed
// clock: in_later out_later programs
// expect: in_half out_half fused carrier=s_half key=tid state=4 exit=armed
// clock: in_half out_half programs
// expect: in_once out_once fused carrier=s_once key=tid state=16 exit=armed
// clock: in_once out_once programs
// expect: in_always out_always fused carrier=s_always key=tid state=8 exit=always
// clock: in_always out_always programs
// expect: in_fields out_fields fused carrier=s_fields key=tid state=24 exit=armed
// clock: in_fields out_fields stub
#include "case.bpf.h"

struct fields {
	__u64 a, ts, b;
};

__u64 out[16];
HASH(s_only, __u32, __u64);
HASH(s_filter, __u32, __u64);
HASH(s_end, __u32, __u64);
HASH(s_both, __u32, __u64);
HASH(s_later, __u32, __u64);
HASH(s_half, __u32, __u64);
HASH(s_once, __u32, struct fields);
HASH(s_always, __u32, __u64);
HASH(s_fields, __u32, struct fields);

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct fields);
} s_inplace SEC(".maps");

#define ENTER(name, condition, value)				\
	SEC("fentry/" #name)					\
	int in_##name(args_t *ctx)				\
	{							\
		__u32 t = tid();				\
		__u64 ts;					\
								\
		if (!(condition))				\
			return 0;				\
		ts = value;					\
		bpf_map_update_elem(&s_##name, &t, &ts, BPF_ANY); \
		return 0;					\
	}

#define LEAVE(name, without, with)				\
	SEC("fexit/" #name)					\
	int out_##name(args_t *ctx)				\
	{							\
		__u64 now = bpf_ktime_get_ns();			\
		__u32 t = tid();				\
		__u64 *ts = bpf_map_lookup_elem(&s_##name, &t);	\
								\
		if (!ts) {					\
			without;				\
			return 0;				\
		}						\
		with;						\
		bpf_map_delete_elem(&s_##name, &t);		\
		return 0;					\
	}

/* nothing but the difference, which is never negative */
ENTER(only, 1, bpf_ktime_get_ns())
LEAVE(only, , {
	__s64 delta = now - *ts;

	if (delta >= 0)
		out[0] += (__u64)delta / 1000;
	else
		out[0] = 1;
})

/* something is left to do for the entry */
ENTER(filter, ctx[1] & 1, bpf_ktime_get_ns())
LEAVE(filter, , out[1] += now - *ts)

/* the exit's time is wanted too */
ENTER(end, 1, bpf_ktime_get_ns())
LEAVE(end, , { out[2] += now - *ts; out[3] = now; })

/* so is the entry's */
ENTER(both, 1, bpf_ktime_get_ns())
LEAVE(both, , { out[4] += now - *ts; out[5] = *ts; })

/* what is stored is no time */
ENTER(later, 1, bpf_ktime_get_ns() + ctx[1])
LEAVE(later, , out[6] += now - *ts)

/* not the whole difference */
ENTER(half, 1, bpf_ktime_get_ns())
LEAVE(half, , out[7] += (__u32)now - *(volatile __u32 *)ts)

/* without state there is no time */
ENTER(always, ctx[1] & 1, bpf_ktime_get_ns())
LEAVE(always, out[8]++, out[9] += now - *ts)

/* a time on one way, something else on another */
SEC("fentry/once")
int in_once(args_t *ctx)
{
	struct fields f = { .a = ctx[1] };
	__u32 t = tid();

	if (ctx[1] & 1)
		f.ts = bpf_ktime_get_ns();
	bpf_map_update_elem(&s_once, &t, &f, BPF_ANY);
	return 0;
}

SEC("fexit/once")
int out_once(args_t *ctx)
{
	__u32 t = tid();
	struct fields *f = bpf_map_lookup_elem(&s_once, &t);

	if (!f)
		return 0;
	out[10] += f->a;
	out[11] += bpf_ktime_get_ns() - f->ts;
	bpf_map_delete_elem(&s_once, &t);
	return 0;
}

/* one of several fields */
SEC("fentry/fields")
int in_fields(args_t *ctx)
{
	struct fields f = { .a = ctx[0], .ts = bpf_ktime_get_ns(), .b = ctx[1] };
	__u32 t = tid();

	bpf_map_update_elem(&s_fields, &t, &f, BPF_ANY);
	return 0;
}

SEC("fexit/fields")
int out_fields(args_t *ctx)
{
	__u32 t = tid();
	struct fields *f = bpf_map_lookup_elem(&s_fields, &t);

	if (!f)
		return 0;
	out[12] += f->a ^ f->b;
	out[13] += bpf_ktime_get_ns() - f->ts;
	bpf_map_delete_elem(&s_fields, &t);
	return 0;
}

/* written where it is kept */
SEC("fentry/inplace")
int in_inplace(args_t *ctx)
{
	struct fields *f = bpf_task_storage_get(&s_inplace, bpf_get_current_task_btf(), 0,
						BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!f)
		return 0;
	f->ts = bpf_ktime_get_ns();
	f->a = ctx[1];
	return 0;
}

SEC("fexit/inplace")
int out_inplace(args_t *ctx)
{
	struct fields *f = bpf_task_storage_get(&s_inplace, bpf_get_current_task_btf(), 0, 0);

	if (!f)
		return 0;
	out[14] += f->a;
	out[15] += bpf_ktime_get_ns() - f->ts;
	bpf_task_storage_delete(&s_inplace, bpf_get_current_task_btf());
	return 0;
}
