// SPDX-License-Identifier: GPL-2.0
/* See mock.h. The tool's calls and the interposer's own end in the same kernel. */
#include "mock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"

#define NR_FDS 8192

static struct mock_obj *fds[NR_FDS];
static bool cloexec[NR_FDS];
static struct mock_obj *objs[1000];
static unsigned int last_id;

long mock_pid = 100;
int mock_calls;
int mock_attach_error;
int mock_link_error;
bool mock_refuse;
int mock_both_on;
bool mock_anchor;
char mock_said[8192];
unsigned int mock_writes;
bool mock_broken_pipe;
int mock_write_signal;
long mock_soft = 1024, mock_hard = 65536;
bool mock_may_raise;

struct mock_obj *mock_at(int fd)
{
	return fd >= 0 && fd < NR_FDS ? fds[fd] : NULL;
}

int mock_count(enum mock_type type)
{
	unsigned int i;
	int n = 0;

	for (i = 1; i <= last_id; i++)
		n += objs[i] && objs[i]->type == type;
	return n;
}

int mock_tools(enum mock_type type)
{
	int fd, n = 0;

	for (fd = 0; fd < NR_FDS; fd++)
		n += fds[fd] && fds[fd]->type == type && run_fd_get(fd).kind != RUN_FD_PRIVATE;
	return n;
}

int mock_privates(void)
{
	int fd, n = 0;

	for (fd = run_fd_next(0); fd >= 0; fd = run_fd_next(fd + 1))
		n += run_fd_get(fd).kind == RUN_FD_PRIVATE;
	return n;
}

static struct mock_obj *new_obj(enum mock_type type)
{
	struct mock_obj *o = calloc(1, sizeof(*o));

	o->type = type;
	o->id = ++last_id;
	objs[o->id] = o;
	return o;
}

static void put(struct mock_obj *o)
{
	if (!o || --o->refs)
		return;
	objs[o->id] = NULL;
	put(o->prog);
	put(o->event);
	free(o);
}

static int install(struct mock_obj *o, int min, bool exec)
{
	int fd = min;

	if (!o)
		return -ENOENT;
	if (min >= mock_soft)
		return -EINVAL;
	while (fds[fd])
		fd++;
	if (fd >= mock_soft || fd >= NR_FDS) {
		if (!o->refs) {
			o->refs = 1;
			put(o);
		}
		return -EMFILE;
	}
	fds[fd] = o;
	cloexec[fd] = exec;
	o->refs++;
	return fd;
}

void mock_reset(void)
{
	int fd;

	for (fd = 0; fd < NR_FDS; fd++) {
		put(fds[fd]);
		fds[fd] = NULL;
	}
	/* what the interposer remembers is forgotten as in a child */
	mock_pid = 100;
	mock_attach_error = 0;
	mock_link_error = 0;
	mock_refuse = false;
	mock_both_on = 0;
	mock_anchor = false;
	mock_said[0] = '\0';
	mock_writes = 0;
	mock_broken_pipe = false;
	mock_write_signal = 0;
	mock_soft = 1024;
	mock_hard = 65536;
	mock_may_raise = false;
}

/* --- system calls --- */

static void prog_info(struct mock_obj *o, struct bpf_prog_info *info)
{
	info->id = o->id;
	info->attach_btf_obj_id = 1;
	info->attach_btf_id = o->btf_id;
}

static long get_info(union bpf_attr *attr)
{
	struct mock_obj *o = mock_at(attr->info.bpf_fd);
	void *out = (void *)(unsigned long)attr->info.info;
	struct bpf_link_info *link = out;
	struct bpf_map_info *map = out;

	if (!o)
		return -EBADF;
	switch (o->type) {
	case MOCK_PROG:
		prog_info(o, out);
		return 0;
	case MOCK_MAP:
		map->type = o->map_type;
		map->id = o->id;
		map->max_entries = 1;
		return 0;
	case MOCK_LINK:
		link->type = o->event ? BPF_LINK_TYPE_PERF_EVENT : BPF_LINK_TYPE_TRACING;
		link->id = o->id;
		link->prog_id = o->prog->id;
		attr->info.info_len = 32;
		return 0;
	default:
		return -EINVAL;
	}
}

static long by_id(unsigned int id, enum mock_type type)
{
	struct mock_obj *o = id <= last_id ? objs[id] : NULL;

	return o && o->type == type ? install(o, 3, true) : -ENOENT;
}

static long link_create(int prog_fd, int event_fd)
{
	struct mock_obj *prog = mock_at(prog_fd), *event = mock_at(event_fd), *o;
	int err;

	if (!prog || prog->type != MOCK_PROG || (event_fd > 0 && !event))
		return -EBADF;
	if (mock_link_error) {
		err = mock_link_error;
		mock_link_error = 0;
		return err;
	}
	o = new_obj(MOCK_LINK);
	o->prog = prog;
	prog->refs++;
	if (event_fd > 0) {
		o->event = event;
		event->refs++;
	}
	return install(o, 3, true);
}

static long drop_element(struct mock_obj *map)
{
	if (!map || !map->left)
		return -ENOENT;
	map->left--;
	return 0;
}

long run_sys_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	struct mock_obj *o;

	mock_calls++;
	switch (cmd) {
	case BPF_PROG_LOAD:
		o = new_obj(MOCK_PROG);
		o->btf_id = attr->attach_btf_id;
		return install(o, 3, true);
	case BPF_MAP_CREATE:
		o = new_obj(MOCK_MAP);
		o->map_type = attr->map_type;
		return install(o, 3, true);
	case BPF_OBJ_GET_INFO_BY_FD:
		o = mock_at(attr->info.bpf_fd);
		mock_both_on += o && o->type == MOCK_LINK &&
				mock_count(MOCK_LINK) > 1;
		return get_info(attr);
	case BPF_LINK_CREATE:
		return link_create(attr->link_create.prog_fd, attr->link_create.target_fd);
	case BPF_RAW_TRACEPOINT_OPEN:
		return link_create(attr->raw_tracepoint.prog_fd, 0);
	case BPF_LINK_GET_FD_BY_ID:
		return by_id(attr->link_id, MOCK_LINK);
	case BPF_PROG_GET_FD_BY_ID:
		return by_id(attr->prog_id, MOCK_PROG);
	case BPF_MAP_GET_FD_BY_ID:
		return by_id(attr->map_id, MOCK_MAP);
	case BPF_MAP_GET_NEXT_KEY:
		return mock_at(attr->map_fd)->left ? 0 : -ENOENT;
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_UPDATE_ELEM:
		return drop_element(mock_at(attr->map_fd));
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_UPDATE_BATCH:
		return -ENOENT;
	case BPF_LINK_UPDATE:
		o = mock_at(attr->link_update.link_fd);
		return o && o->type == MOCK_LINK ? 0 : -EINVAL;
	case BPF_OBJ_PIN:
		o = mock_at(attr->bpf_fd);
		return o && o->type != MOCK_FUSED && o->type != MOCK_NOTHING ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

long run_sys_perf_event_open(const struct perf_event_attr *attr, int pid, int cpu, int group,
			     unsigned long flags)
{
	mock_calls++;
	return install(new_obj(MOCK_EVENT), 3, true);
}

long run_sys_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct mock_obj *o = mock_at(fd), *prog;

	mock_calls++;
	if (!o || o->type != MOCK_EVENT)
		return -ENOTTY;
	if (request == PERF_EVENT_IOC_SET_BPF) {
		prog = mock_at(arg);
		if (!prog || prog->type != MOCK_PROG || o->prog)
			return -EINVAL;
		o->prog = prog;
		prog->refs++;
	}
	return 0;
}

long run_sys_close(int fd)
{
	struct mock_obj *o = mock_at(fd);

	mock_calls++;
	if (!o)
		return -EBADF;
	fds[fd] = NULL;
	put(o);
	return 0;
}

long run_sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	unsigned int fd;

	for (fd = first; fd <= last && fd < NR_FDS; fd++)
		run_sys_close(fd);
	return 0;
}

long run_sys_dup3(int fd, int newfd, int flags)
{
	struct mock_obj *o = mock_at(fd), *old = mock_at(newfd);

	mock_calls++;
	if (!o)
		return -EBADF;
	fds[newfd] = o;
	cloexec[newfd] = flags & O_CLOEXEC;
	o->refs++;
	put(old);
	return newfd;
}

long run_sys_fcntl(int fd, int cmd, long arg)
{
	struct mock_obj *o = mock_at(fd);

	mock_calls++;
	if (!o)
		return -EBADF;
	switch (cmd) {
	case F_GETFD:
		return cloexec[fd] ? FD_CLOEXEC : 0;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return install(o, arg, cmd == F_DUPFD_CLOEXEC);
	default:
		return -EINVAL;
	}
}

long run_sys_getpid(void)
{
	return mock_pid;
}

long run_sys_write(int fd, const void *buf, size_t len)
{
	mock_writes++;
	if (mock_write_signal)
		raise(mock_write_signal);
	if (mock_broken_pipe) {
		raise(SIGPIPE);
		return -EPIPE;
	}
	strncat(mock_said, buf, len < sizeof(mock_said) - 1 - strlen(mock_said) ?
					len : sizeof(mock_said) - 1 - strlen(mock_said));
	return len;
}

int pairfuse_anchor(void)
{
	if (!mock_anchor)
		return -ENOENT;
	mock_anchor = false;
	return install(new_obj(MOCK_ANCHOR), 3, true);
}

long run_sys_nofile(const struct rlimit *limit, struct rlimit *old)
{
	if (old) {
		old->rlim_cur = mock_soft;
		old->rlim_max = mock_hard;
	}
	if (!limit)
		return 0;
	if ((long)limit->rlim_max > mock_hard && !mock_may_raise)
		return -EPERM;
	mock_soft = limit->rlim_cur;
	mock_hard = limit->rlim_max;
	return 0;
}

long run_sys_nothing(void)
{
	return install(new_obj(MOCK_NOTHING), 3, true);
}

long run_sys_read_file(const char *path, char *buf, size_t len)
{
	const char *text = strstr(path, "/kprobe/type") ? "8\n" :
			   strstr(path, "/format/retprobe") ? "config:0\n" : NULL;

	if (!text)
		return -ENOENT;
	strcpy(buf, text);
	return strlen(text);
}

/* --- what the tool calls --- */

static long libc(long ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static long next_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return libc(run_sys_bpf(cmd, attr, size));
}

static long next_perf_event_open(struct perf_event_attr *attr, int pid, int cpu, int group,
				 unsigned long flags)
{
	return libc(run_sys_perf_event_open(attr, pid, cpu, group, flags));
}

static int next_ioctl(int fd, unsigned long request, unsigned long arg)
{
	return libc(run_sys_ioctl(fd, request, arg));
}

static int next_close(int fd)
{
	return libc(run_sys_close(fd));
}

static int next_close_range(unsigned int first, unsigned int last, int flags)
{
	return libc(run_sys_close_range(first, last, flags));
}

static int next_dup(int fd)
{
	return libc(run_sys_fcntl(fd, F_DUPFD, 0));
}

static int next_dup2(int fd, int newfd)
{
	return libc(run_sys_dup3(fd, newfd, 0));
}

static int next_dup3(int fd, int newfd, int flags)
{
	return libc(run_sys_dup3(fd, newfd, flags));
}

static int next_fcntl(int fd, int cmd, unsigned long arg)
{
	return libc(run_sys_fcntl(fd, cmd, arg));
}

struct run_next mock_next = {
	next_bpf, next_perf_event_open, next_ioctl, next_close, next_close_range,
	next_dup, next_dup2, next_dup3, next_fcntl,
};

/* --- the engine: pairs by function, the carrier is the entry's first map --- */

static void offer(struct run_prog *entry, struct run_prog *exit, const char *func)
{
	struct run_pair *pair = run_pair_get(entry, exit, func);

	pair->carrier = entry->nr_insns ? entry->insns[0].imm : 0;
	if (mock_refuse || run_map_get(pair->carrier)->touched ||
	    run_map_get(pair->carrier)->pinned) {
		if (pair->state == RUN_PAIR_FUSED)
			run_fallback(pair->carrier, "refused");
		run_pair_refuse(pair, PAIRFUSE_REASON_CARRIER_USER, "on request");
		return;
	}
	pair->reason = PAIRFUSE_REASON_NONE;
	if (pair->state == RUN_PAIR_REFUSED && !pair->final)
		pair->state = RUN_PAIR_READY;
}

/* Where these go is known when they are loaded. */
static void offer_typed(void)
{
	struct run_prog *a, *b;

	for (a = run_progs; a; a = a->next)
		if (a->type == BPF_PROG_TYPE_TRACING)
			snprintf(a->func, sizeof(a->func), "func%u", a->btf_id);
	for (a = run_progs; a; a = a->next)
		for (b = run_progs; b; b = b->next)
			if (a->attach_type == BPF_TRACE_FENTRY && b->btf_id == a->btf_id &&
			    b->attach_type == BPF_TRACE_FEXIT)
				offer(a, b, a->func);
}

int run_engine_update(void)
{
	struct run_half *a, *b;

	offer_typed();
	for (a = run_halves; a; a = a->next)
		for (b = run_halves; b; b = b->next)
			if (a->func[0] && run_at_is_entry(a->at) &&
			    b->at == run_at_partner(a->at) && !strcmp(a->site, b->site))
				offer(a->prog, b->prog, a->func);
	return 0;
}

void run_engine_warm(void)
{
}

int run_engine_attach(struct run_pair *pair)
{
	if (mock_attach_error) {
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH, "on request");
		return mock_attach_error;
	}
	run_anchor();
	return install(new_obj(MOCK_FUSED), 3, true);
}
