// SPDX-License-Identifier: GPL-2.0
// "Only tasks of this name": the stub looks at the first four characters.
// expect: in_name out_name fused carrier=s_name key=tid state=8 exit=armed
// filter: in_name out_name comm 842018865
// expect: in_short out_short fused carrier=s_short key=tid state=8 exit=armed
// filter: in_short out_short none 0
// expect: in_counts out_counts fused carrier=s_counts key=tid state=8 exit=armed
// filter: in_counts out_counts none 0
// expect: in_part out_part fused carrier=s_part key=tid state=8 exit=armed
// filter: in_part out_part none 0
// expect: in_loop out_loop fused carrier=s_loop key=tid state=8 exit=armed
// filter: in_loop out_loop none 0
// proto: name regs=4 ret=8
// proto: short regs=4 ret=8
// proto: counts regs=4 ret=8
// proto: part regs=4 ret=8
// proto: loop regs=4 ret=8
#include "case.bpf.h"

const volatile char name[16] = "1002-of", shorter[16] = "100";
__u64 out[8];
HASH(s_name, __u32, __u64);
HASH(s_short, __u32, __u64);
HASH(s_counts, __u32, __u64);
HASH(s_part, __u32, __u64);
HASH(s_loop, __u32, __u64);

static __always_inline int begins(const char *comm, const volatile char *with)
{
	int i;

#pragma unroll
	for (i = 0; i < 15; i++) {
		if (!with[i])
			break;
		if (comm[i] != with[i])
			return 0;
	}
	return 1;
}

#define ENTER(what, read, with, otherwise)			\
	SEC("fentry/" #what)					\
	int in_##what(args_t *ctx)				\
	{							\
		__u32 t = tid();				\
		char comm[16] = "";				\
		__u64 ts;					\
								\
		read;						\
		if (!begins(comm, with)) {			\
			otherwise;				\
			return 0;				\
		}						\
		ts = bpf_ktime_get_ns();			\
		bpf_map_update_elem(&s_##what, &t, &ts, BPF_ANY); \
		return 0;					\
	}

#define LEAVE(what, n)						\
	SEC("fexit/" #what)					\
	int out_##what(args_t *ctx)				\
	{							\
		__u32 t = tid();				\
		__u64 *ts = bpf_map_lookup_elem(&s_##what, &t);	\
								\
		if (!ts)					\
			return 0;				\
		out[n] += (bpf_ktime_get_ns() - *ts) / 1000 + 1; \
		bpf_map_delete_elem(&s_##what, &t);		\
		return 0;					\
	}

ENTER(name, bpf_get_current_comm(comm, 16), name, )
LEAVE(name, 0)

/* three characters are not four */
ENTER(short, bpf_get_current_comm(comm, 16), shorter, )
LEAVE(short, 1)

/* the others are counted */
ENTER(counts, bpf_get_current_comm(comm, 16), name, out[5]++)
LEAVE(counts, 2)

/* what is cut off ends earlier */
ENTER(part, bpf_get_current_comm(comm, 8), name, )
LEAVE(part, 3)

/* each round finds a name of its own */
ENTER(loop, int i = 0; do bpf_get_current_comm(comm, 16); while (++i < (ctx[0] & 3)), name, )
LEAVE(loop, 4)
