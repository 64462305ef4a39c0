// SPDX-License-Identifier: GPL-2.0
/*
 * The task storage that stands for a group's carrier map.
 *
 * The kernel wants to know the types of its key (an int, whatever the task is
 * named by) and value. A few bytes of BTF say no more than their sizes.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "carrier.h"
#include "insn.h"

struct types {
	struct btf *btf;
	int fd;
	int key, value;
};

static int make_types(struct types *t, __u32 size)
{
	int word;

	t->btf = btf__new_empty();
	if (!t->btf)
		return -errno;
	t->key = btf__add_int(t->btf, "int", 4, BTF_INT_SIGNED);
	word = btf__add_int(t->btf, "unsigned long long", 8, 0);
	if (t->key < 0 || word < 0)
		return -ENOMEM;
	t->value = btf__add_array(t->btf, t->key, word, size / 8);
	if (t->value < 0)
		return t->value;
	if (btf__load_into_kernel(t->btf))
		return -errno;
	t->fd = btf__fd(t->btf);
	return 0;
}

int pairfuse_task_carrier_create(const char *name, __u32 size)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	char short_name[BPF_OBJ_NAME_LEN];
	struct types t = { .fd = -1 };
	int fd;

	if (size % 8)
		return -EINVAL;
	fd = make_types(&t, size);
	if (!fd) {
		snprintf(short_name, sizeof(short_name), "%s", name);
		opts.btf_fd = t.fd;
		opts.btf_key_type_id = t.key;
		opts.btf_value_type_id = t.value;
		fd = bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, short_name, sizeof(int), size, 0,
				    &opts);
		fd = fd < 0 ? -errno : fd;
	}
	btf__free(t.btf);
	return fd;
}

static bool is_reference(const struct bpf_insn *insn)
{
	return pairfuse_insn_is_imm64(insn) && insn->src_reg == BPF_PSEUDO_MAP_FD &&
	       insn->imm == PAIRFUSE_TASK_CARRIER;
}

bool pairfuse_code_wants_carrier(const struct pairfuse_code *code)
{
	size_t i;

	for (i = 0; i < code->nr_insns; i++) {
		if (is_reference(&code->insns[i]))
			return true;
		i += pairfuse_insn_is_imm64(&code->insns[i]);
	}
	return false;
}

void pairfuse_code_bind(struct bpf_insn *insns, size_t nr, int fd)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (is_reference(&insns[i]))
			insns[i].imm = fd;
		i += pairfuse_insn_is_imm64(&insns[i]);
	}
}
