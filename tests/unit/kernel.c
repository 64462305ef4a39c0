// SPDX-License-Identifier: GPL-2.0
/*
 * Loading rewritten programs into the running kernel, to see whether they pass.
 *
 * Maps are created anew (array for global data, whatever the object says
 * otherwise), references by index become file descriptors, the made-up ids of
 * bpf_rdonly_cast and of types the kernel's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "carrier.h"
#include "insn.h"
#include "kernel.h"

unsigned int kernel_loaded;

static struct {
	bool tried;
	bool usable;
	__s32 cast_id;		/* 0: none */
	__s32 type_id[3];	/* what protos mean by 100, 101 and 102 */
} host;

static void try_host(void)
{
	struct bpf_insn insns[] = { PAIRFUSE_MOV_IMM(0, 1), PAIRFUSE_EXIT() };
	struct btf *btf;
	int fd;

	host.tried = true;
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, NULL, "GPL", insns, 2, NULL);
	if (fd < 0)
		return;
	close(fd);
	host.usable = true;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return;
	host.cast_id = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
	host.type_id[0] = btf__find_by_name_kind(btf, "timespec64", BTF_KIND_STRUCT);
	host.type_id[1] = btf__find_by_name_kind(btf, "file", BTF_KIND_STRUCT);
	host.type_id[2] = btf__find_by_name_kind(btf, "pt_regs", BTF_KIND_STRUCT);
	if (host.cast_id < 0)
		host.cast_id = 0;
	btf__free(btf);
}

bool kernel_usable(void)
{
	if (!host.tried)
		try_host();
	return host.usable;
}

/* A map's fd; -1: not possible here (task storage needs BTF), then the program is skipped. */
static int make_map(const struct pairfuse_map *m)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	__u32 zero = 0;
	int fd;

	if (m->type == BPF_MAP_TYPE_TASK_STORAGE)
		return -1;
	if (m->frozen)
		opts.map_flags = BPF_F_RDONLY_PROG;
	fd = bpf_map_create(m->type, NULL, m->key_size, m->value_size,
			    m->max_entries ? m->max_entries : 1, &opts);
	if (fd >= 0 && m->frozen) {
		bpf_map_update_elem(fd, &zero, m->rodata, 0);
		bpf_map_freeze(fd);
	}
	return fd;
}

static int storage_fd = -1;	/* task storage of the pair that is tried */

/* false: this program cannot be tried */
static bool translate(struct bpf_insn *insns, size_t nr, const int *fds, bool *cast)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		struct bpf_insn *in = &insns[i];

		if (pairfuse_insn_is_call(in) && in->src_reg == BPF_PSEUDO_KFUNC_CALL) {
			*cast = true;
			in->imm = host.cast_id;
			insns[i - 1].imm = host.type_id[insns[i - 1].imm == 101 ? 1 :
							insns[i - 1].imm == 102 ? 2 : 0];
			continue;
		}
		if (!pairfuse_insn_is_imm64(in))
			continue;
		if (in->src_reg == BPF_PSEUDO_MAP_FD && in->imm == PAIRFUSE_TASK_CARRIER) {
			in->imm = storage_fd;
			if (in->imm < 0)
				return false;
		}
		if (in->src_reg == BPF_PSEUDO_MAP_IDX || in->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) {
			in->src_reg = in->src_reg == BPF_PSEUDO_MAP_IDX ? BPF_PSEUDO_MAP_FD :
									 BPF_PSEUDO_MAP_VALUE;
			in->imm = fds[in->imm];
			if (in->imm < 0)
				return false;
		}
		i++;
	}
	return !*cast || (host.cast_id && host.type_id[0] > 0 && host.type_id[1] > 0 &&
			  host.type_id[2] > 0);
}

static bool rejects(const struct pairfuse_code *code, const char *name, const int *fds,
		    char *buf, size_t len)
{
	static char log[1 << 20];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 1);
	struct bpf_insn *insns = malloc(code->nr_insns * sizeof(*insns));
	bool cast = false;
	size_t n;
	int fd;

	memcpy(insns, code->insns, code->nr_insns * sizeof(*insns));
	if (!translate(insns, code->nr_insns, fds, &cast)) {
		free(insns);
		return false;
	}
	log[0] = 0;
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, NULL, "GPL", insns,
			   code->nr_insns, &opts);
	free(insns);
	if (fd >= 0) {
		kernel_loaded++;
		close(fd);
		return false;
	}
	n = strlen(log);
	snprintf(buf, len, "'%s' (%zu insns): %s: %s", name, code->nr_insns, strerror(errno),
		 n > 1500 ? log + n - 1500 : log);
	return true;
}

/*
 * As a raw tracepoint program: not every kernel has fentry, and apart from
 * typed arguments the verifier's rules are the same.
 */
static bool load_original(const struct pairfuse_prog *p, const int *fds)
{
	struct bpf_insn *insns = malloc(p->nr_insns * sizeof(*insns));
	bool cast = false;
	int fd = -1;

	memcpy(insns, p->insns, p->nr_insns * sizeof(*insns));
	if (translate(insns, p->nr_insns, fds, &cast))
		fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", insns, p->nr_insns,
				   NULL);
	free(insns);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool kernel_accepts_original(const struct test_object *obj, int prog)
{
	int fds[64];
	bool ok = false;
	size_t i;

	if (!kernel_usable() || obj->in.nr_maps > 64)
		return false;
	for (i = 0; i < obj->in.nr_maps; i++)
		fds[i] = make_map(&obj->maps[i]);
	ok = load_original(&obj->progs[prog], fds);
	for (i = 0; i < obj->in.nr_maps; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return ok;
}

bool kernel_rejects(const struct test_object *obj, const struct pairfuse_result *res,
		    char *buf, size_t len)
{
	int fds[64];
	bool bad = false;
	size_t i;

	if (!host.tried)
		try_host();
	if (!host.usable || obj->in.nr_maps > 64)
		return false;
	for (i = 0; i < obj->in.nr_maps; i++)
		fds[i] = make_map(&obj->maps[i]);
	for (i = 0; i < res->nr_pairs && !bad; i++) {
		const struct pairfuse_pair *p = &res->pairs[i];

		if (p->reason != PAIRFUSE_REASON_NONE)
			continue;
		if (p->storage_size)
			storage_fd = pairfuse_task_carrier_create("state", p->storage_size);
		bad = rejects(&p->entry_code, obj->progs[p->entry].name, fds, buf, len) ||
		      rejects(&p->exit_code, obj->progs[p->exit].name, fds, buf, len);
		if (storage_fd >= 0)
			close(storage_fd);
		storage_fd = -1;
	}
	for (i = 0; i < obj->in.nr_maps; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return bad;
}
