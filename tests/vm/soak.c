// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of random functions attached and detached while stress-ng keeps the machine
 * busy, again and again. What the programs have counted must be what the links have
 * counted, and memory must not grow.
 *
 * SOAK in the environment: for how many seconds, in groups of 200 (default: two groups
 * of 12 and less of a load).
 */
#include "vm.h"
#include "insn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_GROUP 200
#define LEEWAY_KB 3072		/* how much memory differs anyhow */

/* Where calls of the timed stubs are counted; the pair's own counts come first. */
enum { C_TIMED = NR_PAIR_COUNTS };

/* What stress-ng does makes the kernel call functions with such names. */
static const char *const prefixes[] = {
	"pipe_", "anon_pipe_", "vfs_", "ksys_", "do_sys_", "__x64_sys_", "ext4_", "sock_",
	"unix_", "inet_", "tcp_", "security_", "d_", "path_", "filp_", "folio_", "filemap_",
	"copy_", "dup_", "mm_", "vma_", "anon_vma_", "generic_", "wake_up_", "kernel_", "shmem_",
	"do_", "lookup_", "alloc_", "mark_", "proc_", "sched_", "get_", "put_", "skb_",
};

/* Every other one is from here, so that enough of them are called. */
static const char *const busy[] = {
	"__x64_sys_read", "__x64_sys_write", "__x64_sys_close", "__x64_sys_clone", "__x64_sys_poll",
	"__x64_sys_wait4", "__x64_sys_mmap", "__x64_sys_munmap", "__x64_sys_openat", "vfs_read",
	"vfs_write", "ksys_read", "ksys_write", "kernel_clone", "kernel_wait4", "pipe_read",
	"pipe_write", "anon_pipe_read", "anon_pipe_write", "copy_process", "dup_mm", "dup_task_struct",
	"handle_mm_fault", "do_wp_page", "do_anonymous_page", "security_file_permission",
	"security_file_open", "security_task_alloc", "do_filp_open", "do_sys_openat2", "vfs_open",
	"path_openat", "unmap_vmas", "free_pgtables", "exit_mmap", "exit_files", "mmput",
	"wake_up_new_task", "rw_verify_area", "anon_vma_fork", "anon_vma_clone", "vm_area_dup",
	"unlink_anon_vmas", "wp_page_copy", "copy_page_range", "fput", "put_files_struct",
	"alloc_pid", "free_pid", "release_task", "do_wait", "do_notify_parent", "__vm_munmap",
};

/*
 * Those that do not return (the verifier of some kernels refuses them, that of others
 * does not), and those that asking for counts calls.
 */
static const char *const never[] = {
	"do_exit", "do_group_exit", "__x64_sys_exit", "__x64_sys_exit_group", "do_task_dead",
	"do_idle", "sched_idle", "security_capable", "security_file_ioctl", "do_vfs_ioctl",
	"vfs_ioctl", "__x64_sys_ioctl",
};

static char **functions;
static size_t nr_functions;

static bool wanted(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(never); i++)
		if (!strcmp(name, never[i]))
			return false;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* Functions of modules have their module behind their name. */
static void read_functions(void)
{
	FILE *f = fopen("/sys/kernel/tracing/available_filter_functions", "re");
	char line[512];

	check(f, "available_filter_functions: %s", strerror(errno));
	functions = calloc(100000, sizeof(*functions));
	while (fgets(line, sizeof(line), f) && nr_functions < 100000) {
		line[strcspn(line, "\n")] = '\0';
		if (!strchr(line, ' ') && wanted(line))
			functions[nr_functions++] = strdup(line);
	}
	fclose(f);
	check(nr_functions > 1000, "%zu functions", nr_functions);
}

struct member {
	int target, link;
	bool timed;
	const struct pair *pair;	/* when it is not */
};

struct group {
	struct member member[MAX_GROUP];
	unsigned int nr;
};

static int dev;
static bool is_long;
static struct counts c;
static struct pair usual, by_leaf;	/* by_leaf: its entry calls nothing */
static int leaf;

/* -1: not in BTF, twice, or on one of the kernel's deny lists. */
static int random_target(void)
{
	const char *func = random_below(2) ? busy[random_below(ARRAY_SIZE(busy))]
					   : functions[random_below(nr_functions)];

	return traceable(func) ? load_target(func) : -1;
}

static int attach(struct member *m)
{
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = m->timed ? PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_NO_ENTRY : 0,
		.target_fd = m->target,
		.entry_fd = m->timed ? -1 : m->pair->entry,
		.exit_fd = m->timed ? leaf : m->pair->exit,
		.hook = hook,
	};
	int link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);

	/* the refusals that depend on the function */
	check(link >= 0 || errno == EPROTOTYPE || errno == EOPNOTSUPP || errno == EMLINK,
	      "attach: %s", strerror(errno));
	return link;
}

/* What the verifier has to do is done before it gets busy. */
static void group_load(struct group *g, unsigned int size)
{
	unsigned int tries;

	for (tries = g->nr = 0; g->nr < size && tries < 10 * size; tries++) {
		int target = random_target();

		if (target >= 0)
			g->member[g->nr++] = (struct member){
				target, -1, random_below(3) == 0,
				random_below(2) ? &usual : &by_leaf,
			};
	}
	check(g->nr == size, "%u targets after %u tries", g->nr, tries);
}

static void group_attach(struct group *g)
{
	unsigned int i, n = 0;

	for (i = 0; i < g->nr; i++) {
		struct member m = g->member[i];

		m.link = attach(&m);
		close(m.target);
		if (m.link >= 0)
			g->member[n++] = m;
	}
	check(n > g->nr / 2, "%u of %u attached", n, g->nr);
	g->nr = n;
}

struct sums {
	u64 entries, exits, timed, called;
};

static struct sums sum(struct group *g)
{
	struct pairfuse_link_info li;
	struct sums s = {};
	unsigned int i;

	for (i = 0; i < g->nr; i++) {
		link_info(g->member[i].link, &li);
		s.called += !!li.entered;
		if (g->member[i].timed) {
			s.timed += li.runs;
		} else {
			s.entries += li.entered - li.entry_missed;
			s.exits += li.runs;
		}
	}
	return s;
}

/*
 * entered = runs + not armed + missed + in flight, with what the programs themselves
 * have counted in place of the first two. Exact when nothing moves for a moment.
 */
static void check_counts(struct group *g)
{
	struct sums before, after;
	double end = now() + 30 * slower;
	u64 entry, exit, timed;

	do {
		check(now() < end, "the machine does not come to rest");
		before = sum(g);
		entry = c.v[C_ENTRY];
		exit = c.v[C_EXIT];
		timed = c.v[C_TIMED];
		after = sum(g);
	} while (memcmp(&before, &after, sizeof(before)));
	equal(entry, after.entries, "entry runs, and calls without a miss");
	equal(exit, after.exits, "exit runs, and what the module counted");
	equal(timed, after.timed, "exit runs of timed stubs, and what the module counted");
	equal(c.v[C_BAD], 0, "wrong states");
	note("%llu and %llu calls, %llu of %u functions called", (unsigned long long)entry,
	     (unsigned long long)timed, (unsigned long long)after.called, g->nr);
	check(after.called, "no function was called");
}

static void group_detach(struct group *g)
{
	/* not in the order in which they came */
	while (g->nr) {
		unsigned int i = random_below(g->nr);

		need(close(g->member[i].link));
		g->member[i] = g->member[--g->nr];
	}
}

static pid_t stress_start(void)
{
	pid_t pid = need(fork());

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		close_range(3, ~0U, 0);
		need(chdir("/scratch"));
		execlp("stress-ng", "stress-ng", "-q", "--pipe", "1", "--fork", "1", is_long ? "--dentry" : NULL,
		       "1", "--dentries", "64", "--sock", "1", "--hdd", "1", "--hdd-bytes", "4M",
		       "--vm", "1", "--vm-bytes", "32M", NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	return pid;
}

static void stress_stop(pid_t pid)
{
	int status;

	check(!waitpid(pid, &status, WNOHANG), "stress-ng has ended, status %x", status);
	/* its workers clean up and go with it */
	need(kill(pid, SIGINT));
	need(waitpid(pid, &status, 0));
}

static u64 meminfo(const char *what)
{
	FILE *f = fopen("/proc/meminfo", "re");
	size_t len = strlen(what);
	char line[128];
	u64 kb = 0;

	check(f, "/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, what, len) && line[len] == ':')
			kb = strtoull(line + len + 1, NULL, 10);
	fclose(f);
	check(kb, "no %s in /proc/meminfo", what);
	return kb;
}

/*
 * Two who sleep in a function since they were last disturbed: the reader of the kernel's
 * log, and init in wait(), which gets an orphan.
 */
static void poke(void)
{
	int fd = need(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
	pid_t pid;

	need(write(fd, "vmtest\n", 7));
	close(fd);
	pid = need(fork());
	if (!pid)
		_exit(fork() < 0);
	need(waitpid(pid, NULL, 0));
}

static const char *const memory[] = { "SUnreclaim", "VmallocUsed", "Percpu", "KernelStack" };

static void measure(u64 *kb)
{
	int fd = need(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));
	struct pairfuse_link_info li = {};
	struct pairfuse_info info;
	double end;
	size_t i;

	/* all stubs are free, all programs gone */
	for (end = now() + 60 * slower;; pause_ms(500)) {
		need(dev_info(dev, &info));
		if (info.nr_free == info.nr_stubs && info.nr_timed_free == info.nr_timed_stubs)
			break;
		poke();
		if (now() > end) {
			while (dev_next(dev, li.id, &li))
				note("left: %s, %llu of %llu in flight", li.target, li.in_flight,
				     li.entered);
			fail("some stubs are still in use");
		}
	}
	sync();
	equal(write(fd, "3", 1), 1, "drop_caches");
	close(fd);
	/* RCU's callbacks */
	pause_ms(1500);
	for (i = 0; i < ARRAY_SIZE(memory); i++)
		kb[i] = meminfo(memory[i]);
}

static int leaf_load(void)
{
	const struct bpf_insn insns[] = {
		LDMAP(R2, c.fd, 8 * C_TIMED),
		MOVI(R3, 1),
		INC(R2, 0, R3),
		MOVI(R0, 0),
		EXIT(),
	};

	return need(load_raw(insns, ARRAY_SIZE(insns)));
}

TEST(soak)
{
	const char *seconds = getenv("SOAK");
	const double start = now(), end = start + (seconds ? atof(seconds) : 0);
	u64 first[ARRAY_SIZE(memory)], last[ARRAY_SIZE(memory)];
	unsigned int round, links = 0;
	struct group g = {};
	size_t i;

	is_long = end > start;
	dev = dev_open();
	neighbour_anchor();
	counts_new(&c);
	pair_load(&usual, CALLED, &c, 0);
	leaf_entries = true;
	pair_load(&by_leaf, CALLED, &c, 0);
	leaf_entries = false;
	leaf = leaf_load();
	read_functions();
	/* the first round finds out what there is to allocate once */
	for (round = 0; round < 2 || now() < end; round++) {
		double began, attached;
		pid_t stress;

		group_load(&g, is_long ? MAX_GROUP : 12);
		stress = stress_start();
		began = now();
		counts_zero(&c);
		group_attach(&g);
		attached = now();
		pause_ms(500);
		stress_stop(stress);
		check_counts(&g);
		links += g.nr;
		stress = stress_start();
		group_detach(&g);
		note("round %u: attached in %.1f s, all in %.1f s", round, attached - began,
		     now() - began);
		stress_stop(stress);
		measure(last);
		if (!round)
			memcpy(first, last, sizeof(first));
		for (i = 0; i < ARRAY_SIZE(memory); i++)
			note("  %s %llu kB", memory[i], (unsigned long long)last[i]);
	}
	note("%u links in %u groups, %.0f s", links, round, now() - start);
	for (i = 0; i < ARRAY_SIZE(memory); i++)
		check(last[i] <= first[i] + LEEWAY_KB, "%s has grown from %llu to %llu kB", memory[i],
		      (unsigned long long)first[i], (unsigned long long)last[i]);
}
