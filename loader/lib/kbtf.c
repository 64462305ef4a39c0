// SPDX-License-Identifier: GPL-2.0
/*
 * Functions in the kernel's BTF. Parsing vmlinux takes tens of milliseconds,
 * so a session does it once; modules (split BTF on top of it) are parsed when
 * the first function is not found in vmlinux, and kept.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "kbtf.h"
#include "log.h"

#define SYS_BTF "/sys/kernel/btf"

struct module_btf {
	char name[64];
	struct btf *btf;
};

struct pairfuse_kbtf {
	struct btf *vmlinux;
	__u32 nr_vmlinux;
	bool modules_read;
	struct module_btf *modules;
	size_t nr_modules;
};

int pairfuse_kbtf_from_btf(struct btf *vmlinux, struct pairfuse_kbtf **out)
{
	struct pairfuse_kbtf *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->vmlinux = vmlinux;
	k->nr_vmlinux = btf__type_cnt(vmlinux);
	k->modules_read = true;
	*out = k;
	return 0;
}

int pairfuse_kbtf_open(struct pairfuse_kbtf **out)
{
	struct btf *vmlinux;
	int err;

	if (access(SYS_BTF "/vmlinux", R_OK))
		return -ESRCH;
	vmlinux = btf__load_vmlinux_btf();
	if (!vmlinux) {
		err = -errno;
		pairfuse_warn(SYS_BTF "/vmlinux: %s", pairfuse_strerror(err));
		return err;
	}
	err = pairfuse_kbtf_from_btf(vmlinux, out);
	if (err)
		btf__free(vmlinux);
	else
		(*out)->modules_read = false;
	return err;
}

int pairfuse_kbtf_open_file(const char *path, struct pairfuse_kbtf **out)
{
	struct btf *vmlinux = btf__parse(path, NULL);
	int err = vmlinux ? 0 : -errno;

	if (!err)
		err = pairfuse_kbtf_from_btf(vmlinux, out);
	if (err && vmlinux)
		btf__free(vmlinux);
	return err;
}

void pairfuse_kbtf_free(struct pairfuse_kbtf *k)
{
	size_t i;

	if (!k)
		return;
	for (i = 0; i < k->nr_modules; i++)
		btf__free(k->modules[i].btf);
	free(k->modules);
	btf__free(k->vmlinux);
	free(k);
}

static void read_module(struct pairfuse_kbtf *k, const char *name)
{
	struct module_btf *grown;
	struct btf *btf;

	if (strlen(name) >= sizeof(grown->name))
		return;
	btf = btf__load_module_btf(name, k->vmlinux);
	if (!btf) {
		pairfuse_debug("BTF of module %s: %s", name, pairfuse_strerror(errno));
		return;
	}
	grown = reallocarray(k->modules, k->nr_modules + 1, sizeof(*grown));
	if (!grown) {
		btf__free(btf);
		return;
	}
	k->modules = grown;
	grown += k->nr_modules++;
	strcpy(grown->name, name);
	grown->btf = btf;
}

static void read_modules(struct pairfuse_kbtf *k)
{
	struct dirent *de;
	DIR *dir;

	if (k->modules_read)
		return;
	k->modules_read = true;
	dir = opendir(SYS_BTF);
	if (!dir)
		return;
	while ((de = readdir(dir)))
		if (de->d_name[0] != '.' && strcmp(de->d_name, "vmlinux"))
			read_module(k, de->d_name);
	closedir(dir);
}

static int func_in(struct pairfuse_kbtf *k, const struct btf *btf, const char *module,
		   const char *name, struct pairfuse_func *out)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	if (id <= 0)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->btf_id = id;
	snprintf(out->module, sizeof(out->module), "%s", module);
	return pairfuse_proto_from_btf(btf, id, k->nr_vmlinux, &out->proto);
}

/*
 * The function of a system call that takes no arguments has two names, of which BTF
 * knows the other one. Not for those that do not leave as functions do: what fork() and
 * vfork() return to the child, and rt_sigreturn(), whose exit has no number.
 */
static int syscall_without_args(struct pairfuse_kbtf *k, const char *name,
				struct pairfuse_func *out)
{
	static const char *const others[] = { "fork", "vfork", "rt_sigreturn" };
	static const char prefix[] = "__x64_sys_";
	char alias[128];
	size_t i;

	if (strncmp(name, prefix, strlen(prefix)))
		return -ENOENT;
	name += strlen(prefix);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(name, others[i]))
			return -ENOENT;
	snprintf(alias, sizeof(alias), "__do_sys_%s", name);
	return func_in(k, k->vmlinux, "", alias, out);
}

int pairfuse_kbtf_find(struct pairfuse_kbtf *k, const char *name, struct pairfuse_func *out)
{
	size_t i;
	int err;

	err = func_in(k, k->vmlinux, "", name, out);
	if (err == -ENOENT)
		err = syscall_without_args(k, name, out);
	if (err != -ENOENT)
		return err;
	read_modules(k);
	for (i = 0; i < k->nr_modules; i++) {
		err = func_in(k, k->modules[i].btf, k->modules[i].name, name, out);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

__u32 pairfuse_kbtf_vmlinux_func(struct pairfuse_kbtf *k, const char *name)
{
	__s32 id = btf__find_by_name_kind(k->vmlinux, name, BTF_KIND_FUNC);

	return id > 0 ? id : 0;
}

__u32 pairfuse_kbtf_vmlinux_member(struct pairfuse_kbtf *k, const char *type, const char *name)
{
	__s32 id = btf__find_by_name_kind(k->vmlinux, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(k->vmlinux, id) : NULL;
	const struct btf_member *m = t ? btf_members(t) : NULL;
	unsigned int i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		const char *member = btf__name_by_offset(k->vmlinux, m[i].name_off);

		if (!member || strcmp(member, name))
			continue;
		if (btf_member_bitfield_size(t, i) || btf_member_bit_offset(t, i) % 8 ||
		    btf__resolve_size(k->vmlinux, m[i].type) != 4)
			return 0;
		return btf_member_bit_offset(t, i) / 8;
	}
	return 0;
}

const char *pairfuse_kbtf_func_name(struct pairfuse_kbtf *k, const char *module, __u32 id)
{
	const struct btf *btf = module[0] ? NULL : k->vmlinux;
	const struct btf_type *t;
	size_t i;

	if (!btf)
		read_modules(k);
	for (i = 0; !btf && i < k->nr_modules; i++)
		if (!strcmp(module, k->modules[i].name))
			btf = k->modules[i].btf;
	t = btf ? btf__type_by_id(btf, id) : NULL;
	return t && btf_is_func(t) ? btf__name_by_offset(btf, t->name_off) : NULL;
}

int pairfuse_kbtf_module_fd(const char *module)
{
	struct bpf_btf_info info;
	char name[64];
	__u32 len, id = 0;
	int fd, err;

	if (!module[0])
		return 0;
	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0) {
			if (errno == ENOENT)	/* gone meanwhile */
				continue;
			return -errno;
		}
		memset(&info, 0, sizeof(info));
		info.name = (__u64)(unsigned long)name;
		info.name_len = sizeof(name);
		len = sizeof(info);
		err = bpf_obj_get_info_by_fd(fd, &info, &len);
		if (!err && info.kernel_btf && !strcmp(name, module))
			return fd;
		close(fd);
	}
	return errno == ENOENT ? -ENOENT : -errno;
}

#define MAX_NAME 128

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein's distance, with two neighbours exchanged counted as one edit. */
unsigned int pairfuse_edit_distance(const char *a, const char *b, unsigned int max)
{
	unsigned int rows[3][MAX_NAME], *row, *prev, *prev2, best;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la >= MAX_NAME || (la > lb ? la - lb : lb - la) > max)
		return max;
	row = rows[0];
	for (i = 0; i <= la; i++)
		row[i] = i;
	for (j = 1; j <= lb; j++) {
		prev2 = rows[(j + 1) % 3];	/* of j - 2 */
		prev = row;
		row = rows[j % 3];
		best = row[0] = j;
		for (i = 1; i <= la; i++) {
			row[i] = min3(row[i - 1] + 1, prev[i] + 1,
				      prev[i - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    prev2[i - 2] + 1 < row[i])
				row[i] = prev2[i - 2] + 1;
			best = row[i] < best ? row[i] : best;
		}
		if (best > max)
			return max;
	}
	return row[la] < max ? row[la] : max;
}

#define NR_NEAR 3

struct near {
	const char *name;
	unsigned int distance;
};

/* Insert into the list, which is sorted by distance. */
static void offer(struct near *best, const char *name, const char *candidate)
{
	unsigned int d = pairfuse_edit_distance(name, candidate, best[NR_NEAR - 1].distance);
	int i;

	if (d >= best[NR_NEAR - 1].distance)
		return;
	for (i = 0; i < NR_NEAR; i++)
		if (best[i].name && !strcmp(best[i].name, candidate))
			return;
	for (i = NR_NEAR - 1; i > 0 && best[i - 1].distance > d; i--)
		best[i] = best[i - 1];
	best[i] = (struct near){ candidate, d };
}

static void offer_all(struct near *best, const char *name, const struct btf *btf, __u32 from)
{
	__u32 id, end = btf__type_cnt(btf);
	const struct btf_type *t;

	for (id = from; id < end; id++) {
		t = btf__type_by_id(btf, id);
		if (btf_is_func(t))
			offer(best, name, btf__name_by_offset(btf, t->name_off));
	}
}

const char *pairfuse_kbtf_suggest(struct pairfuse_kbtf *k, const char *name, char *buf,
				  size_t len)
{
	/* up to a quarter of the name may differ */
	unsigned int max = strlen(name) / 4 + 2;
	struct near best[NR_NEAR];
	size_t i, used = 0;

	for (i = 0; i < NR_NEAR; i++)
		best[i] = (struct near){ NULL, max };
	offer_all(best, name, k->vmlinux, 1);
	read_modules(k);
	for (i = 0; i < k->nr_modules; i++)
		offer_all(best, name, k->modules[i].btf, k->nr_vmlinux);

	buf[0] = '\0';
	for (i = 0; i < NR_NEAR && best[i].name && used < len; i++)
		used += snprintf(buf + used, len - used, "%s%s", i ? ", " : "", best[i].name);
	return buf;
}
