// SPDX-License-Identifier: GPL-2.0
/*
 * Attached programs: halves of pairs, perhaps.
 *
 * The tool holds a half by fds: those of its link, those of its perf event, or
 * both. Taking a half off means that these fds, at their numbers, become
 * copies of something else, so that the kernel's objects lose their last
 * reference; the tool goes on closing them as if nothing had happened.
 *
 *	ORIGINAL --take_off--> OFF --put_fused--> FUSED
 *	    ^                   | ^-----------------'  take_fused_off
 *	    '-----restore-------'
 *
 * A link that somebody else holds too (a child that inherited it, a process
 * that it was sent to) would go on running beside the pair; the kernel says
 * whether the link's id is still there, and then it is put back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "run.h"
#include "sys.h"

struct run_half *run_halves;
static struct run_event *events;

/* --- made --- */

static struct run_half *half_new(struct run_prog *prog, enum run_how how)
{
	struct run_half *half;

	if (!prog)
		return NULL;
	half = calloc(1, sizeof(*half));
	if (!half)
		return NULL;
	half->prog = prog;
	half->how = how;
	half->prog_fd = -1;
	half->next = run_halves;
	run_halves = half;
	prog->nr_halves++;
	return half;
}

static void event_check(struct run_event *event);

static void half_free(struct run_half *half)
{
	struct run_half **p = &run_halves;

	while (*p && *p != half)
		p = &(*p)->next;
	if (*p)
		*p = half->next;
	run_fd_close_private(&half->prog_fd);
	if (half->event)
		half->event->half = NULL;
	half->prog->nr_halves--;
	run_generation++;
	free(half);
}

static void keep_attr(struct run_half *half, const union bpf_attr *attr, unsigned int size)
{
	memcpy(&half->link_attr, attr,
	       size < sizeof(half->link_attr) ? size : sizeof(half->link_attr));
	half->link_attr_size = size < sizeof(half->link_attr) ? size : sizeof(half->link_attr);
}

/*
 * The analysis knew already where fentry and fexit programs go, once each; the
 * place of others is news, and so is a cookie.
 */
static void count_news(const struct run_half *half)
{
	if ((half->at != RUN_AT_FENTRY && half->at != RUN_AT_FEXIT) || half->prog->nr_halves > 1 ||
	    half->cookie)
		run_generation++;
}

static void at_btf_func(struct run_half *half)
{
	const struct run_prog *prog = half->prog;

	if (prog->type != BPF_PROG_TYPE_TRACING || !prog->btf_id)
		return;
	if (prog->attach_type == BPF_TRACE_FENTRY)
		half->at = RUN_AT_FENTRY;
	else if (prog->attach_type == BPF_TRACE_FEXIT)
		half->at = RUN_AT_FEXIT;
	snprintf(half->site, sizeof(half->site), "btf %u %u", prog->btf_obj_id, prog->btf_id);
}

static void at_event(struct run_half *half, struct run_event *event)
{
	enum bpf_prog_type want;

	half->event = event;
	event->half = half;
	half->at = run_probe_resolve(&event->attr, event->pid, half->prog->type, half->func);
	want = half->at == RUN_AT_KPROBE || half->at == RUN_AT_KRETPROBE ?
		       BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_TRACEPOINT;
	if (half->prog->type != want)
		half->at = RUN_AT_OTHER;
	snprintf(half->site, sizeof(half->site), "%s", half->func);
}

/* --- expected: the tool is about to attach it --- */

static struct run_half *expect_on_event(const union bpf_attr *attr, struct run_prog *prog)
{
	struct run_fd target = run_fd_get(attr->link_create.target_fd);
	struct run_half *half;

	if (target.kind != RUN_FD_EVENT || ((struct run_event *)target.obj)->half)
		return NULL;
	half = half_new(prog, RUN_HOW_EVENT_LINK);
	if (!half)
		return NULL;
	at_event(half, target.obj);
	half->cookie = attr->link_create.perf_event.bpf_cookie;
	return half;
}

static struct run_half *expect_on_func(const union bpf_attr *attr, struct run_prog *prog)
{
	struct run_half *half = half_new(prog, RUN_HOW_LINK);

	if (half && attr->link_create.attach_type == prog->attach_type &&
	    !attr->link_create.target_fd && !attr->link_create.target_btf_id) {
		at_btf_func(half);
		half->cookie = attr->link_create.tracing.cookie;
	}
	return half;
}

struct run_half *run_half_expect(int cmd, const union bpf_attr *attr, unsigned int size)
{
	struct run_half *half;

	if (cmd == BPF_RAW_TRACEPOINT_OPEN) {
		half = half_new(run_prog_by_fd(attr->raw_tracepoint.prog_fd), RUN_HOW_RAW_TP);
		if (half && !attr->raw_tracepoint.name)
			at_btf_func(half);
	} else if (attr->link_create.attach_type == BPF_PERF_EVENT) {
		half = expect_on_event(attr, run_prog_by_fd(attr->link_create.prog_fd));
	} else {
		half = expect_on_func(attr, run_prog_by_fd(attr->link_create.prog_fd));
	}
	if (!half)
		return NULL;
	keep_attr(half, attr, size);
	half->expected = true;
	count_news(half);
	return half;
}

struct run_half *run_half_expect_event(struct run_event *event, int prog_fd)
{
	struct run_half *half;

	if (event->half)
		return NULL;
	half = half_new(run_prog_by_fd(prog_fd), RUN_HOW_EVENT);
	if (half) {
		at_event(half, event);
		half->expected = true;
		count_news(half);
	}
	return half;
}

void run_half_failed(struct run_half *half)
{
	struct run_event *event = half->event;

	half_free(half);
	if (event)
		event_check(event);
}

bool run_half_arrived(struct run_half *half, int fd)
{
	bool here = half->how == RUN_HOW_EVENT ? half->event->nr_fds > 0 :
						 run_fd_set(fd, RUN_FD_LINK, half);

	if (!here) {
		run_half_failed(half);
		return false;
	}
	half->expected = false;
	half->nr_links = half->how != RUN_HOW_EVENT;
	return true;
}

/* --- perf events --- */

struct run_event *run_event_opened(const struct perf_event_attr *attr, int pid, int cpu,
				   unsigned long flags, int fd)
{
	const char *func = (const char *)(unsigned long)attr->config1;
	struct run_event *event = calloc(1, sizeof(*event));
	__u32 size = attr->size ? attr->size : PERF_ATTR_SIZE_VER0;
	char ignored[RUN_NAME_LEN];
	enum run_at at;

	if (!event)
		return NULL;
	memcpy(&event->attr, attr, size < sizeof(*attr) ? size : sizeof(*attr));
	event->attr.size = size < sizeof(*attr) ? size : sizeof(*attr);
	event->pid = pid;
	event->cpu = cpu;
	event->flags = flags;
	if (attr->type != PERF_TYPE_TRACEPOINT) {
		at = run_probe_resolve(&event->attr, pid, BPF_PROG_TYPE_KPROBE, ignored);
		if (at == RUN_AT_OTHER || strlen(func) >= sizeof(event->func)) {
			free(event);
			return NULL;
		}
		strcpy(event->func, func);
		event->attr.config1 = (__u64)(unsigned long)event->func;
	}
	if (!run_fd_set(fd, RUN_FD_EVENT, event)) {
		free(event);
		return NULL;
	}
	event->nr_fds = 1;
	event->next = events;
	events = event;
	return event;
}

/* Freed when neither an fd nor a half needs it any more. */
static void event_check(struct run_event *event)
{
	struct run_event **p = &events;

	if (event->nr_fds || event->half)
		return;
	while (*p && *p != event)
		p = &(*p)->next;
	if (*p)
		*p = event->next;
	free(event);
}

/* --- gone --- */

static void half_gone(struct run_half *half)
{
	struct run_event *event = half->event;

	if (half->pair)
		run_unfuse(half->pair, half);
	half_free(half);
	if (event)
		event_check(event);
}

void run_half_put_link(struct run_half *half)
{
	if (!--half->nr_links && half->how != RUN_HOW_EVENT)
		half_gone(half);
}

void run_event_put(struct run_event *event)
{
	event->nr_fds--;
	if (!event->nr_fds && event->half && event->half->how == RUN_HOW_EVENT &&
	    !event->half->expected)
		half_gone(event->half);
	else
		event_check(event);
}

/* --- what the fds are copies of --- */

static bool is_fd_of(int fd, const struct run_half *half)
{
	struct run_fd slot = run_fd_get(fd);

	return (slot.kind == RUN_FD_LINK && slot.obj == half) ||
	       (slot.kind == RUN_FD_EVENT && slot.obj == half->event);
}

/* dup3() over an fd of the tool's, which keeps its close-on-exec flag. */
static int replace(int fd, int by)
{
	long flags = run_sys_fcntl(fd, F_GETFD, 0);
	long err = run_sys_dup3(by, fd, flags >= 0 && !(flags & FD_CLOEXEC) ? 0 : O_CLOEXEC);

	return err < 0 ? err : 0;
}

/* All fds of the link and of the event; -1: leave those as they are. */
static int replace_all(struct run_half *half, int link, int event)
{
	int fd, by, err, ret = 0;

	for (fd = run_fd_next(0); fd >= 0; fd = run_fd_next(fd + 1)) {
		if (!is_fd_of(fd, half))
			continue;
		by = run_fd_get(fd).kind == RUN_FD_LINK ? link : event;
		err = by < 0 ? 0 : replace(fd, by);
		if (err)
			ret = err;
	}
	return ret;
}

static int any_link_fd(struct run_half *half)
{
	int fd;

	for (fd = run_fd_next(0); fd >= 0; fd = run_fd_next(fd + 1))
		if (is_fd_of(fd, half) && run_fd_get(fd).kind == RUN_FD_LINK)
			return fd;
	return -1;
}

/* One for all, opened before anything is attached: opening a file is an event too. */
static int nothing = -1;

int run_half_nothing(void)
{
	int err = nothing < 0 ? run_fd_make_private(run_sys_nothing(), &nothing) : 0;

	return err ? err : nothing;
}

static int replace_by_nothing(struct run_half *half)
{
	int fd = run_half_nothing();

	return fd < 0 ? fd : replace_all(half, fd, fd);
}

static long fd_by_id(int cmd, __u32 id)
{
	union bpf_attr attr = {};

	attr.link_id = id;		/* one union with prog_id and map_id */
	return run_sys_bpf(cmd, &attr, sizeof(attr));
}

/* Does somebody else hold the link? Then the fds get it back. */
static int check_gone(struct run_half *half)
{
	long fd = half->link_id ? fd_by_id(BPF_LINK_GET_FD_BY_ID, half->link_id) : -ENOENT;

	if (fd < 0)
		return 0;
	replace_all(half, fd, -1);
	run_sys_close(fd);
	return -EBUSY;
}

int run_half_hold(struct run_half *half)
{
	if (half->prog_fd >= 0)
		return 0;
	return run_fd_make_private(fd_by_id(BPF_PROG_GET_FD_BY_ID, half->prog->id),
				   &half->prog_fd);
}

void run_half_know(struct run_half *half)
{
	if (half->how != RUN_HOW_EVENT && !half->info_len)
		run_link_info_read(half, any_link_fd(half));
}

/* The link alone: its event is needed again if it is still held. */
static int take_link_off(struct run_half *half)
{
	int fd = run_half_nothing(), err;

	run_half_know(half);
	err = fd < 0 ? fd : replace_all(half, fd, -1);
	return err ? err : check_gone(half);
}

int run_half_take_off(struct run_half *half)
{
	int err;

	if (half->state == RUN_HALF_OFF)
		return 0;
	if (half->pinned)
		return -EBUSY;
	err = run_half_hold(half);
	if (!err && half->how != RUN_HOW_EVENT)
		err = take_link_off(half);
	if (err) {
		run_fd_close_private(&half->prog_fd);
		return err;
	}
	half->state = RUN_HALF_OFF;
	return replace_by_nothing(half);
}

int run_half_put_fused(struct run_half *half, int link)
{
	int err = replace_all(half, link, link);

	if (!err)
		half->state = RUN_HALF_FUSED;
	return err;
}

void run_half_take_fused_off(struct run_half *half)
{
	replace_by_nothing(half);
	half->state = RUN_HALF_OFF;
	half->pair = NULL;
}

/* --- putting back --- */

static int relink(struct run_half *half, int event)
{
	union bpf_attr attr = half->link_attr;
	long fd;
	int err;

	if (half->how == RUN_HOW_RAW_TP)
		attr.raw_tracepoint.prog_fd = half->prog_fd;
	else
		attr.link_create.prog_fd = half->prog_fd;
	if (event >= 0)
		attr.link_create.target_fd = event;
	fd = run_sys_bpf(half->how == RUN_HOW_RAW_TP ? BPF_RAW_TRACEPOINT_OPEN : BPF_LINK_CREATE,
			 &attr, half->link_attr_size);
	if (fd < 0)
		return fd;
	err = replace_all(half, fd, -1);
	if (!err)
		run_link_info_read(half, any_link_fd(half));
	run_sys_close(fd);
	return err;
}

static int reopen(struct run_half *half)
{
	struct run_event *event = half->event;
	long fd, err;

	fd = run_sys_perf_event_open(&event->attr, event->pid, event->cpu, -1, event->flags);
	if (fd < 0)
		return fd;
	if (half->how == RUN_HOW_EVENT)
		err = run_sys_ioctl(fd, PERF_EVENT_IOC_SET_BPF, half->prog_fd);
	else
		err = relink(half, fd);
	if (!err)
		err = run_sys_ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	if (!err)
		err = replace_all(half, -1, fd);
	run_sys_close(fd);
	return err;
}

int run_half_restore(struct run_half *half)
{
	int err;

	if (half->state == RUN_HALF_ORIGINAL)
		return 0;
	err = half->event ? reopen(half) : relink(half, -1);
	if (err)
		return err;
	half->state = RUN_HALF_ORIGINAL;
	half->pair = NULL;
	run_fd_close_private(&half->prog_fd);
	return 0;
}

void run_half_forget_all(void)
{
	struct run_half *half;
	int fd;

	run_fd_close_private(&nothing);
	for (fd = run_fd_next(0); fd >= 0; fd = run_fd_next(fd + 1))
		if (run_fd_get(fd).kind == RUN_FD_LINK || run_fd_get(fd).kind == RUN_FD_EVENT)
			run_fd_clear(fd);
	while ((half = run_halves))
		half_free(half);
	while (events) {
		events->nr_fds = 0;
		event_check(events);
	}
}
