// SPDX-License-Identifier: GPL-2.0
/*
 * The table of fds, see fd.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fd.h"
#include "sys.h"

#define WORD_BITS 64
#define PRIVATE_MIN  4096
#define PRIVATE_ROOM 16384

static unsigned long known[RUN_FD_MAX / WORD_BITS];
static struct run_fd *table;
static int table_len;

static bool in_range(int fd)
{
	return fd >= 0 && fd < RUN_FD_MAX;
}

bool run_fd_is_known(int fd)
{
	return in_range(fd) && (__atomic_load_n(&known[fd / WORD_BITS], __ATOMIC_ACQUIRE) >>
				(fd % WORD_BITS)) & 1;
}

struct run_fd run_fd_get(int fd)
{
	static const struct run_fd none;

	return run_fd_is_known(fd) ? table[fd] : none;
}

static bool grow(int len)
{
	struct run_fd *grown;

	if (len <= table_len)
		return true;
	len = len < 256 ? 256 : len * 2;
	grown = realloc(table, len * sizeof(*table));
	if (!grown)
		return false;
	memset(grown + table_len, 0, (len - table_len) * sizeof(*table));
	table = grown;
	table_len = len;
	return true;
}

bool run_fd_set(int fd, enum run_fd_kind kind, void *obj)
{
	if (!in_range(fd) || !grow(fd + 1))
		return false;
	table[fd].kind = kind;
	table[fd].obj = obj;
	__atomic_fetch_or(&known[fd / WORD_BITS], 1UL << (fd % WORD_BITS), __ATOMIC_RELEASE);
	return true;
}

void run_fd_clear(int fd)
{
	if (!run_fd_is_known(fd))
		return;
	__atomic_fetch_and(&known[fd / WORD_BITS], ~(1UL << (fd % WORD_BITS)), __ATOMIC_RELEASE);
	table[fd].kind = RUN_FD_NONE;
	table[fd].obj = NULL;
}

int run_fd_next(int fd)
{
	for (; fd >= 0 && fd < table_len && fd < RUN_FD_MAX; fd++)
		if (run_fd_is_known(fd))
			return fd;
	return -1;
}

/* --- ours --- */

/*
 * The limit on open files is one on their numbers: a descriptor at or above it takes
 * nothing from the tool. To get there the limit is raised while the lock is held, and
 * put back before the tool goes on. Where the hard limit is in the way, raising that
 * too needs CAP_SYS_RESOURCE, which root has. Without it the upper half of a large limit
 * has to do, and of a small one nothing is taken: then nothing is fused.
 */
static struct rlimit limit;	/* the tool's, while it is raised */
static struct rlimit high;	/* what it was raised to */
static unsigned int raised;	/* how often; 0: it is not */
static long private_min;

/* Beyond what programs use and select() can take, and what they may use. */
static long first_number(void)
{
	if (limit.rlim_cur < PRIVATE_MIN)
		return PRIVATE_MIN;
	return limit.rlim_cur < RUN_FD_MAX / 2 ? (long)limit.rlim_cur : RUN_FD_MAX / 2;
}

static bool raise_to(rlim_t cur, rlim_t max)
{
	high.rlim_cur = cur;
	high.rlim_max = max;
	return !run_sys_nofile(&high, NULL);
}

void run_fd_raise_limit(void)
{
	rlim_t wanted;

	if (raised++ || run_sys_nofile(NULL, &limit))
		return;
	high = limit;
	private_min = first_number();
	wanted = private_min + PRIVATE_ROOM;
	if (limit.rlim_cur >= wanted ||
	    raise_to(wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted))
		return;
	raise_to(limit.rlim_max, limit.rlim_max);
	if ((long)limit.rlim_max <= private_min && limit.rlim_max >= 2 * PRIVATE_MIN)
		private_min = limit.rlim_max / 2;
}

void run_fd_restore_limit(void)
{
	struct rlimit now;

	/* unless another thread has set one of its own meanwhile */
	if (!--raised && !run_sys_nofile(NULL, &now) && now.rlim_cur == high.rlim_cur &&
	    now.rlim_max == high.rlim_max)
		run_sys_nofile(&limit, NULL);
}

void run_fd_tool_limit(struct rlimit *out)
{
	if (raised)
		*out = limit;
	else
		run_sys_nofile(NULL, out);
}

static long dup_high(int fd)
{
	long high;

	run_fd_raise_limit();
	high = run_sys_fcntl(fd, F_DUPFD_CLOEXEC, private_min);
	run_fd_restore_limit();
	/* EINVAL: the first number is beyond the limit */
	return high == -EINVAL ? -EMFILE : high;
}

int run_fd_make_private(int fd, int *holder)
{
	long high;

	if (fd < 0)
		return fd;
	high = dup_high(fd);
	run_sys_close(fd);
	if (high < 0)
		return high;
	if (!run_fd_set(high, RUN_FD_PRIVATE, holder)) {
		run_sys_close(high);
		return -EMFILE;
	}
	*holder = high;
	return 0;
}

void run_fd_close_private(int *holder)
{
	if (*holder < 0)
		return;
	run_fd_clear(*holder);
	run_sys_close(*holder);
	*holder = -1;
}

void run_fd_yield(int fd)
{
	struct run_fd slot = run_fd_get(fd);
	int *holder = slot.obj;

	run_fd_clear(fd);
	if (run_fd_make_private(fd, holder))
		*holder = -1;
}
