// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that the shared hook has sent to a stub, and that are not there yet: a BPF
 * trampoline on the same function comes first, and its programs may sleep, or have
 * the function not called at all. See LATE in kmod/drain.c.
 */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

enum { WHERE = 50, WHO };	/* counts: the page that the program reads, and in which thread */

static struct counts c;

/* --- a program that waits for a page --- */

static int sleepable(enum bpf_prog_type type, enum bpf_attach_type at, const char *func)
{
	const struct bpf_insn insns[] = {
		LDMAP(R1, c.fd, 8 * WHERE),
		LD8(R6, R1, 0),
		LD8(R7, R1, 8),
		CALL(get_current_pid_tgid),
		INSN(BPF_ALU | BPF_MOV | BPF_X, R0, R0, 0, 0),
		MOVI(R8, 0),
		JEQ(R0, R7, 2),
		MOVI(R0, 0),
		EXIT(),
		MOV(R1, FP),
		ADDI(R1, -8),
		MOVI(R2, 8),
		MOV(R3, R6),
		CALL(copy_from_user),
		MOVI(R0, 0),
		EXIT(),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = at,
		.prog_flags = BPF_F_SLEEPABLE);
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC);

	btf__free(btf);
	if (id < 0)
		return -1;
	opts.attach_btf_id = id;
	return bpf_prog_load(type, "vmtest", "GPL", insns, ARRAY_SIZE(insns), &opts);
}

static void call_getsid(void)
{
	need(getsid(0));
}

static void call_prctl(void)
{
	equal(prctl(PR_GET_DUMPABLE), 1, "PR_GET_DUMPABLE");
}

/* Where such programs are allowed depends on the kernel. */
static const struct place {
	const char *func;
	enum bpf_prog_type type;
	enum bpf_attach_type at;
	void (*call)(void);
} places[] = {
	{ CALLED, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, call_getsid },
	{ "bpf_lsm_task_prctl", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, call_prctl },
};

static const struct place *find_place(int *prog)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		*prog = sleepable(places[i].type, places[i].at, places[i].func);
		if (*prog >= 0)
			return &places[i];
		note("%s: no program that sleeps", places[i].func);
	}
	return NULL;
}

/* --- the page --- */

static int page_fd;
static void *page;

static void page_missing(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(page != MAP_FAILED, "mmap: %s", strerror(errno));
	page_fd = need(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	need(ioctl(page_fd, UFFDIO_API, &api));
	reg.range.start = (u64)page;
	reg.range.len = PAGE;
	need(ioctl(page_fd, UFFDIO_REGISTER, &reg));
	c.v[WHERE] = (u64)page;
}

static void page_wanted(void)
{
	struct pollfd pfd = { .fd = page_fd, .events = POLLIN };

	check(poll(&pfd, 1, 20000 * slower) == 1, "nobody waits for the page");
}

static void page_there(void)
{
	struct uffdio_zeropage zero = { .range = { .start = (u64)page, .len = PAGE } };

	need(ioctl(page_fd, UFFDIO_ZEROPAGE, &zero));
}

static void *sleeping_call(void *arg)
{
	const struct place *place = arg;

	c.v[WHO] = syscall(SYS_gettid);
	place->call();
	return NULL;
}

/* --- tests --- */

/*
 * While somebody sleeps on the way, the stub is not free, the module cannot go, and
 * others come and go; then he arrives at a stub that is still his.
 */
TEST(late)
{
	struct pairfuse_link_info li;
	const struct place *place;
	int dev = dev_open(), prog, link;
	struct pair p, other;
	pthread_t t;
	u32 all;

	counts_new(&c);
	place = find_place(&prog);
	if (!place) {
		note("this kernel has no place for it");
		return;
	}
	all = dev_nr_free(dev);
	pair_load(&p, place->func, &c, 0);
	pair_attach(&p, dev);
	link = need(bpf_raw_tracepoint_open(NULL, prog));
	place->call();
	check(pair_count(&p, C_EXIT), "the pair on %s does not run", place->func);

	page_missing();
	check(!pthread_create(&t, NULL, sleeping_call, (void *)place), "no thread");
	page_wanted();
	note("asleep on the way to %s", place->func);
	pair_unload(&p);

	pair_load(&other, "__x64_sys_getpgid", &c, 10);
	pair_attach(&other, dev);
	pair_unload(&other);
	eventually(60, !dev_find(dev, other.id, &li));
	pause_ms(2000);
	check(dev_find(dev, p.id, &li), "the stub is free, and somebody on the way to it");
	equal(li.state, PAIRFUSE_LINK_DRAINING, "state");
	equal(dev_nr_free(dev), all - 1, "free stubs");
	refused(module_remove("pairfuse"), EWOULDBLOCK);

	page_there();
	check(!pthread_join(t, NULL), "no thread any more");
	eventually(60, !dev_find(dev, p.id, &li));
	equal(dev_nr_free(dev), all, "free stubs at last");
	close(link);
	close(prog);
}

/*
 * A program that says no: the function is not called, and those whom the hook has sent
 * never arrive. That cannot be told from the above, but comes to an end by itself.
 */
TEST(late_for_ever)
{
	static const struct bpf_insn refuse[] = { MOVI(R0, -EPERM), EXIT() };
	static const char func[] = "security_task_getsid";
	struct pairfuse_link_info li;
	int dev = dev_open(), prog, link;
	struct pair p;
	double start;

	counts_new(&c);
	pair_load(&p, func, &c, 0);
	pair_attach(&p, dev);
	prog = need(load_tracing(func, BPF_MODIFY_RETURN, refuse, ARRAY_SIZE(refuse)));
	link = need(bpf_raw_tracepoint_open(NULL, prog));
	check(getsid(getppid()) < 0 && errno == EPERM, "getsid() is allowed");
	close(link);
	close(prog);
	equal(pair_count(&p, C_ENTRY), 0, "entries of calls that are not made");
	need(getsid(getppid()));
	equal(pair_count(&p, C_EXIT), 1, "exits of calls that are");
	link_info(p.link, &li);
	equal(li.diverted, 1, "calls that another program has answered");
	equal(li.entered, 1, "calls that came");
	pair_detach(&p);
	start = now();
	eventually(120, !dev_find(dev, p.id, &li));
	note("free after %.1f s", now() - start);
}

/*
 * The function is patched while somebody sleeps on the way to a stub that leads to the old
 * one. The patch counts that task as not patched, and waits for it.
 */
TEST(livepatch_late)
{
	struct pairfuse_link_info li;
	const struct place *place;
	int dev = dev_open(), prog, link;
	struct pair p;
	pthread_t t;
	long before;

	counts_new(&c);
	place = find_place(&prog);
	if (!place || strcmp(place->func, CALLED)) {
		note("no program that sleeps on a function that the patch has");
		return;
	}
	pair_load(&p, place->func, &c, 0);
	pair_attach(&p, dev);
	link = need(bpf_raw_tracepoint_open(NULL, prog));
	page_missing();
	check(!pthread_create(&t, NULL, sleeping_call, (void *)place), "no thread");
	page_wanted();
	pair_unload(&p);
	need(patch_load());
	pause_ms(3000);
	check(!patch_settled(), "in effect, with a task on the way to the old function");
	before = patch_calls();
	page_there();
	check(!pthread_join(t, NULL), "no thread any more");
	equal(patch_calls(), before, "calls of the patch, by a task that is not patched");
	eventually(60, patch_settled());
	call_n(10);
	check(patch_calls() >= before + 10, "the patch is not in use");
	eventually(60, !dev_find(dev, p.id, &li));
	close(link);
	close(prog);
	patch_unload();
}
