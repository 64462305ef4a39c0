// SPDX-License-Identifier: GPL-2.0
/*
 * What the module must refuse, and with which errno. Every refusal is followed
 * by a look whether something stayed behind (the runner looks once more).
 */
#include "vm.h"
#include "insn.h"

#include <stddef.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int dev;
static struct counts c;
static struct pair p;

static void setup(void)
{
	dev = dev_open();
	counts_new(&c);
	pair_load(&p, CALLED, &c, 0);
}

static struct pairfuse_attach request(void)
{
	return (struct pairfuse_attach){
		.size = sizeof(struct pairfuse_attach),
		.target_fd = p.target,
		.entry_fd = p.entry,
		.exit_fd = p.exit,
		.hook = hook,
	};
}

static int try(struct pairfuse_attach *a)
{
	return ioctl(dev, PAIRFUSE_IOC_ATTACH, a);
}

static void check_untouched(void)
{
	struct pairfuse_link_info li;
	struct pairfuse_info info;

	check(!hooked(CALLED), "%s is hooked", CALLED);
	/* What was attached rightly before drains for a moment. */
	if (dev_next(dev, 0, &li))
		equal(li.state, PAIRFUSE_LINK_DRAINING, "state of a link");
	eventually(30, ({ need(dev_info(dev, &info)); info.nr_free == info.nr_stubs; }));
}

/* Whatever was refused before, a right request still works. */
static void check_usable(void)
{
	struct pairfuse_attach a = request();

	check_untouched();
	p.link = need(try(&a));
	counts_zero(&c);
	call_n(10);
	equal(pair_count(&p, C_EXIT), 10, "exit runs");
	pair_detach(&p);
	check_untouched();
}

/* Structures: sizes, flags, reserved members, pointers, request numbers. */
TEST(reject_request)
{
	struct {
		struct pairfuse_attach a;
		char more[64];
	} big;
	struct pairfuse_attach a;
	struct pairfuse_link_info li;
	struct pairfuse_info info;
	size_t i;
	int fd;
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setup();
#define BAD(err, ...) do {				\
	a = request();					\
	__VA_ARGS__;					\
	refused(try(&a), err);				\
} while (0)
	BAD(EINVAL, a.size = 0);
	BAD(EINVAL, a.size = 1);
	BAD(EINVAL, a.size = 4);
	BAD(EINVAL, a.flags = 1U << 31);
	BAD(EINVAL, a.flags = PAIRFUSE_ATTACH_F_ALL + 1);
	BAD(EINVAL, a.flags = ~0U);
	BAD(EINVAL, a.group_fd = 1);
	BAD(EINVAL, a.hook = PAIRFUSE_HOOK_DIRECT + 1);
	BAD(EINVAL, a.hook = ~0U);
	BAD(EINVAL, a.filter = PAIRFUSE_FILTER_COMM + 1);
	BAD(EINVAL, a.filter_value = 1);
	BAD(E2BIG, a.size = ~0U);
	BAD(EBADF, a.target_fd = -1);
	BAD(EBADF, a.entry_fd = -1);
	BAD(EBADF, a.exit_fd = -1);
	BAD(EBADF, a.exit_fd = 1000000);
	BAD(EBADF, a.target_fd = 0x7fffffff);
	BAD(EBADF, a.entry_fd = c.fd);		/* a map */
	BAD(EBADF, a.exit_fd = dev);
	fd = need(open("/dev/null", O_RDWR));
	BAD(EBADF, a.target_fd = fd);
	check_usable();

	/* Larger than known: fine when zero there, and not otherwise. */
	memset(&big, 0, sizeof(big));
	big.a = request();
	big.a.size = sizeof(big);
	big.more[63] = 1;
	refused(try(&big.a), E2BIG);
	big.more[63] = 0;
	close(need(try(&big.a)));

	/* Pointers that lead nowhere, or to the very end of what is mapped. */
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH, NULL), EFAULT);
	refused(ioctl(dev, PAIRFUSE_IOC_INFO, (void *)-4096UL), EFAULT);
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, (void *)0xffff888000000000UL), EFAULT);
	need(munmap(page + 4096, 4096));
	a = request();
	memcpy(page + 4096 - 16, &a, 16);
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH, page + 4096 - 16), EFAULT);
	/* Readable, but the answer cannot be written: nothing may stay attached. */
	memcpy(page, &a, sizeof(a));
	need(mprotect(page, 4096, PROT_READ));
	refused(ioctl(dev, PAIRFUSE_IOC_ATTACH, page), EFAULT);
	check_untouched();

	for (i = 5; i < 256; i += 9)
		refused(ioctl(dev, _IOC(_IOC_READ | _IOC_WRITE, PAIRFUSE_IOC_MAGIC, i, 32), &a),
			ENOTTY);
	refused(ioctl(dev, PAIRFUSE_IOC_LINK_INFO, &li), ENOTTY);

	memset(&info, 0, sizeof(info));
	info.size = sizeof(info);
	info.flags = 1;
	refused(ioctl(dev, PAIRFUSE_IOC_INFO, &info), EINVAL);
	info.flags = 0;
	info.features = 1;
	refused(ioctl(dev, PAIRFUSE_IOC_INFO, &info), EINVAL);
	memset(&li, 0, sizeof(li));
	li.size = sizeof(li);
	li.flags = 1;
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), EINVAL);
	li.flags = 0;
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), ENOENT);

	/* Never smaller than in the first version of the ABI. */
	memset(&info, 0, sizeof(info));
	info.size = sizeof(info) - 4;
	refused(ioctl(dev, PAIRFUSE_IOC_INFO, &info), EINVAL);
	memset(&li, 0, sizeof(li));
	li.size = offsetof(struct pairfuse_link_info, deep) - 8;
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), EINVAL);
	li.size += 8;
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), ENOENT);

	/* On a link */
	a = request();
	p.link = need(try(&a));
	refused(ioctl(p.link, PAIRFUSE_IOC_ATTACH, &a), ENOTTY);
	refused(ioctl(p.link, PAIRFUSE_IOC_LINK_INFO, NULL), EFAULT);
	refused(ioctl(p.link, 0x5401, &a), ENOTTY);
	pair_detach(&p);
	check_usable();
}

static void refuse_both(int fd, int err)
{
	struct pairfuse_attach a = request();

	a.entry_fd = fd;
	refused(try(&a), err);
	a = request();
	a.exit_fd = fd;
	refused(try(&a), err);
	check_untouched();
}

/* Reads or writes the slot at this offset. */
static int slot_access(int off, bool write)
{
	const struct bpf_insn insns[] = {
		LD8(R7, R1, 0),
		write ? ST8I(R7, off, 1) : LD8(R3, R7, off),
		MOVI(R0, 1),
		EXIT(),
	};

	return need(load_raw(insns, ARRAY_SIZE(insns)));
}

/* A program with BTF, which one of type EXT can replace. */
static int with_btf(void)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	struct bpf_func_info func = {};
	struct btf *btf = btf__new_empty();
	int integer, proto, fd;

	check(btf, "btf__new_empty: %s", strerror(errno));
	integer = need(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	proto = need(btf__add_func_proto(btf, integer));
	func.type_id = need(btf__add_func(btf, "vmtest", BTF_FUNC_GLOBAL, proto));
	need(btf__load_into_kernel(btf));
	opts.prog_btf_fd = btf__fd(btf);
	opts.func_info = &func;
	opts.func_info_cnt = 1;
	opts.func_info_rec_size = sizeof(func);
	fd = need(bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "vmtest", "GPL", nothing,
				ARRAY_SIZE(nothing), &opts));
	btf__free(btf);
	return fd;
}

/* A program that may go on as another one. */
static int with_tail_call(void)
{
	int progs = need(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "vmtest", 4, 4, 1, NULL));
	const struct bpf_insn insns[] = {
		LDMAPFD(R2, progs),
		MOVI(R3, 0),
		CALL(tail_call),
		MOVI(R0, 1),
		EXIT(),
	};

	return need(load_raw(insns, ARRAY_SIZE(insns)));
}

TEST(reject_program)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	static const struct bpf_insn last_word[] = {
		LD8(R3, R1, 8 * (PAIRFUSE_CTX_WORDS - 1)), MOVI(R0, 0), EXIT()
	};
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT,
		BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_XDP,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, sleepable, .prog_flags = BPF_F_SLEEPABLE);
	struct pairfuse_attach a;
	size_t i;
	int fd;

	setup();
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fd = need(load_type(types[i], nothing, ARRAY_SIZE(nothing)));
		refuse_both(fd, EBADF);
		a = request();
		a.target_fd = fd;
		refused(try(&a), EBADF);
		close(fd);
	}
	refuse_both(p.target, EBADF);
	a = request();
	a.target_fd = p.entry;
	refused(try(&a), EBADF);

	refuse_both(slot_access(PAIRFUSE_SLOT_SIZE, false), EACCES);
	refuse_both(slot_access(PAIRFUSE_SLOT_SIZE, true), EACCES);
	refuse_both(slot_access(PAIRFUSE_SLOT_SIZE - 4, false), EACCES);
	refuse_both(slot_access(4096, true), EACCES);
	refuse_both(slot_access(32760, true), EACCES);

	/* Sleepable: most kernels do not even load it. */
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "vmtest", "GPL", nothing,
			   ARRAY_SIZE(nothing), &sleepable);
	note("a sleepable program: %s", fd < 0 ? "refused by the kernel" : "loaded");
	if (fd >= 0)
		refuse_both(fd, EACCES);

	/* What is checked could become something else: see pairfuse_prog_get(). */
	refuse_both(with_btf(), EACCES);
	refuse_both(with_tail_call(), EACCES);

	/* The edges of what is allowed */
	a = request();
	a.entry_fd = slot_access(PAIRFUSE_SLOT_SIZE - 8, true);
	a.exit_fd = need(load_raw(last_word, ARRAY_SIZE(last_word)));
	close(need(try(&a)));
	/* One program as both ends */
	a = request();
	a.exit_fd = a.entry_fd;
	close(need(try(&a)));
	check_usable();
}

static void refuse_target(const char *func, int err)
{
	struct pairfuse_attach a = request();

	note("%s", func);
	a.target_fd = need(load_target(func));
	refused(try(&a), err);
	close(a.target_fd);
	check_untouched();
}

/* The kernel's verifier says no: there is no target program to give. */
static void refuse_load(const char *func)
{
	int fd;

	note("%s", func);
	check(traceable(func), "%s is not in BTF", func);
	fd = load_target(func);
	check(fd < 0, "the kernel lets %s be traced", func);
}

/* fexit on another BPF program: no function of the kernel. */
static int target_in_bpf(void)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);

	opts.attach_prog_fd = p.target;
	opts.attach_btf_id = 1;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "vmtest", "GPL", nothing,
			     ARRAY_SIZE(nothing), &opts);
}

TEST(reject_target)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	static const enum bpf_attach_type types[] = {
		BPF_TRACE_FENTRY, BPF_TRACE_RAW_TP, BPF_MODIFY_RETURN,
	};
	struct pairfuse_attach a;
	int fd, attached, regs4;
	size_t i;

	setup();
	refuse_target("pairfuse_test_args7", EPROTOTYPE);
	refuse_target("pairfuse_test_struct7", EPROTOTYPE);
	/* In C, without an ftrace call site */
	if (traceable("do_syscall_64")) {
		a = request();
		a.target_fd = load_target("do_syscall_64");
		if (a.target_fd >= 0)
			refused(try(&a), EOPNOTSUPP);
	}
	check(target_in_bpf() < 0, "a program on a program without BTF was loaded");

	refuse_load("do_exit");
	refuse_load("__x64_sys_exit_group");
	refuse_load("migrate_disable");
	refuse_load("__rcu_read_lock");
	refuse_load("pairfuse_test_ret16");

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		/* not all of these load for this function */
		fd = load_tracing(CALLED, types[i], nothing, ARRAY_SIZE(nothing));
		if (fd < 0)
			continue;
		note("attach type %d", types[i]);
		a = request();
		a.target_fd = fd;
		refused(try(&a), EBADF);
		close(fd);
	}

	/* A target program that was attached has lost its trampoline. */
	fd = need(load_target(CALLED));
	attached = need(bpf_raw_tracepoint_open(NULL, fd));
	a = request();
	a.target_fd = fd;
	refused(try(&a), ENOTUNIQ);
	close(attached);
	check_untouched();

	/* Structures in registers are fine as long as there are six. */
	a = request();
	a.target_fd = need(load_target("pairfuse_test_struct4"));
	regs4 = try(&a);
	check(regs4 >= 0, "struct in registers: %s", strerror(errno));
	close(regs4);
	check_usable();
}

static void write_jit(const char *value)
{
	int fd = need(open("/proc/sys/net/core/bpf_jit_enable", O_WRONLY | O_CLOEXEC));

	check(write(fd, value, 1) == 1, "bpf_jit_enable=%s: %s", value, strerror(errno));
	close(fd);
}

TEST(reject_jit)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };
	int fd;

	setup();
	write_jit("0");
	fd = load_raw(nothing, ARRAY_SIZE(nothing));
	write_jit("1");
	need(fd);
	refuse_both(fd, ENOEXEC);
	check_usable();
}

/* Whoever got the descriptor from root still needs the capabilities. */
TEST(reject_caps)
{
	struct pairfuse_link_info li = { .size = sizeof(li) };
	struct pairfuse_attach a;
	struct pairfuse_info info;

	setup();
	need(seteuid(65534));
	a = request();
	refused(try(&a), EPERM);
	refused(dev_info(dev, &info), EPERM);
	refused(ioctl(dev, PAIRFUSE_IOC_NEXT, &li), EPERM);
	refused(open(PAIRFUSE_DEVICE, O_RDWR), EACCES);
	need(seteuid(0));
	check_usable();
}

/*
 * Attach the pair until it is refused, at most `room` times. Returns how often
 * that went well; *err is the refusal.
 */
static unsigned int attach_all(int *links, unsigned int room, int *err)
{
	struct pairfuse_attach a;
	unsigned int i;

	*err = 0;
	for (i = 0; i < room; i++) {
		a = request();
		links[i] = try(&a);
		if (links[i] < 0) {
			*err = errno;
			break;
		}
	}
	return i;
}

/* The same on functions from number first on, until there is no stub. */
static unsigned int attach_on_many(unsigned int first, int *links, unsigned int room)
{
	unsigned int i, used = 0;
	char func[64];
	int err = 0;

	for (i = first; i < PAIRFUSE_TEST_MANY && err != ENOSPC; i++) {
		close(p.target);
		snprintf(func, sizeof(func), "pairfuse_test_many%u", i);
		p.target = need(load_target(func));
		used += attach_all(links + used, room - used, &err);
	}
	equal(err, ENOSPC, "errno when all stubs are in use");
	return used;
}

/*
 * Pairs on one function nest on the kernel's stack, so there is a limit; all
 * stubs in use is another. After that everything comes back.
 */
TEST(stubs)
{
	struct pairfuse_info info;
	unsigned int i, n, used;
	int *links, err;

	setup();
	need(dev_info(dev, &info));
	n = info.nr_free;
	links = calloc(n + 1, sizeof(*links));

	used = attach_all(links, n + 1, &err);
	equal(used, PAIRFUSE_MAX_LINKS, "pairs on one function");
	equal(err, EMLINK, "errno of one more");
	call_n(10);
	equal(pair_count(&p, C_EXIT), 10 * PAIRFUSE_MAX_LINKS, "exit runs");
	equal(pair_count(&p, C_BAD), 0, "wrong states");

	used += attach_on_many(0, links + used, n + 1 - used);
	note("%u pairs", used);
	check(used >= 256, "%u pairs", used);
	/* What is left is for leaves. */
	leaf_entries = true;
	pair_unload(&p);
	pair_load(&p, CALLED, &c, 0);
	used += attach_on_many(64, links + used, n + 1 - used);
	leaf_entries = false;
	equal(used, n, "links when all stubs are in use");
	need(dev_info(dev, &info));
	equal(info.nr_free, 0, "free stubs");
	counts_zero(&c);
	call_n(10);
	equal(pair_count(&p, C_EXIT), 10 * PAIRFUSE_MAX_LINKS, "exit runs");

	for (i = 0; i < used; i++)
		close(links[i]);
	eventually(60, ({ need(dev_info(dev, &info)); info.nr_free == n; }));
	close(p.target);
	p.target = need(load_target(CALLED));
	check_usable();
}
