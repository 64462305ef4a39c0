// SPDX-License-Identifier: GPL-2.0
/*
 * What the hooked calls mean.
 *
 * Every hook calls the tool's next function exactly once, outside of our lock,
 * with the tool's own arguments, and returns its result and errno: what we learn
 * or do happens before or after. The exceptions, all on fds that were taken from
 * the tool by replacing what is behind them: questions about the link and
 * enabling or disabling the event are answered here.
 *
 *	BPF_PROG_LOAD, MAP_CREATE	recorded
 *	LINK_CREATE, RAW_TRACEPOINT_OPEN,
 *	PERF_EVENT_IOC_SET_BPF		a half has arrived: perhaps fuse
 *	map elements from user space,	of a carrier: back to the originals first
 *	iterators, maps of maps
 *	OBJ_PIN				of a carrier or a fused link: likewise
 *	other bpf(2) and ioctl(2) on a	likewise
 *	fused link or event
 *	close, dup, fcntl ...		fds followed
 *
 * An fd of a half is counted down before the real close(); when it was the
 * half's last the partner's fds are made copies of nothing, so that the real
 * close drops the last reference to the pairfuse link, and the pair is off when
 * close() returns, as a link would be.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <asm/unistd.h>

#include <bpf/libbpf.h>

#include "fd.h"
#include "hooks.h"
#include "run.h"
#include "sys.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

struct run_next run_next;

static int fail(int err)
{
	errno = -err;
	return -1;
}

static struct run_half *half_of(int fd)
{
	struct run_fd slot = run_fd_get(fd);

	if (slot.kind == RUN_FD_LINK)
		return slot.obj;
	if (slot.kind == RUN_FD_EVENT)
		return ((struct run_event *)slot.obj)->half;
	return NULL;
}

static bool is_ours_behind(const struct run_half *half)
{
	return half && half->state != RUN_HALF_ORIGINAL;
}

/* --- bpf(2) --- */

/* The fd that a command concerns, where it is a map's elements; -1: none. */
static int element_fd(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
		return attr->map_fd;
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		return attr->batch.map_fd;
	default:
		return -1;
	}
}

/* The fd of a link or an event that a command changes or passes on; -1: none. */
static int link_fd(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_LINK_UPDATE:
		return attr->link_update.link_fd;
	case BPF_LINK_DETACH:
		return attr->link_detach.link_fd;
	case BPF_OBJ_PIN:
		return attr->bpf_fd;
	case BPF_TASK_FD_QUERY:
		return (long)attr->task_fd_query.pid == run_sys_getpid() ?
			       (int)attr->task_fd_query.fd : -1;
	case BPF_LINK_CREATE:
		return attr->link_create.target_fd;
	default:
		return -1;
	}
}

static void touch(int fd)
{
	struct run_map *map;
	__u32 id;

	if (run_fd_is_known(fd))
		return;		/* known by now to be touched, or no map */
	id = run_map_id(fd);
	map = id ? run_map_get(id) : NULL;
	if (!map)
		return;
	if (run_map_is_carrier(id))
		run_fallback(id, "the tool reads or writes the carrier map");
	if (!map->touched)
		run_generation++;
	map->touched = true;
	if (!run_map_holds_maps(fd))	/* each update may name another map */
		run_fd_set(fd, RUN_FD_MAP, NULL);
}

/* Maps put into a map of maps: programs find them there that are not known to use them. */
static void touch_inner(int cmd, const union bpf_attr *attr)
{
	const __u32 *fds = NULL;
	__u32 i, n = 1;

	if (cmd == BPF_MAP_UPDATE_ELEM) {
		fds = (const __u32 *)(unsigned long)attr->value;
	} else if (cmd == BPF_MAP_UPDATE_BATCH) {
		fds = (const __u32 *)(unsigned long)attr->batch.values;
		n = attr->batch.count;
	}
	if (!fds || !run_map_holds_maps(element_fd(cmd, attr)))
		return;
	for (i = 0; i < n; i++)
		touch(fds[i]);
}

static bool may_be_map(int fd)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n > 0)
		name[n] = '\0';
	return n <= 0 || !strcmp(name, "anon_inode:bpf-map");
}

/*
 * An iterator was made, which may read elements. Those that are not for maps have a
 * number in that place: at worst a map is taken for read that is not.
 */
static void touch_iterated(const union bpf_attr *attr, unsigned int size)
{
	const union bpf_iter_link_info *info;

	if (size < offsetof(union bpf_attr, link_create.iter_info_len) +
			   sizeof(attr->link_create.iter_info_len))
		return;
	info = (const union bpf_iter_link_info *)(unsigned long)attr->link_create.iter_info;
	if (attr->link_create.attach_type == BPF_TRACE_ITER && info &&
	    attr->link_create.iter_info_len >= sizeof(info->map.map_fd) &&
	    may_be_map(info->map.map_fd))
		touch(info->map.map_fd);
}

/* Returns true when the call was answered. */
static bool before_bpf(int cmd, union bpf_attr *attr, unsigned int size, int *err)
{
	struct run_half *half;
	int fd;

	fd = element_fd(cmd, attr);
	if (fd >= 0) {
		touch(fd);
		touch_inner(cmd, attr);
	}
	if (cmd == BPF_OBJ_GET_INFO_BY_FD) {
		half = half_of(attr->info.bpf_fd);
		if (!is_ours_behind(half))
			return false;
		*err = run_link_info_answer(half, attr);
		return true;
	}
	half = half_of(link_fd(cmd, attr));
	if (is_ours_behind(half))
		run_fallback_half(half, "the tool does more with a link than closing it");
	return false;
}

static void map_created(int fd)
{
	__u32 id = run_map_id(fd);
	struct run_map *map = id ? run_map_get(id) : NULL;

	if (map)
		map->own = true;
}

/* Of a kprobe pair, the function is not known by number. See answered in lib/analysis.c. */
static bool can_answer(const struct run_prog *prog, const struct run_pair *pair)
{
	const struct run_prog *entry = pair->entry_prog;

	if (prog->type != BPF_PROG_TYPE_LSM &&
	    (prog->type != BPF_PROG_TYPE_TRACING || prog->attach_type != BPF_MODIFY_RETURN))
		return false;
	return !entry->btf_id || (entry->btf_id == prog->btf_id &&
				  entry->btf_obj_id == prog->btf_obj_id);
}

/* A further program on a carrier map, or on the function: the verdict has to be found anew. */
static void prog_loaded(const union bpf_attr *attr, int fd)
{
	struct run_pair *pair;

	run_prog_loaded(attr, fd);
	for (pair = run_pairs; pair && run_progs; pair = pair->next)
		if (pair->state == RUN_PAIR_FUSED && run_prog_uses_map(run_progs, pair->carrier))
			run_fallback(pair->carrier, "another program uses the carrier map");
		else if (pair->state == RUN_PAIR_FUSED && can_answer(run_progs, pair))
			run_fallback(pair->carrier,
				     "a program was loaded that can answer the function's calls");
}

static void pinned(int fd)
{
	struct run_half *half;
	struct run_map *map;
	__u32 id;

	half = half_of(fd);
	if (half) {
		half->pinned = true;
		return;
	}
	if (!may_be_map(fd))
		return;
	id = run_map_id(fd);
	map = id ? run_map_get(id) : NULL;
	if (!map)
		return;
	map->pinned = true;
	run_generation++;
	if (run_map_is_carrier(id))
		run_fallback(id, "the carrier map was pinned");
}

static void after_bpf(int cmd, const union bpf_attr *attr, unsigned int size, int ret)
{
	struct run_half *half;

	switch (cmd) {
	case BPF_PROG_LOAD:
		prog_loaded(attr, ret);
		break;
	case BPF_MAP_CREATE:
		map_created(ret);
		break;
	case BPF_OBJ_PIN:
		pinned(attr->bpf_fd);
		break;
	case BPF_LINK_UPDATE:
		half = half_of(attr->link_update.link_fd);
		if (half)
			half->at = RUN_AT_OTHER;	/* runs another program now */
		run_generation++;
		return;
	case BPF_LINK_CREATE:
		touch_iterated(attr, size);
		break;
	}
}

static bool attaches(int cmd)
{
	return cmd == BPF_LINK_CREATE || cmd == BPF_RAW_TRACEPOINT_OPEN;
}

/* For `attached are programs of type...`, the names that libbpf has for them. */
static const char *kind_of(int cmd, const union bpf_attr *attr, const struct run_half *half)
{
	static const char *const names[] = {
		[RUN_AT_FENTRY]	   = "fentry",
		[RUN_AT_FEXIT]	   = "fexit",
		[RUN_AT_KPROBE]	   = "kprobe",
		[RUN_AT_KRETPROBE] = "kretprobe",
		[RUN_AT_SYS_ENTER] = "sys_enter",
		[RUN_AT_SYS_EXIT]  = "sys_exit",
	};
	const char *name = NULL;

	if (half && half->at != RUN_AT_OTHER)
		return names[half->at];
	if (half && half->event)
		return half->prog->type == BPF_PROG_TYPE_KPROBE ? "kprobe" : "tracepoint";
	if (half && cmd == BPF_RAW_TRACEPOINT_OPEN)
		name = half->prog->type == BPF_PROG_TYPE_TRACING ?
			       libbpf_bpf_attach_type_str(half->prog->attach_type) :
			       "raw_tracepoint";
	else if (cmd == BPF_LINK_CREATE && attr->link_create.attach_type != BPF_PERF_EVENT)
		name = libbpf_bpf_attach_type_str(attr->link_create.attach_type);
	return name ? name : "uprobe or perf_event";
}

static struct run_half *expect(int cmd, const union bpf_attr *attr, unsigned int size)
{
	struct run_half *half = NULL;

	if (attaches(cmd))
		half = run_half_expect(cmd, attr, size);
	if (half)
		run_prepare(half);
	return half;
}

/* The call that attaches it has returned. */
static void settle(struct run_half *half, int fd)
{
	if (fd >= 0 && run_half_arrived(half, fd)) {
		run_fuse(half);
		return;
	}
	if (fd < 0)
		run_half_failed(half);
	run_prepared_in_vain();
}

static bool is_watched(int cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_PROG_LOAD:
	case BPF_MAP_CREATE:
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_OBJ_PIN:
	case BPF_LINK_UPDATE:
	case BPF_LINK_DETACH:
	case BPF_TASK_FD_QUERY:
		return true;
	case BPF_OBJ_GET_INFO_BY_FD:
		return run_fd_is_known(attr->info.bpf_fd);
	default:
		return element_fd(cmd, attr) >= 0 && !run_fd_is_known(element_fd(cmd, attr));
	}
}

long run_hook_bpf(int cmd, union bpf_attr *uattr, unsigned int size)
{
	union bpf_attr attr = {};	/* callers may give a shorter one */
	struct run_half *half = NULL;
	struct run_guard g;
	bool answered;
	int err = 0;
	long ret;

	if (!uattr || size < 12)	/* down to info.info_len and the like */
		return run_next.bpf(cmd, uattr, size);
	memcpy(&attr, uattr, size < sizeof(attr) ? size : sizeof(attr));
	if (cmd == BPF_PROG_LOAD)
		run_follow_end();	/* it is the tool, and no wrapper */
	if (!is_watched(cmd, &attr) || !run_enter(&g))
		return run_next.bpf(cmd, uattr, size);
	answered = before_bpf(cmd, &attr, size, &err);
	if (!answered)
		half = expect(cmd, &attr, size);
	run_leave(&g);
	if (answered) {
		if (err)
			return fail(err);
		uattr->info.info_len = attr.info.info_len;
		return 0;
	}
	ret = run_next.bpf(cmd, uattr, size);
	if ((ret >= 0 || half) && run_enter(&g)) {
		if (ret >= 0)
			after_bpf(cmd, &attr, size, ret);
		if (ret >= 0 && attaches(cmd))
			run_attached(kind_of(cmd, &attr, half));
		if (half)
			settle(half, ret);
		run_leave(&g);
	}
	return ret;
}

/* --- perf events --- */

long run_hook_perf_event_open(struct perf_event_attr *attr, int pid, int cpu, int group,
			      unsigned long flags)
{
	long fd = run_next.perf_event_open(attr, pid, cpu, group, flags);
	struct run_guard g;

	if (fd >= 0 && group == -1 && pid == -1 && attr->type != PERF_TYPE_HARDWARE &&
	    attr->type != PERF_TYPE_SOFTWARE && run_enter(&g)) {
		run_event_opened(attr, pid, cpu, flags, fd);
		run_leave(&g);
	}
	return fd;
}

static struct run_half *expect_set(int fd, int prog_fd)
{
	struct run_fd slot = run_fd_get(fd);
	struct run_half *half;

	half = slot.kind == RUN_FD_EVENT ? run_half_expect_event(slot.obj, prog_fd) : NULL;
	if (half)
		run_prepare(half);
	return half;
}

/*
 * Programs on kprobes and tracepoints run whether their event is enabled or
 * not, so on a fused one both are nothing to do.
 */
static bool before_ioctl(int fd, unsigned long request)
{
	struct run_half *half = half_of(fd);

	if (!is_ours_behind(half))
		return false;
	if (run_fd_get(fd).kind == RUN_FD_EVENT &&
	    (request == PERF_EVENT_IOC_ENABLE || request == PERF_EVENT_IOC_DISABLE))
		return true;
	run_fallback_half(half, "the tool does more with an event than closing it");
	return false;
}

int run_hook_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct run_half *half = NULL;
	struct run_guard g;
	bool answered;
	int ret;

	if ((!run_fd_is_known(fd) && request != PERF_EVENT_IOC_SET_BPF) || !run_enter(&g))
		return run_next.ioctl(fd, request, arg);
	answered = before_ioctl(fd, request);
	if (!answered && request == PERF_EVENT_IOC_SET_BPF)
		half = expect_set(fd, arg);
	run_leave(&g);
	if (answered)
		return 0;
	ret = run_next.ioctl(fd, request, arg);
	if (request == PERF_EVENT_IOC_SET_BPF && run_enter(&g)) {
		if (!ret)
			run_attached(kind_of(0, NULL, half));
		if (half)
			settle(half, ret);
		run_leave(&g);
	}
	return ret;
}

/* --- fds --- */

/* The tool gives the number up. False: it is ours, and for the tool not open. */
static bool give_up(int fd)
{
	struct run_fd slot = run_fd_get(fd);

	if (slot.kind == RUN_FD_PRIVATE)
		return false;
	run_fd_clear(fd);
	if (slot.kind == RUN_FD_LINK)
		run_half_put_link(slot.obj);
	else if (slot.kind == RUN_FD_EVENT)
		run_event_put(slot.obj);
	return true;
}

int run_hook_close(int fd)
{
	struct run_guard g;
	bool tools;

	if (!run_fd_is_known(fd) || !run_enter(&g))
		return run_next.close(fd);
	tools = give_up(fd);
	run_leave(&g);
	return tools ? run_next.close(fd) : fail(-EBADF);
}

static void copied(int fd, int copy)
{
	struct run_fd slot = run_fd_get(fd);

	if (slot.kind == RUN_FD_NONE || slot.kind == RUN_FD_PRIVATE)
		return;
	if (!run_fd_set(copy, slot.kind, slot.obj))
		return;
	if (slot.kind == RUN_FD_LINK)
		((struct run_half *)slot.obj)->nr_links++;
	else if (slot.kind == RUN_FD_EVENT)
		((struct run_event *)slot.obj)->nr_fds++;
}

static int record_copy(int fd, int copy)
{
	struct run_guard g;

	if (copy >= 0 && run_fd_is_known(fd) && run_enter(&g)) {
		copied(fd, copy);
		run_leave(&g);
	}
	return copy;
}

int run_hook_dup(int fd)
{
	return record_copy(fd, run_next.dup(fd));
}

/* newfd is about to be closed by dup2(), if fd is open at all. */
static void before_dup_over(int fd, int newfd)
{
	struct run_guard g;

	if (fd == newfd || !run_fd_is_known(newfd) || run_sys_fcntl(fd, F_GETFD, 0) < 0 ||
	    !run_enter(&g))
		return;
	if (!give_up(newfd))
		run_fd_yield(newfd);
	run_leave(&g);
}

int run_hook_dup2(int fd, int newfd)
{
	int ret;

	before_dup_over(fd, newfd);
	ret = run_next.dup2(fd, newfd);
	return fd == newfd ? ret : record_copy(fd, ret);
}

int run_hook_dup3(int fd, int newfd, int flags)
{
	before_dup_over(fd, newfd);
	return record_copy(fd, run_next.dup3(fd, newfd, flags));
}

int run_hook_fcntl(int fd, int cmd, unsigned long arg)
{
	int ret = run_next.fcntl(fd, cmd, arg);

	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? record_copy(fd, ret) : ret;
}

/* Close what is the tool's in [first, last], around what is ours. */
static int close_around(unsigned int first, unsigned int last, int flags)
{
	int fd, ret = 0;

	for (fd = run_fd_next(first); fd >= 0 && (unsigned int)fd <= last;
	     fd = run_fd_next(fd + 1)) {
		if (give_up(fd))
			continue;
		if ((unsigned int)fd > first)
			ret = run_sys_close_range(first, fd - 1, flags);
		first = fd + 1;
		if (ret)
			return ret;
	}
	return first <= last ? run_sys_close_range(first, last, flags) : 0;
}

int run_hook_close_range(unsigned int first, unsigned int last, int flags)
{
	struct run_guard g;
	int ret;

	if (first > last || first > INT_MAX || flags & CLOSE_RANGE_CLOEXEC || !run_enter(&g))
		return run_next.close_range(first, last, flags);
	ret = close_around(first, last, flags);
	run_leave(&g);
	return ret ? fail(ret) : 0;
}

/* --- processes --- */

static struct run_guard fork_guard;
static bool forking;

/* The lock is held across fork(), so that the child finds the tables in order. */
void run_hook_fork_prepare(void)
{
	struct run_guard g;

	if (!run_enter(&g))
		return;
	fork_guard = g;
	forking = true;
}

void run_hook_fork_parent(void)
{
	if (!forking)
		return;
	forking = false;
	run_follow_forked();
	run_leave(&fork_guard);
}

/*
 * Pairs and attachments are the parent's; the child has copies of their fds,
 * which keep them alive as they would keep a link, and closing a copy changes
 * nothing. What the child attaches itself, with programs that it inherited, is
 * its own.
 */
void run_hook_fork_child(void)
{
	struct run_pair *pair;
	struct run_storage *storage;
	struct run_map *map;

	if (!forking)
		return;
	forking = false;
	for (map = run_maps; map; map = map->next)
		for (storage = map->storages; storage; storage = storage->next)
			run_fd_close_private(&storage->fd);
	for (pair = run_pairs; pair; pair = pair->next)
		pair->state = RUN_PAIR_REFUSED;
	while (run_pairs)
		run_pair_free(run_pairs);
	run_half_forget_all();
	run_say_forget();
	run_report_forget();
	run_is_followed = true;
	run_init(run_verbose, run_hook);
	run_leave(&fork_guard);
}

void run_hook_exit(int status)
{
	struct run_guard g;

	if (run_verbose && run_enter(&g)) {
		run_pair_tell(true);
		run_leave(&g);
	}
	run_report_exit(status);
}
