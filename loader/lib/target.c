// SPDX-License-Identifier: GPL-2.0
/*
 * Which function does a program belong to? The one in its section name, the
 * one given with pairfuse_object__set_target(), or, for the placeholders that
 * filesystem tools use, that of a filesystem.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"
#include "log.h"
#include "object.h"

enum fs_op { FS_READ, FS_WRITE, FS_OPEN, FS_SYNC, FS_GETATTR, NR_FS_OPS };

static const char *const placeholders[NR_FS_OPS] = {
	[FS_READ]    = "dummy_file_read",
	[FS_WRITE]   = "dummy_file_write",
	[FS_OPEN]    = "dummy_file_open",
	[FS_SYNC]    = "dummy_file_sync",
	[FS_GETATTR] = "dummy_getattr",
};

static const struct fs {
	const char *name;
	const char *funcs[NR_FS_OPS];
} filesystems[] = {
	{ "ext4", { "ext4_file_read_iter", "ext4_file_write_iter", "ext4_file_open",
		    "ext4_sync_file", "ext4_file_getattr" } },
	{ "xfs", { "xfs_file_read_iter", "xfs_file_write_iter", "xfs_file_open",
		   "xfs_file_fsync", "xfs_vn_getattr" } },
	{ "btrfs", { "btrfs_file_read_iter", "btrfs_file_write_iter", "btrfs_file_open",
		     "btrfs_sync_file", "btrfs_getattr" } },
	{ "f2fs", { "f2fs_file_read_iter", "f2fs_file_write_iter", "f2fs_file_open",
		    "f2fs_sync_file", "f2fs_getattr" } },
	{ "nfs", { "nfs_file_read", "nfs_file_write", "nfs_file_open",
		   "nfs_file_fsync", "nfs_getattr" } },
};

#define NR_FS (sizeof(filesystems) / sizeof(filesystems[0]))

bool pairfuse_is_placeholder(const char *func)
{
	return !strncmp(func, "dummy_", strlen("dummy_"));
}

static int give(struct pairfuse_oprog *p, const char *func)
{
	char *copy = strdup(func);

	if (!copy)
		return -ENOMEM;
	free(p->func);
	p->func = copy;
	p->func_given = true;
	return 0;
}

static void no_program(struct pairfuse_object *obj, const char *name)
{
	unsigned int best = strlen(name) / 3 + 2, d;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < obj->nr_progs; i++) {
		d = pairfuse_edit_distance(name, bpf_program__name(obj->progs[i].bpf), best);
		if (d < best) {
			best = d;
			near = bpf_program__name(obj->progs[i].bpf);
		}
	}
	pairfuse_warn("%s: no program '%s'%s%s%s", obj->name, name, near ? ": did you mean '" : "",
		      near ? near : "", near ? "'?" : "");
}

int pairfuse_object__set_target(struct pairfuse_object *obj, const char *prog, const char *func)
{
	bool found = false;
	size_t i;
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	if (!func[0])
		return -EINVAL;
	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (strcmp(prog, bpf_program__name(p->bpf)) &&
		    (!p->placeholder || strcmp(prog, p->placeholder)))
			continue;
		found = true;
		if (!pairfuse_hook_is_typed(p->at) && !p->kprobe) {
			if (strcmp(prog, bpf_program__name(p->bpf)))
				continue;
			pairfuse_warn("%s: program '%s' is of section '%s': need fentry, fexit, kprobe or kretprobe to attach it to a function",
				      obj->name, prog, bpf_program__section_name(p->bpf));
			return -EINVAL;
		}
		err = give(p, func);
		if (err)
			return err;
		p->func_by_user = true;
	}
	if (!found) {
		no_program(obj, prog);
		return -ENOENT;
	}
	return 0;
}

static const struct fs *find_fs(struct pairfuse_object *obj, const char *name)
{
	char known[128];
	size_t i, used = 0;

	for (i = 0; i < NR_FS; i++)
		if (!strcmp(name, filesystems[i].name))
			return &filesystems[i];
	for (i = 0; i < NR_FS; i++)
		used += snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
				 filesystems[i].name);
	pairfuse_warn("filesystem '%s': not known; there are: %s", name, known);
	return NULL;
}

/*
 * Objects of libbpf-tools hold every operation twice, for fentry and for
 * kprobes. The fentry half is taken; the other stays a placeholder and is left
 * out.
 */
int pairfuse_object__set_fs(struct pairfuse_object *obj, const char *name)
{
	const struct fs *fs = find_fs(obj, name);
	bool found = false;
	size_t i, op;
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	if (!fs)
		return -ENOENT;
	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (!pairfuse_hook_is_typed(p->at) || !p->placeholder)
			continue;
		for (op = 0; op < NR_FS_OPS; op++) {
			if (strcmp(p->placeholder, placeholders[op]))
				continue;
			found = true;
			if (p->func_by_user)
				continue;
			err = give(p, fs->funcs[op]);
			if (err)
				return err;
		}
	}
	if (!found) {
		pairfuse_warn("%s: has no programs for filesystem operations (fentry/dummy_file_read ...): --fs is of no use here",
			      obj->name);
		return -ENOENT;
	}
	return 0;
}

int pairfuse_object__set_cookie(struct pairfuse_object *obj, const char *prog, __u64 cookie)
{
	size_t i;

	if (obj->attached || obj->results)
		return -EBUSY;
	for (i = 0; i < obj->nr_progs; i++) {
		if (!strcmp(prog, bpf_program__name(obj->progs[i].bpf))) {
			obj->progs[i].cookie = cookie;
			return 0;
		}
	}
	no_program(obj, prog);
	return -ENOENT;
}

/* The only program of a kind whose placeholder no program at the other end has. */
static struct pairfuse_oprog *lonely(struct pairfuse_object *obj, enum pairfuse_hook_type at)
{
	struct pairfuse_oprog *found = NULL;
	size_t i, j;

	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (p->at != at || !p->func || !pairfuse_is_placeholder(p->func))
			continue;
		for (j = 0; j < obj->nr_progs; j++)
			if (obj->progs[j].at == pairfuse_hook_partner(at) && obj->progs[j].func &&
			    !strcmp(obj->progs[j].func, p->func))
				break;
		if (j < obj->nr_progs)
			continue;
		if (found)
			return NULL;
		found = p;
	}
	return found;
}

static int take_func(struct pairfuse_oprog *p, const struct pairfuse_oprog *from)
{
	char *func = strdup(from->func);

	if (!func)
		return -ENOMEM;
	free(p->func);
	p->func = func;
	return 0;
}

int pairfuse_object_join_placeholders(struct pairfuse_object *obj)
{
	static const enum pairfuse_hook_type entries[] = {
		PAIRFUSE_AT_FENTRY, PAIRFUSE_AT_KPROBE,
	};
	struct pairfuse_oprog *first = NULL;
	size_t i;
	int err;

	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct pairfuse_oprog *entry = lonely(obj, entries[i]);
		struct pairfuse_oprog *exit = lonely(obj, pairfuse_hook_partner(entries[i]));

		if (!entry || !exit)
			continue;
		if (!first)
			first = entry;
		err = entry == first ? 0 : take_func(entry, first);
		if (!err)
			err = take_func(exit, first);
		if (err)
			return err;
	}
	return 0;
}
