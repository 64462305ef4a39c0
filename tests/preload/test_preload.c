// SPDX-License-Identifier: GPL-2.0
/*
 * The interposer between a tool and a mocked kernel: what the tool's fds are,
 * which objects are left, what the tool is told.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "mock.h"
#include "test_check.h"

extern struct run_next mock_next;

static int map, other_map;

/* --- what a tool does --- */

static int make_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH };
	int fd = run_hook_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));

	assert_true(fd >= 0);
	return fd;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type at, unsigned int btf_id, int uses)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = BPF_PSEUDO_MAP_FD, .imm = uses },
		{},
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (__u64)(unsigned long)insns,
		.insn_cnt = 3,
		.license = (__u64)(unsigned long)"GPL",
		.expected_attach_type = at,
		.attach_btf_id = btf_id,
	};
	int fd = run_hook_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));

	assert_true(fd >= 0);
	return fd;
}

static int link_fd(int prog, enum bpf_attach_type at)
{
	union bpf_attr attr = { .link_create = { .prog_fd = prog, .attach_type = at } };
	int fd = run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr.link_create));

	assert_true(fd >= 0);
	return fd;
}

static int entry_of(unsigned int func)
{
	return link_fd(load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, func, map),
		       BPF_TRACE_FENTRY);
}

static int exit_of(unsigned int func)
{
	return link_fd(load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, func, map), BPF_TRACE_FEXIT);
}

static int event_fd(const char *func, bool ret)
{
	struct perf_event_attr attr = {
		.type = 8,
		.size = sizeof(attr),
		.config = ret,
		.config1 = (__u64)(unsigned long)func,
	};
	int fd = run_hook_perf_event_open(&attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int event_link(int prog, int event)
{
	union bpf_attr attr = {
		.link_create = { .prog_fd = prog, .target_fd = event,
				 .attach_type = BPF_PERF_EVENT }
	};
	int fd = run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));

	assert_true(fd >= 0);
	return fd;
}

static int command(int cmd, int fd)
{
	union bpf_attr attr = { .map_fd = fd };	/* first member of all used here */

	return run_hook_bpf(cmd, &attr, sizeof(attr));
}

static int lookup(int fd)
{
	return command(BPF_MAP_LOOKUP_ELEM, fd);
}

static int pin(int fd)
{
	union bpf_attr attr = { .bpf_fd = fd };

	return run_hook_bpf(BPF_OBJ_PIN, &attr, sizeof(attr));
}

/* --- what must be --- */

static void is(int fd, enum mock_type type)
{
	assert_non_null(mock_at(fd));
	assert_int_equal(mock_at(fd)->type, type);
}

static void originals(int entry, int exit)
{
	is(entry, MOCK_LINK);
	is(exit, MOCK_LINK);
	assert_int_equal(mock_count(MOCK_LINK), 2);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
	assert_int_equal(mock_tools(MOCK_NOTHING), 0);
}

static void fused(int entry, int exit)
{
	is(entry, MOCK_FUSED);
	assert_ptr_equal(mock_at(entry), mock_at(exit));
	assert_int_equal(mock_count(MOCK_LINK), 0);
	assert_int_equal(mock_tools(MOCK_NOTHING), 0);
}

/* Only what the tool has opened itself is left. */
static void all_gone(void)
{
	assert_int_equal(mock_count(MOCK_FUSED), 0);
	assert_int_equal(mock_count(MOCK_LINK), 0);
	assert_int_equal(mock_tools(MOCK_NOTHING), 0);
	assert_null(run_halves);
	assert_true(mock_privates() <= 1);	/* the one of nothing */
}

static int setup(void **state)
{
	run_next = mock_next;
	mock_reset();
	run_init(0, PAIRFUSE_HOOK_SHARED);
	map = make_map();
	other_map = make_map();
	return 0;
}

/* As for a child that attached nothing. */
static int teardown(void **state)
{
	mock_pid = 100;
	run_hook_close_range(3, ~0U, 0);
	run_hook_fork_prepare();
	run_hook_fork_child();
	while (run_progs)
		run_prog_free(run_progs);
	return 0;
}

/* --- fusing --- */

static void test_pair(void **state)
{
	int entry = entry_of(1), exit;

	is(entry, MOCK_LINK);
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(run_sys_fcntl(entry, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(run_hook_close(entry), 0);
	assert_null(mock_at(entry));
	is(exit, MOCK_NOTHING);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
	assert_int_equal(run_hook_close(exit), 0);
	all_gone();
}

static void test_exit_first(void **state)
{
	int exit = exit_of(1), entry = entry_of(1);

	fused(entry, exit);
	assert_int_equal(run_hook_close(exit), 0);
	is(entry, MOCK_NOTHING);
	assert_int_equal(run_hook_close(entry), 0);
	all_gone();
}

/* Nothing is asked about links while both originals run: both would count that. */
static void test_nothing_asked(void **state)
{
	int p1 = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 1, map);
	int p2 = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 1, map);
	int p3 = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 2, map);
	int p4 = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 2, map);

	link_fd(p1, BPF_TRACE_FENTRY);
	link_fd(p2, BPF_TRACE_FEXIT);
	link_fd(p4, BPF_TRACE_FEXIT);
	link_fd(p3, BPF_TRACE_FENTRY);
	assert_int_equal(mock_count(MOCK_LINK), 0);
	assert_int_equal(mock_count(MOCK_FUSED), 2);
	assert_int_equal(mock_both_on, 0);
}

/* What the originals have stored is not there when they are replaced, nor put back. */
static void test_left(void **state)
{
	int entry = entry_of(1), exit, array;
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY };

	mock_at(map)->left = 3;
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(mock_at(map)->left, 0);
	mock_at(map)->left = 2;
	lookup(map);
	originals(entry, exit);
	assert_int_equal(mock_at(map)->left, 0);
	run_hook_close(entry);
	run_hook_close(exit);
	array = run_hook_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	map = array;
	entry = entry_of(2);
	mock_at(array)->left = 1;	/* of as many elements */
	exit = exit_of(2);
	fused(entry, exit);
	assert_int_equal(mock_at(array)->left, 0);
}

/* The entry has made way for an exit that cannot be attached. */
static void test_link_fails(void **state)
{
	union bpf_attr attr = { .link_create = { .attach_type = BPF_TRACE_FEXIT } };
	int entry = entry_of(1), exit;

	exit = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 1, map);
	attr.link_create.prog_fd = exit;
	mock_link_error = -EBUSY;	/* once: the entry can be attached again */
	errno = 0;
	assert_int_equal(run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr.link_create)), -1);
	assert_int_equal(errno, EBUSY);
	is(entry, MOCK_LINK);
	assert_int_equal(mock_count(MOCK_LINK), 1);
	exit = link_fd(exit, BPF_TRACE_FEXIT);
	fused(entry, exit);
}

static void test_other_function(void **state)
{
	originals(entry_of(1), exit_of(2));
}

static void test_refused(void **state)
{
	int entry, exit;

	mock_refuse = true;
	entry = entry_of(1);
	exit = exit_of(1);
	originals(entry, exit);
}

static void test_attach_fails(void **state)
{
	int entry, exit;

	mock_attach_error = -EBUSY;
	entry = entry_of(1);
	exit = exit_of(1);
	originals(entry, exit);
	run_hook_close(entry);
	run_hook_close(exit);
	all_gone();
}

/* The second of two pairs with one map fails: so does the first. */
static void test_group(void **state)
{
	int entry = entry_of(1), exit = exit_of(1), entry2, exit2;

	fused(entry, exit);
	mock_attach_error = -ENOSPC;
	entry2 = entry_of(2);
	exit2 = exit_of(2);
	is(entry, MOCK_LINK);
	is(exit, MOCK_LINK);
	is(entry2, MOCK_LINK);
	is(exit2, MOCK_LINK);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
}

/* Somebody else has a copy of the entry's link. */
static void test_link_held(void **state)
{
	int entry = entry_of(1), exit;

	mock_at(entry)->refs++;
	exit = exit_of(1);
	originals(entry, exit);
	mock_at(entry)->refs--;
}

static void test_raw_tracepoint_open(void **state)
{
	union bpf_attr attr = {};
	int entry = entry_of(1), exit;

	attr.raw_tracepoint.prog_fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, 1, map);
	exit = run_hook_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	fused(entry, exit);
	lookup(map);
	originals(entry, exit);
}

static void test_again(void **state)
{
	int prog = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 1, map);
	int entry = link_fd(prog, BPF_TRACE_FENTRY), exit = exit_of(1);

	fused(entry, exit);
	run_hook_close(entry);
	is(exit, MOCK_NOTHING);
	entry = link_fd(prog, BPF_TRACE_FENTRY);
	fused(entry, exit);
}

/* The tool closes its program fds, as it may: the originals can still come back. */
static void test_programs_closed(void **state)
{
	int prog = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 1, map);
	int entry = link_fd(prog, BPF_TRACE_FENTRY), exit = exit_of(1);

	run_hook_close(prog);
	fused(entry, exit);
	lookup(map);
	originals(entry, exit);
}

/* --- events --- */

static void test_kprobe_links(void **state)
{
	int e1 = event_fd("f", false), e2 = event_fd("f", true);
	int entry = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e1);
	int exit = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e2);

	fused(entry, exit);
	fused(e1, e2);
	assert_int_equal(mock_count(MOCK_EVENT), 0);
	assert_int_equal(run_hook_ioctl(e1, PERF_EVENT_IOC_ENABLE, 0), 0);
	fused(entry, exit);
	/* as bpf_link__destroy() does it */
	assert_int_equal(run_hook_ioctl(e1, PERF_EVENT_IOC_DISABLE, 0), 0);
	assert_int_equal(run_hook_close(e1), 0);
	assert_int_equal(run_hook_close(entry), 0);
	is(exit, MOCK_NOTHING);
	is(e2, MOCK_NOTHING);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
	assert_int_equal(run_hook_ioctl(e2, PERF_EVENT_IOC_DISABLE, 0), 0);
	assert_int_equal(run_hook_close(e2), 0);
	assert_int_equal(run_hook_close(exit), 0);
	all_gone();
}

static void test_kprobe_back(void **state)
{
	int e1 = event_fd("f", false), e2 = event_fd("f", true);
	int entry = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e1);
	int exit = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e2);

	fused(entry, exit);
	lookup(map);
	originals(entry, exit);
	is(e1, MOCK_EVENT);
	is(e2, MOCK_EVENT);
	assert_ptr_equal(mock_at(entry)->event, mock_at(e1));
	assert_ptr_equal(mock_at(exit)->event, mock_at(e2));
}

static void test_set_bpf(void **state)
{
	int e1 = event_fd("f", false), e2 = event_fd("f", true);

	assert_int_equal(run_hook_ioctl(e1, PERF_EVENT_IOC_SET_BPF,
					load(BPF_PROG_TYPE_KPROBE, 0, 0, map)), 0);
	assert_int_equal(run_hook_ioctl(e2, PERF_EVENT_IOC_SET_BPF,
					load(BPF_PROG_TYPE_KPROBE, 0, 0, map)), 0);
	fused(e1, e2);
	lookup(map);
	is(e1, MOCK_EVENT);
	is(e2, MOCK_EVENT);
	assert_non_null(mock_at(e1)->prog);
	assert_non_null(mock_at(e2)->prog);
	run_hook_close(e1);
	run_hook_close(e2);
	all_gone();
}

static void test_event_asked(void **state)
{
	int e1 = event_fd("f", false), e2 = event_fd("f", true);
	int entry = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e1);
	int exit = event_link(load(BPF_PROG_TYPE_KPROBE, 0, 0, map), e2);

	fused(entry, exit);
	assert_int_equal(run_hook_ioctl(e1, PERF_EVENT_IOC_ID, 0), 0);
	originals(entry, exit);
}

/* --- back to the originals --- */

static void test_carrier_read(void **state)
{
	int entry = entry_of(1), exit = exit_of(1), calls;

	assert_int_equal(lookup(other_map), -1);
	fused(entry, exit);
	calls = mock_calls;
	lookup(other_map);		/* the call itself, nothing else */
	assert_int_equal(mock_calls, calls + 1);
	errno = 0;
	assert_int_equal(lookup(map), -1);
	assert_int_equal(errno, ENOENT);
	originals(entry, exit);
}

static void test_carrier_read_before(void **state)
{
	int entry = entry_of(1), exit;

	lookup(map);
	exit = exit_of(1);
	originals(entry, exit);
}

/* Another fd of the map, which we have not seen before. */
static void test_carrier_by_copy(void **state)
{
	int entry = entry_of(1), exit = exit_of(1), copy = run_sys_fcntl(map, F_DUPFD, 50);

	fused(entry, exit);
	lookup(copy);
	originals(entry, exit);
}

static void test_carrier_pinned(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	assert_int_equal(pin(other_map), 0);
	assert_int_equal(pin(entry), 0);
	originals(entry, exit);
}

static void test_third_program(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	load(BPF_PROG_TYPE_KPROBE, 0, 0, other_map);
	fused(entry, exit);
	load(BPF_PROG_TYPE_KPROBE, 0, 0, map);
	originals(entry, exit);
}

/* fmod_ret programs say when they are loaded where they go. */
static void test_answers(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	load(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, 2, other_map);
	fused(entry, exit);
	load(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, 1, other_map);
	originals(entry, exit);
}

static void test_update(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	fused(entry, exit);
	assert_int_equal(command(BPF_LINK_UPDATE, entry), 0);
	originals(entry, exit);
}

static void test_info(void **state)
{
	struct bpf_link_info before = {}, after = {};
	union bpf_attr attr = {};
	int entry = entry_of(1), exit;

	attr.info.bpf_fd = entry;
	attr.info.info_len = sizeof(before);
	attr.info.info = (__u64)(unsigned long)&before;
	assert_int_equal(run_hook_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	exit = exit_of(1);
	fused(entry, exit);
	attr.info.info_len = sizeof(after);
	attr.info.info = (__u64)(unsigned long)&after;
	assert_int_equal(run_hook_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	assert_int_equal(attr.info.info_len, 32);
	assert_memory_equal(&before, &after, 16);
	assert_true(after.prog_id > 0);
}

/* --- fds --- */

static void test_copies(void **state)
{
	int entry = entry_of(1), exit = exit_of(1), copy = run_hook_dup(entry);

	run_hook_close(entry);
	fused(copy, exit);
	entry = run_hook_fcntl(copy, F_DUPFD_CLOEXEC, 30);
	run_hook_close(copy);
	fused(entry, exit);
	lookup(map);
	originals(entry, exit);
}

static void test_copied_before(void **state)
{
	int entry = entry_of(1), copy = run_hook_dup(entry), exit = exit_of(1);

	fused(entry, exit);
	fused(copy, exit);
	run_hook_close(entry);
	fused(copy, exit);
	run_hook_close(copy);
	is(exit, MOCK_NOTHING);
}

static void test_overwritten(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	assert_int_equal(run_hook_dup2(entry, entry), entry);
	fused(entry, exit);
	assert_int_equal(run_hook_dup2(4000, entry), -1);	/* not open: nothing happens */
	fused(entry, exit);
	assert_int_equal(run_hook_dup3(other_map, entry, O_CLOEXEC), entry);
	is(entry, MOCK_MAP);
	is(exit, MOCK_NOTHING);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
}

/* Elements are read by a program of type iterator. */
static void test_iterator(void **state)
{
	union bpf_iter_link_info info = {};
	union bpf_attr attr = {};
	int entry = entry_of(1), exit = exit_of(1);

	attr.link_create.prog_fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 0, other_map);
	attr.link_create.attach_type = BPF_TRACE_ITER;
	attr.link_create.iter_info = (__u64)(unsigned long)&info;
	info.map.map_fd = map;
	attr.link_create.iter_info_len = 2;		/* nothing that the kernel would take */
	run_hook_close(run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)));
	attr.link_create.iter_info_len = sizeof(info);
	info.map.map_fd = other_map;
	run_hook_close(run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)));
	fused(entry, exit);
	info.map.map_fd = map;
	run_hook_close(run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)));
	originals(entry, exit);
}

/* Programs find the carrier in a map of maps. */
static void test_inner_map(void **state)
{
	union bpf_attr create = { .map_type = BPF_MAP_TYPE_HASH_OF_MAPS };
	union bpf_attr batch = {}, attr = {};
	int entry = entry_of(1), exit = exit_of(1);
	__u32 value = map, values[2];
	int outer = run_hook_bpf(BPF_MAP_CREATE, &create, sizeof(create));

	attr.map_fd = other_map;		/* just a number that is stored */
	attr.value = (__u64)(unsigned long)&value;
	run_hook_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	fused(entry, exit);
	attr.map_fd = outer;
	value = other_map;
	run_hook_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	fused(entry, exit);
	value = map;
	run_hook_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
	originals(entry, exit);

	map = make_map();
	run_hook_close(entry);
	run_hook_close(exit);
	entry = entry_of(2);
	exit = exit_of(2);
	fused(entry, exit);
	values[0] = other_map;
	values[1] = map;
	batch.batch.map_fd = outer;
	batch.batch.values = (__u64)(unsigned long)values;
	batch.batch.count = 2;
	run_hook_bpf(BPF_MAP_UPDATE_BATCH, &batch, sizeof(batch));
	originals(entry, exit);
}

/* A map fd that was seen, closed, and is the carrier's now. */
static void test_map_number_reused(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	lookup(other_map);
	run_hook_dup3(map, other_map, O_CLOEXEC);
	fused(entry, exit);
	lookup(other_map);
	originals(entry, exit);
}

static int private_prog(void)
{
	int fd;

	for (fd = run_fd_next(4096); fd >= 0; fd = run_fd_next(fd + 1))
		if (mock_at(fd) && mock_at(fd)->type == MOCK_PROG)
			break;
	return fd;
}

static void test_private(void **state)
{
	int entry = entry_of(1), exit = exit_of(1), fd, moved;

	fused(entry, exit);
	fd = private_prog();		/* for the way back */
	assert_true(fd >= 0);
	errno = 0;
	assert_int_equal(run_hook_close(fd), -1);
	assert_int_equal(errno, EBADF);
	is(fd, MOCK_PROG);
	assert_int_equal(run_hook_dup2(map, fd), fd);
	is(fd, MOCK_MAP);
	moved = private_prog();
	assert_true(moved > 0 && moved != fd);
	run_hook_close_range(100, ~0U, 0);
	assert_null(mock_at(fd));
	is(moved, MOCK_PROG);
	lookup(map);
	originals(entry, exit);
	assert_int_equal(private_prog(), -1);
}

/*
 * Open files: the tool can have as many as without us, sees the limit that it has set,
 * and what it attaches when it is at the limit is fused and put back all the same.
 */
static void fill_up(int *last)
{
	do
		*last = run_sys_nothing();
	while (*last >= 0);
	assert_int_equal(*last, -EMFILE);
}

static void test_limit(void **state)
{
	int entry, exit, last;
	struct rlimit limit;

	entry = entry_of(1);
	mock_soft = 9;			/* 3 to 8: maps, programs and links */
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(run_sys_nofile(NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, 9);
	assert_int_equal(limit.rlim_max, 65536);
	fill_up(&last);
	lookup(map);
	is(entry, MOCK_LINK);
	is(exit, MOCK_LINK);
	assert_int_equal(mock_soft, 9);
}

static void test_limit_hard(void **state)
{
	int entry, exit;

	mock_soft = mock_hard = 1024;
	mock_may_raise = true;
	entry = entry_of(1);
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(mock_soft, 1024);
	assert_int_equal(mock_hard, 1024);
}

/* A large one that cannot be raised: the tool has its lower half for itself. */
static void test_limit_half(void **state)
{
	int entry, exit;

	mock_soft = mock_hard = 8192;
	entry = entry_of(1);
	exit = exit_of(1);
	fused(entry, exit);
	assert_true(run_fd_next(exit + 1) >= 4096);
}

/* No room beyond the limit: nothing is taken from the tool, and nothing fused. */
static void test_limit_no_room(void **state)
{
	int entry, exit;

	mock_soft = mock_hard = 1024;
	run_verbose = 1;
	entry = entry_of(1);
	exit = exit_of(1);
	originals(entry, exit);
	assert_int_equal(mock_privates(), 0);
	assert_non_null(strstr(mock_said, "the hard limit 1024; raise the hard limit"));
	run_verbose = 0;
}

/* BPF's trampolines stay in use, whatever the tool closes and whoever is its child. */
static void test_anchor(void **state)
{
	int entry, exit, fd, moved;

	mock_anchor = true;
	entry = entry_of(1);
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(mock_count(MOCK_ANCHOR), 1);
	for (fd = run_fd_next(400); fd >= 0; fd = run_fd_next(fd + 1))
		if (mock_at(fd)->type == MOCK_ANCHOR)
			break;
	assert_true(fd >= 400);
	assert_int_equal(run_hook_close(fd), -1);
	assert_int_equal(run_hook_dup2(map, fd), fd);
	is(fd, MOCK_MAP);
	assert_int_equal(run_hook_close_range(3, ~0U, 0), 0);
	assert_int_equal(mock_count(MOCK_FUSED), 0);
	assert_int_equal(mock_count(MOCK_ANCHOR), 1);
	run_hook_fork_prepare();
	run_hook_fork_child();
	assert_int_equal(run_hook_close_range(3, ~0U, 0), 0);
	assert_int_equal(mock_count(MOCK_ANCHOR), 1);
	moved = run_fd_next(400);
	is(moved, MOCK_ANCHOR);
	run_fd_clear(moved);
	assert_int_equal(run_fd_next(400), -1);
}

static void test_no_anchor(void **state)
{
	int entry, exit;

	run_init(0, PAIRFUSE_HOOK_DIRECT);
	mock_anchor = true;
	entry = entry_of(1);
	exit = exit_of(1);
	fused(entry, exit);
	assert_int_equal(mock_count(MOCK_ANCHOR), 0);
}

static void test_close_range(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	fused(entry, exit);
	assert_int_equal(run_hook_close_range(3, ~0U, 0), 0);
	assert_null(mock_at(entry));
	assert_null(mock_at(exit));
	all_gone();
}

/* --- processes --- */

static void test_fork(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	run_hook_fork_prepare();
	run_hook_fork_parent();
	fused(entry, exit);
	run_hook_fork_prepare();
	mock_pid = 101;
	run_hook_fork_child();
	run_hook_close(entry);
	assert_null(mock_at(entry));
	is(exit, MOCK_FUSED);
	lookup(map);
	is(exit, MOCK_FUSED);		/* it is the parent's business */
	assert_int_equal(run_fd_next(400), -1);
}

/* Our memory, other fds. */
static void test_vfork(void **state)
{
	int entry = entry_of(1), exit = exit_of(1);

	mock_pid = 102;
	run_hook_close(entry);
	is(exit, MOCK_FUSED);
	lookup(map);
	is(exit, MOCK_FUSED);
	mock_pid = 100;
	assert_non_null(run_halves);
	run_hook_close(exit);
}

static void test_errno(void **state)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH };

	errno = 55;
	assert_true(run_hook_bpf(BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0);
	assert_int_equal(errno, 55);
	exit_of(1);
	entry_of(1);
	assert_int_equal(errno, 55);
	assert_int_equal(run_hook_close(4000), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(run_hook_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)), -1);
	assert_int_equal(errno, EBADF);
}

/* --- messages --- */

static void test_say(void **state)
{
	char text[3000];

	run_say("not with -v");
	assert_string_equal(mock_said, "");
	run_warn("a %d", 1);
	assert_string_equal(mock_said, "pairfuse: a 1\n");
	run_verbose = 1;
	mock_said[0] = '\0';
	mock_writes = 0;
	run_say("one\n\ntwo\n");
	assert_string_equal(mock_said, "pairfuse: one\npairfuse: \npairfuse: two\n");
	assert_int_equal(mock_writes, 3);	/* whole lines, each by itself */
	mock_said[0] = '\0';
	memset(text, 'x', sizeof(text));
	text[1500] = '\n';
	text[sizeof(text) - 1] = '\0';
	run_say("%s", text);
	assert_int_equal(strlen(mock_said), 2 * strlen("pairfuse: ") + strlen(text) + 1);
	assert_memory_equal(mock_said + 10, text, 1501);
	assert_memory_equal(mock_said + 1511, "pairfuse: x", 11);
	run_verbose = 0;
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(int sig)
{
	sigpipes++;
}

static void test_say_broken_pipe(void **state)
{
	sigset_t pipe, old;

	sigpipes = 0;
	signal(SIGPIPE, on_sigpipe);
	mock_broken_pipe = true;
	errno = 7;
	run_warn("nobody reads it");
	assert_int_equal(errno, 7);
	assert_int_equal(mock_writes, 1);
	assert_int_equal(sigpipes, 0);

	/* one of the tool's own, from before */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, &old);
	run_warn("nobody reads it");
	sigpending(&pipe);
	assert_false(sigismember(&pipe, SIGPIPE));
	raise(SIGPIPE);
	run_warn("nobody reads it");
	sigpending(&pipe);
	assert_true(sigismember(&pipe, SIGPIPE));
	assert_int_equal(sigpipes, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(sigpipes, 1);
	signal(SIGPIPE, SIG_DFL);
}

/* --- signals --- */

static volatile sig_atomic_t usr1s;

static void on_usr1(int sig)
{
	usr1s++;
}

/* Does a signal that comes while the tables are held get to a handler of the tool? */
static void test_signal_came(void **state)
{
	struct run_guard g;
	sigset_t usr1, old;

	usr1s = 0;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	signal(SIGUSR1, on_usr1);
	assert_true(run_enter(&g));
	assert_false(run_signal_came(&g));
	raise(SIGUSR1);
	assert_true(run_signal_came(&g));
	assert_int_equal(usr1s, 0);
	run_leave(&g);
	assert_int_equal(usr1s, 1);

	/* the tool has blocked it: it asks for it in its own way */
	sigprocmask(SIG_BLOCK, &usr1, &old);
	assert_true(run_enter(&g));
	raise(SIGUSR1);
	assert_false(run_signal_came(&g));
	run_leave(&g);
	assert_int_equal(usr1s, 1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(usr1s, 2);

	signal(SIGUSR1, SIG_IGN);
	assert_true(run_enter(&g));
	raise(SIGUSR1);
	assert_false(run_signal_came(&g));
	run_leave(&g);
	signal(SIGUSR1, SIG_DFL);
}

/* One that comes while the tool is told ends the wait that the tool is about to begin. */
static void test_signal_before_wait(void **state)
{
	mock_refuse = true;
	entry_of(1);
	exit_of(1);
	assert_true(run_has_news());
	usr1s = 0;
	signal(SIGUSR1, on_usr1);
	mock_write_signal = SIGUSR1;
	assert_int_equal(poll(NULL, 0, 20000), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(usr1s, 1);
	assert_int_equal(mock_writes, 1);
	signal(SIGUSR1, SIG_DFL);
	/* told once: the next one waits */
	assert_int_equal(poll(NULL, 0, 1), 0);
	assert_int_equal(mock_writes, 1);
}

/* --- threads --- */

/* A thread that is cancelled is so in its own calls, not in ours. */
static void test_cancel(void **state)
{
	struct run_guard g;
	int old;

	assert_true(run_enter(&g));
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	assert_int_equal(old, PTHREAD_CANCEL_DISABLE);
	run_leave(&g);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	assert_int_equal(old, PTHREAD_CANCEL_ENABLE);
	assert_true(run_enter(&g));
	run_leave(&g);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	assert_int_equal(old, PTHREAD_CANCEL_DISABLE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(self_check), T(self_check_brief), T(pair), T(nothing_asked), T(link_fails),
		T(left), T(exit_first),
		T(other_function), T(refused), T(attach_fails), T(group), T(link_held),
		T(raw_tracepoint_open), T(again), T(programs_closed), T(kprobe_links),
		T(kprobe_back), T(set_bpf), T(event_asked), T(carrier_read),
		T(carrier_read_before), T(carrier_by_copy), T(carrier_pinned),
		T(third_program), T(answers), T(update), T(info), T(iterator),
		T(inner_map), T(copies),
		T(copied_before), T(overwritten), T(map_number_reused), T(private),
		T(limit), T(limit_hard), T(limit_half), T(limit_no_room), T(anchor),
		T(no_anchor), T(close_range), T(fork), T(vfork), T(errno), T(say),
		T(say_broken_pipe), T(cancel), T(signal_came), T(signal_before_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
