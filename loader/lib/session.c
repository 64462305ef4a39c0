// SPDX-License-Identifier: GPL-2.0
/*
 * Loading: find the functions, leave out what has none, load the rest as its
 * author wrote it (these programs are the fallback, and having been verified
 * they are what the analysis starts from), analyse.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "hook.h"
#include "ksyms.h"
#include "log.h"
#include "object.h"

#define DESCRIPTOR_LOG_SIZE 4096

int pairfuse_descriptor_load(const struct pairfuse_func *func, enum bpf_attach_type type,
			     char *text, size_t len)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[DESCRIPTOR_LOG_SIZE] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		.expected_attach_type = type,
		.attach_btf_id = func->btf_id,
		.log_buf = log,
		.log_size = sizeof(log),
	);
	const char *line;
	int fd, err, btf_fd;

	btf_fd = pairfuse_kbtf_module_fd(func->module);
	if (btf_fd < 0) {
		snprintf(text, len, "BTF of module %s: %s", func->module,
			 pairfuse_strerror(btf_fd));
		return btf_fd;
	}
	opts.attach_btf_obj_fd = btf_fd;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "pairfuse_target", "GPL", nothing,
			   sizeof(nothing) / sizeof(nothing[0]), &opts);
	err = fd < 0 ? -errno : 0;
	if (btf_fd)
		close(btf_fd);
	if (!err)
		return fd;
	line = pairfuse_log_last_line(log);
	if (!line[0] && err == -EINVAL)		/* the deny list has no text of its own */
		line = "on the kernel's list of functions that must not be";
	snprintf(text, len, "%s%s%s", line, line[0] ? ": " : "", pairfuse_strerror(err));
	return err;
}

int pairfuse_object__set_clock(struct pairfuse_object *obj, const char *clock)
{
	bool exact = false;

	if (clock && !pairfuse_clock_parse(clock, &exact)) {
		pairfuse_warn("clock: have '%s', need auto or exact", clock);
		return -EINVAL;
	}
	obj->exact_clock = exact;
	return 0;
}

int pairfuse_object__set_opt(struct pairfuse_object *obj, const char *opt)
{
	unsigned int without;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	if (!pairfuse_opt_parse(opt ? opt : "all", &without)) {
		pairfuse_warn("optimisations: have '%s', need all, none or names", opt);
		return -EINVAL;
	}
	obj->without = without;
	return 0;
}

int pairfuse_object__set_nesting(struct pairfuse_object *obj, const char *nesting)
{
	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	obj->nesting = PAIRFUSE_NESTING_DEFAULT;
	if (!nesting || pairfuse_nesting_parse(nesting, &obj->nesting))
		return 0;
	pairfuse_warn("nesting: have '%s', need exact or per-call", nesting);
	return -EINVAL;
}

/* --- functions --- */

static int unknown_function(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	char near[256];

	pairfuse_kbtf_suggest(obj->kbtf, p->func, near, sizeof(near));
	if (p->func_by_user) {
		pairfuse_warn("program '%s': function '%s' is not in this kernel's BTF%s%s",
			      bpf_program__name(p->bpf), p->func, near[0] ? "; near: " : "", near);
		return -ENOENT;
	}
	if (p->func_given)	/* by set_fs() */
		pairfuse_oprog_off(p, PAIRFUSE_REASON_NO_TARGET,
				   "function '%s' is not in this kernel's BTF: is the filesystem's module loaded?",
				   p->func);
	else
		pairfuse_oprog_off(p, PAIRFUSE_REASON_NO_TARGET,
				   "function '%s' is not in this kernel's BTF%s%s", p->func,
				   near[0] ? "; near: " : "", near);
	return 0;
}

/* Which function, in load mode; programs without one are switched off. */
static int find_function(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	int err;

	if (bpf_program__type(p->bpf) == BPF_PROG_TYPE_UNSPEC) {
		pairfuse_warn("program '%s' is left out: libbpf does not know section '%s', so what it is to be attached to is not known",
			      bpf_program__name(p->bpf), bpf_program__section_name(p->bpf));
		pairfuse_oprog_off(p, PAIRFUSE_REASON_NO_TARGET, "libbpf does not know section '%s'",
				   bpf_program__section_name(p->bpf));
		return 0;
	}
	if (!p->func) {
		if (pairfuse_hook_is_typed(p->at))
			pairfuse_oprog_off(p, PAIRFUSE_REASON_NO_TARGET,
					   "section '%s' names no function: give --target %s=FUNC",
					   bpf_program__section_name(p->bpf),
					   bpf_program__name(p->bpf));
		return 0;
	}
	if (pairfuse_is_placeholder(p->func) && !p->func_given) {
		pairfuse_oprog_off(p, PAIRFUSE_REASON_NO_TARGET,
				   "'%s' is a placeholder: give --fs FS or --target %s=FUNC",
				   p->func, p->func);
		return 0;
	}
	if (p->at == PAIRFUSE_AT_OTHER)
		return 0;
	err = pairfuse_kbtf_find(obj->kbtf, p->func, &p->info);
	p->func_known = !err;
	if (err != -ENOENT)
		return err;
	if (p->at == PAIRFUSE_AT_MODIFY)
		return 0;
	/* kprobes and tracepoints need no BTF, only fusing them does */
	if (!pairfuse_hook_is_typed(p->at) && pairfuse_ksyms_has(p->func))
		return 0;
	return unknown_function(obj, p);
}

/* A function was found not to be traceable: leave out all programs on it. */
static void not_traceable(struct pairfuse_object *obj, const char *func, const char *text)
{
	size_t i;

	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (pairfuse_hook_is_typed(p->at) && p->func && !strcmp(p->func, func))
			pairfuse_oprog_off(p, PAIRFUSE_REASON_NOT_TRACEABLE,
					   "function '%s' cannot be traced: %s", func, text);
	}
}

/*
 * One function that the verifier does not let be traced would fail the whole
 * object. Try each with a program that does nothing.
 */
static int try_function(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	char text[192];
	int fd;

	if (!pairfuse_hook_is_typed(p->at) || p->off || !bpf_program__autoload(p->bpf))
		return 0;
	fd = pairfuse_descriptor_load(&p->info, bpf_program__expected_attach_type(p->bpf), text,
				      sizeof(text));
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (fd == -EPERM) {
		pairfuse_warn("loading BPF programs: %s: need root (CAP_BPF, CAP_PERFMON) and a kernel that allows tracing programs",
			      pairfuse_strerror(fd));
		return fd;
	}
	not_traceable(obj, p->func, text);
	return 0;
}

static int find_functions(struct pairfuse_object *obj)
{
	size_t i;
	int err;

	for (i = 0; i < obj->nr_progs; i++) {
		if (!bpf_program__autoload(obj->progs[i].bpf))
			continue;
		err = find_function(obj, &obj->progs[i]);
		if (!err)
			err = try_function(obj, &obj->progs[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Tell libbpf what to load for which function. */
static int prepare(struct pairfuse_object *obj)
{
	const char *why = "";
	bool any = false;
	size_t i;
	int err;

	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (!bpf_program__autoload(p->bpf))
			continue;
		if (p->off) {
			pairfuse_info("program '%s' is left out: %s", bpf_program__name(p->bpf),
				      p->off_text);
			if (!why[0])
				why = p->off_text;
			bpf_program__set_autoload(p->bpf, false);
			continue;
		}
		any = true;
		if (!pairfuse_hook_is_typed(p->at) || !p->func_given)
			continue;
		err = bpf_program__set_attach_target(p->bpf, 0, p->func);
		if (err) {
			pairfuse_warn("program '%s': function '%s': %s",
				      bpf_program__name(p->bpf), p->func, pairfuse_strerror(err));
			return err;
		}
	}
	if (any)
		return 0;
	pairfuse_warn("%s: no program to load%s%s", obj->name, why[0] ? ": " : "", why);
	return -ENOENT;
}

int pairfuse_object__load(struct pairfuse_object *obj)
{
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	if (!pairfuse_object_kbtf(obj)) {
		pairfuse_warn("/sys/kernel/btf/vmlinux: the kernel has no BTF: need one built with CONFIG_DEBUG_INFO_BTF");
		return -ESRCH;
	}
	err = find_functions(obj);
	if (!err)
		err = prepare(obj);
	if (!err)
		err = pairfuse_object_inner_maps(obj, false);
	if (err)
		return err;
	err = bpf_object__load(obj->bpf);
	if (err) {
		pairfuse_warn("%s: cannot be loaded: %s", obj->name, pairfuse_strerror(err));
		if (obj->undeclared)
			pairfuse_warn("map '%s' declares no inner map: its tool gives it one, so start that with 'pairfuse run'",
				      bpf_map__name(obj->undeclared));
		return err;
	}
	obj->mode = PAIRFUSE_MODE_LOADED;
	return pairfuse_object_analyze(obj);
}

/* --- explain --- */

int pairfuse_object__explain(struct pairfuse_object *obj)
{
	struct pairfuse_kbtf *k;
	size_t i;
	int err;

	if (obj->mode != PAIRFUSE_MODE_OPEN)
		return -EBUSY;
	err = pairfuse_object_inner_maps(obj, true);
	if (!err)
		err = pairfuse_object_relocate(obj);
	if (err) {
		pairfuse_warn("%s: cannot be relocated: %s", obj->name, pairfuse_strerror(err));
		return err;
	}
	obj->mode = PAIRFUSE_MODE_EXPLAIN;
	err = pairfuse_object_join_placeholders(obj);
	if (err)
		return err;
	k = pairfuse_object_kbtf(obj);
	for (i = 0; k && i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (p->at == PAIRFUSE_AT_OTHER || !p->func)
			continue;
		err = pairfuse_kbtf_find(k, p->func, &p->info);
		p->func_known = !err;
	}
	return pairfuse_object_analyze(obj);
}
