// SPDX-License-Identifier: GPL-2.0
/*
 * What a tool's link says about itself while the pair runs instead: the
 * struct bpf_link_info that the kernel gave for the original.
 *
 * Only its pointers need care. They belong to whoever asks, are followed by the
 * length of the buffer, and get a name: the function of a kprobe, or the
 * tracepoint.
 */
#include <errno.h>
#include <string.h>

#include "run.h"
#include "sys.h"

/* struct bpf_link_info of a perf event, which older headers lack */
struct perf_event_info {
	__u32 type, id, prog_id, pad;
	__u32 event_type, pad2;
	__u64 name;
	__u32 name_len;
};

#define EVENT_KPROBE	 3	/* enum bpf_perf_event_type */
#define EVENT_KRETPROBE	 4
#define EVENT_TRACEPOINT 5

static bool has_name(const struct perf_event_info *info, __u32 len)
{
	return len >= sizeof(*info) && info->type == BPF_LINK_TYPE_PERF_EVENT &&
	       info->event_type >= EVENT_KPROBE && info->event_type <= EVENT_TRACEPOINT;
}

void run_link_info_read(struct run_half *half, int fd)
{
	const struct bpf_link_info *info = (void *)half->info;
	union bpf_attr attr = {};

	memset(half->info, 0, sizeof(half->info));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(half->info);
	attr.info.info = (__u64)(unsigned long)half->info;
	half->link_id = 0;
	half->info_len = 0;
	if (run_sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)))
		return;
	half->info_len = attr.info.info_len;
	half->link_id = info->id;
}

/* The name goes where the caller wants it; tracepoints are known by number only. */
static int answer_name(const struct run_half *half, struct perf_event_info *out, __u64 buf,
		       __u32 buf_len)
{
	size_t len = strlen(half->func) + 1;

	if (!buf != !buf_len)
		return -EINVAL;
	out->name = buf;
	out->name_len = len;
	if (!buf)
		return 0;
	if (len > buf_len)
		return -ENOSPC;
	memcpy((void *)(unsigned long)buf, half->func, len);
	return 0;
}

int run_link_info_answer(const struct run_half *half, union bpf_attr *attr)
{
	void *user = (void *)(unsigned long)attr->info.info;
	struct perf_event_info *want = user, answer;
	__u32 len = attr->info.info_len;
	int err = 0;

	if (!half->info_len)
		return -EINVAL;
	if (len > half->info_len)
		len = half->info_len;
	memcpy(&answer, half->info, sizeof(answer));
	if (has_name(&answer, len))
		err = answer_name(half, &answer, want->name, want->name_len);
	if (err)
		return err;
	memcpy(user, half->info, len);
	if (has_name(&answer, len))
		memcpy(user, &answer, sizeof(answer));
	attr->info.info_len = len;
	return 0;
}
