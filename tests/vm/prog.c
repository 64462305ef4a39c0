// SPDX-License-Identifier: GPL-2.0
/* Programs written by hand, the maps they count in, and the usual pair. */
#include "vm.h"
#include "insn.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

void counts_new(struct counts *c)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *p;

	c->fd = need(bpf_map_create(BPF_MAP_TYPE_ARRAY, "counts", sizeof(u32),
				    NR_COUNTS * sizeof(u64), 1, &opts));
	p = mmap(NULL, NR_COUNTS * sizeof(u64), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	check(p != MAP_FAILED, "mmap: %s", strerror(errno));
	c->v = p;
}

void counts_free(struct counts *c)
{
	munmap((void *)c->v, NR_COUNTS * sizeof(u64));
	close(c->fd);
}

void counts_zero(struct counts *c)
{
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		c->v[i] = 0;
}

static char verifier_log[65536];

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t nr,
		struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(type, "vmtest", "GPL", insns, nr, opts);

	return fd;
}

int load_type(enum bpf_prog_type type, const struct bpf_insn *insns, size_t nr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return load(type, insns, nr, &opts);
}

/* These programs are the test's own: what the verifier thinks of them matters. */
int load_raw(const struct bpf_insn *insns, size_t nr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		.log_buf = verifier_log,
		.log_size = sizeof(verifier_log),
		.log_level = 1);
	int fd = load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, insns, nr, &opts);

	if (fd < 0) {
		int err = errno;

		note("%s", verifier_log);
		errno = err;
	}
	return fd;
}

/* Where a function is described: BTF id, and the module's BTF (0: vmlinux). */
struct place {
	__s32 id;
	int btf_fd;
};

static struct btf *vmlinux_btf(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	check(btf, "no vmlinux BTF");
	return btf;
}

static bool is_test_btf(int fd)
{
	char name[64] = "";
	struct bpf_btf_info info = { .name = (u64)(uintptr_t)name, .name_len = sizeof(name) };
	u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(name, "pairfuse_test");
}

static struct place find_in_module(const char *func)
{
	struct place p = { .id = -ENOENT };
	struct btf *btf;
	u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd >= 0 && is_test_btf(fd)) {
			btf = btf__load_from_kernel_by_id_split(id, vmlinux_btf());
			check(btf, "BTF of pairfuse_test: %s", strerror(errno));
			p.id = btf__find_by_name_kind(btf, func, BTF_KIND_FUNC);
			p.btf_fd = fd;
			btf__free(btf);
			return p;
		}
		if (fd >= 0)
			close(fd);
	}
	return p;
}

static struct place find(const char *func)
{
	if (!strncmp(func, "pairfuse_test_", 14))
		return find_in_module(func);
	return (struct place){ btf__find_by_name_kind(vmlinux_btf(), func, BTF_KIND_FUNC), 0 };
}

bool traceable(const char *func)
{
	struct place p = find(func);

	if (p.btf_fd > 0)
		close(p.btf_fd);
	return p.id > 0;
}

const char *first_of(const char *const *funcs)
{
	for (; *funcs; funcs++)
		if (traceable(*funcs))
			return *funcs;
	fail("this kernel has none of the functions that the test needs");
}

int load_tracing(const char *func, enum bpf_attach_type at,
		 const struct bpf_insn *insns, size_t nr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = at);
	struct place p = find(func);
	int fd, err;

	check(p.id > 0, "%s is not in BTF", func);
	opts.attach_btf_id = p.id;
	opts.attach_btf_obj_fd = p.btf_fd;
	fd = load(BPF_PROG_TYPE_TRACING, insns, nr, &opts);
	err = errno;
	if (p.btf_fd > 0)
		close(p.btf_fd);
	errno = err;
	return fd;
}

int load_target(const char *func)
{
	static const struct bpf_insn nothing[] = { MOVI(R0, 0), EXIT() };

	return load_tracing(func, BPF_TRACE_FEXIT, nothing, ARRAY_SIZE(nothing));
}

u32 prog_id(int fd)
{
	struct bpf_prog_info info = {};
	u32 len = sizeof(info);

	need(bpf_obj_get_info_by_fd(fd, &info, &len));
	return info.id;
}

bool prog_exists(u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	else
		check(errno == ENOENT, "bpf_prog_get_fd_by_id: %s", strerror(errno));
	return fd >= 0;
}

/*
 * The usual pair. The entry fills the whole slot with values made of the thread
 * id and the slot's address, the exit compares: a slot that another invocation
 * wrote to, or state that went to another task, shows up as C_BAD. An entry that is a
 * leaf cannot ask for the thread's id; the slot's address has to do.
 */
void pair_load(struct pair *p, const char *func, struct counts *c, unsigned int base)
{
	const int at = base * sizeof(u64);
	const struct bpf_insn id = CALL(get_current_pid_tgid);
	const struct bpf_insn slot_entry = LD8(R0, R1, 8 * PAIRFUSE_CTX_SLOT);
	const struct bpf_insn nop = MOVI(R7, 0);
	const struct bpf_insn slot_exit = LD8(R0, R6, 8 * PAIRFUSE_CTX_SLOT);
	struct bpf_insn entry[] = {
		MOV(R6, R1),
		leaf_entries ? slot_entry : id,
		LD8(R7, R6, 8 * PAIRFUSE_CTX_SLOT),
		ST8(R7, 0, R0), ADDI(R0, 1),
		ST8(R7, 8, R0), ADDI(R0, 1),
		ST8(R7, 16, R0), ADDI(R0, 1),
		ST8(R7, 24, R0), ADDI(R0, 1),
		ST8(R7, 32, R0), ADDI(R0, 1),
		ST8(R7, 40, R0), ADDI(R0, 1),
		ST8(R7, 48, R0),
		LD8(R3, R6, 8 * PAIRFUSE_CTX_ARG0),
		ST8(R7, 56, R3),
		LDMAP(R1, c->fd, at),
		MOVI(R2, 1),
		INC(R1, 8 * C_ENTRY, R2),
		INC(R1, 8 * C_ARGS, R3),
		MOVI(R0, 1),
		EXIT(),
	};
	struct bpf_insn exit[] = {
		MOV(R6, R1),
		id,
		leaf_entries ? slot_exit : nop,
		LD8(R7, R6, 8 * PAIRFUSE_CTX_SLOT),
		LDMAP(R1, c->fd, at),
		MOVI(R2, 1),
		MOVI(R4, 0),
		LD8(R3, R7, 0), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 8), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 16), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 24), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 32), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 40), JEQ(R3, R0, 1), MOVI(R4, 1), ADDI(R0, 1),
		LD8(R3, R7, 48), JEQ(R3, R0, 1), MOVI(R4, 1),
		/* the stub gives the exit the same argument */
		LD8(R3, R7, 56), LD8(R5, R6, 8 * PAIRFUSE_CTX_ARG0),
		JEQ(R3, R5, 1), MOVI(R4, 1),
		/* and what R0 of the entry was */
		LD8(R3, R6, 8 * PAIRFUSE_CTX_ARMED),
		JEQI(R3, 1, 1), MOVI(R4, 1),
		INC(R1, 8 * C_EXIT, R2),
		INC(R1, 8 * C_BAD, R4),
		LD8(R3, R6, 8 * PAIRFUSE_CTX_RET),
		INC(R1, 8 * C_RET, R3),
		MOVI(R0, 0),
		EXIT(),
	};

	memset(p, 0, sizeof(*p));
	p->c = c;
	p->base = base;
	p->link = -1;
	p->target = need(load_target(func));
	p->entry = need(load_raw(entry, ARRAY_SIZE(entry)));
	p->exit = need(load_raw(exit, ARRAY_SIZE(exit)));
}

int pair_try(struct pair *p, int dev, unsigned int how, unsigned int flags)
{
	struct pairfuse_attach a = {
		.size = sizeof(a),
		.flags = flags,
		.target_fd = p->target,
		.entry_fd = p->entry,
		.exit_fd = p->exit,
		.hook = how,
	};

	memset(&p->marked, 0, sizeof(p->marked));
	p->marked_entries = pair_count(p, C_ENTRY);
	p->marked_exits = pair_count(p, C_EXIT);
	p->link = ioctl(dev, PAIRFUSE_IOC_ATTACH, &a);
	if (p->link >= 0) {
		p->id = a.link_id;
		p->got = a.hook;
		check(p->id, "a link without an id");
	}
	return p->link;
}

void pair_attach(struct pair *p, int dev)
{
	need(pair_try(p, dev, hook, 0));
	equal(p->got, hook, "hook mode");
}

void pair_detach(struct pair *p)
{
	need(close(p->link));
	p->link = -1;
}

void pair_unload(struct pair *p)
{
	if (p->link >= 0)
		pair_detach(p);
	close(p->entry);
	close(p->exit);
	close(p->target);
}

u64 pair_count(const struct pair *p, enum pair_count what)
{
	return p->c->v[p->base + what];
}

void pair_mark(struct pair *p)
{
	link_info(p->link, &p->marked);
	p->marked_entries = pair_count(p, C_ENTRY);
	p->marked_exits = pair_count(p, C_EXIT);
}

void pair_check(const struct pair *p)
{
	const struct pairfuse_link_info *was = &p->marked;
	struct pairfuse_link_info li;

	link_info(p->link, &li);
	check_sums(&li);
	equal(li.in_flight, 0, "calls in flight");
	equal(pair_count(p, C_ENTRY) - p->marked_entries,
	      li.entered - was->entered - (li.entry_missed - was->entry_missed),
	      "entry runs, against calls that entered without a miss");
	equal(pair_count(p, C_EXIT) - p->marked_exits, li.runs - was->runs,
	      "exit runs, against those that the module counted");
	equal(pair_count(p, C_BAD), 0, "wrong states");
}
