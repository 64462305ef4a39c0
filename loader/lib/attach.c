// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching: fused where possible, else the programs as they are.
 *
 * All or nothing within a group. Pairs that share a carrier map are fused
 * together or not at all, although a mix would tear no state: each pair belongs
 * to one function, so the entry of a fused pair is never followed by the exit of
 * a split one. What a mix would change is nesting. Split, an inner call
 * overwrites the outer one's entry in the map, and the outer exit finds
 * nothing; tools rely on it (tcp_v6_connect calling tcp_v4_connect is to be one
 * event). Fused, the kinds of nesting follow one documented rule. In a mix the
 * outcome would depend on which function the kernel happened to refuse, and on
 * no rule at all. The two steps below keep the window small in which a group is
 * neither: first everything is loaded (where most refusals come from), then
 * attached; a refusal there takes the group's links down before the originals
 * go up.
 *
 * Descriptors: a link fd owns a fused pair. The rewritten programs and the
 * function's descriptor are closed as soon as the module holds them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "carrier.h"
#include "device.h"
#include "hook.h"
#include "log.h"
#include "object.h"

#define VERIFIER_LOG_SIZE (4U << 20)	/* not touched unless a program is refused */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static const char *pair_func(const struct pairfuse_object *obj, const struct pairfuse_opair *pair)
{
	return obj->progs[pair->entry >= 0 ? pair->entry : pair->exit].func;
}

/* What the pairs of a group have in common while they are loaded and attached. */
struct joint {
	int carrier_fd;		/* task storage; -1: none as yet */
	int link_fd;		/* of one of them; -1: none as yet */
};

/* --- load --- */

static bool gpl_compatible(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) && info.gpl_compatible;
}

static int load_insns(struct pairfuse_opair *pair, const struct bpf_program *orig,
		      const struct pairfuse_code *code)
{
	char *log = malloc(VERIFIER_LOG_SIZE);
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd, err;

	if (log) {
		log[0] = '\0';
		opts.log_buf = log;	/* the log is written by a second try, after a failure */
		opts.log_size = VERIFIER_LOG_SIZE;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, bpf_program__name(orig),
			   gpl_compatible(orig) ? "GPL" : "Proprietary", code->insns,
			   code->nr_insns, &opts);
	if (fd < 0) {
		err = -errno;
		if (log)
			pairfuse_debug("verifier log of the rewritten '%s':\n%s",
				       bpf_program__name(orig), log);
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_VERIFIER, "rewritten '%s': %s: %s",
				      bpf_program__name(orig), pairfuse_strerror(err),
				      log ? pairfuse_log_last_line(log) : "");
		fd = err;
	}
	free(log);
	return fd;
}

/* The analysis' code stays as it is, with its reference to the group's storage open. */
static int load_half(struct pairfuse_opair *pair, const struct bpf_program *orig,
		     const struct pairfuse_code *code, const struct joint *joint)
{
	struct pairfuse_code bound = { .nr_insns = code->nr_insns };
	int fd;

	bound.insns = malloc(code->nr_insns * sizeof(*code->insns));
	if (!bound.insns) {
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_VERIFIER, "rewritten '%s': no memory",
				      bpf_program__name(orig));
		return -ENOMEM;
	}
	memcpy(bound.insns, code->insns, code->nr_insns * sizeof(*code->insns));
	pairfuse_code_bind(bound.insns, bound.nr_insns, joint->carrier_fd);
	fd = load_insns(pair, orig, &bound);
	free(bound.insns);
	return fd;
}

/* One task storage for the group. */
static int make_carrier(struct pairfuse_object *obj, struct pairfuse_opair *pair,
			struct joint *joint)
{
	const struct pairfuse_pair *a = pair->analysis;

	if (!a->storage_size || joint->carrier_fd >= 0)
		return 0;
	joint->carrier_fd = pairfuse_task_carrier_create(obj->in_maps[a->carrier].name,
							 a->storage_size);
	if (joint->carrier_fd >= 0)
		return 0;
	pairfuse_opair_refuse(pair, PAIRFUSE_REASON_STORAGE, "task storage of %u bytes: %s",
			      a->storage_size, pairfuse_strerror(joint->carrier_fd));
	return joint->carrier_fd;
}

static int load_pair(struct pairfuse_object *obj, struct pairfuse_opair *pair,
		     struct joint *joint)
{
	const struct pairfuse_pair *a = pair->analysis;
	int err = make_carrier(obj, pair, joint);

	if (err)
		return err;
	if (!a->no_entry) {
		pair->entry_fd = load_half(pair, obj->progs[pair->entry].bpf, &a->entry_code,
					   joint);
		if (pair->entry_fd < 0)
			return pair->entry_fd;
	}
	pair->exit_fd = load_half(pair, obj->progs[pair->exit].bpf, &a->exit_code, joint);
	return pair->exit_fd < 0 ? pair->exit_fd : 0;
}

/* --- attach --- */

static int attach_pair(struct pairfuse_object *obj, struct pairfuse_opair *pair, int dev,
		       __u32 hook, struct joint *joint)
{
	const struct pairfuse_oprog *entry = &obj->progs[pair->entry];
	const struct pairfuse_oprog *exit = &obj->progs[pair->exit];
	struct pairfuse_attach att = {
		.entry_fd = pair->entry_fd,
		.exit_fd = pair->exit_fd,
		.hook = hook,
		.entry_cookie = pair->analysis->no_entry ? 0 : entry->cookie,
		.exit_cookie = exit->cookie,
		.flags = pairfuse_pair_flags(pair->analysis),
		.filter = pair->analysis->filter,
		.filter_value = pair->analysis->filter_value,
	};
	char text[192];
	int fd;

	if (att.flags & PAIRFUSE_ATTACH_EXACT)
		att.group_fd = joint->link_fd;
	att.target_fd = pairfuse_descriptor_load(&entry->info, BPF_TRACE_FEXIT, text, sizeof(text));
	if (att.target_fd < 0) {
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_NOT_TRACEABLE,
				      "function '%s' cannot be traced: %s", entry->func, text);
		return att.target_fd;
	}
	/* its fd is left open on purpose: it is to last as long as the process */
	if (hook == PAIRFUSE_HOOK_SHARED)
		pairfuse_anchor();
	fd = pairfuse_device_attach(dev, &att);
	close_fd(&att.target_fd);
	if (fd < 0) {
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_ATTACH, "function '%s': %s",
				      entry->func, pairfuse_attach_trouble(fd, entry->func, hook));
		return fd;
	}
	if (pair->analysis->shared_only && att.hook != PAIRFUSE_HOOK_SHARED) {
		close(fd);
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_ATTACH,
				      "function '%s': takes kernel stacks, which need the shared hook",
				      entry->func);
		return -EOPNOTSUPP;
	}
	joint->link_fd = fd;
	pair->verdict.link_fd = fd;
	pair->verdict.link_id = att.link_id;
	pair->verdict.hook = att.hook;
	close_fd(&pair->entry_fd);
	close_fd(&pair->exit_fd);
	return 0;
}

static void drop_pair(struct pairfuse_opair *pair)
{
	close_fd(&pair->verdict.link_fd);
	pair->verdict.link_id = 0;
	close_fd(&pair->entry_fd);
	close_fd(&pair->exit_fd);
}

/* --- groups --- */

static bool in_group(const struct pairfuse_opair *pair, const struct pairfuse_opair *first)
{
	if (!pair->analysis)
		return false;
	return pair == first || (pair->analysis->carrier >= 0 && first->analysis->carrier >= 0 &&
				 pair->analysis->carrier == first->analysis->carrier);
}

/* Refuse all pairs of the group that were not refused themselves. */
static void refuse_group(struct pairfuse_object *obj, struct pairfuse_opair *first,
			 enum pairfuse_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse_group(struct pairfuse_object *obj, struct pairfuse_opair *first,
			 enum pairfuse_reason reason, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (i = 0; i < obj->nr_pairs; i++) {
		struct pairfuse_opair *pair = &obj->pairs[i];

		if (!in_group(pair, first))
			continue;
		drop_pair(pair);
		if (!pair->reason)
			pairfuse_opair_refuse(pair, reason, "%s", text);
	}
}

static void refuse_siblings(struct pairfuse_object *obj, struct pairfuse_opair *culprit)
{
	refuse_group(obj, culprit, PAIRFUSE_REASON_GROUP,
		     "the pair of function '%s' shares the map '%s' and is not fused (%s)",
		     pair_func(obj, culprit),
		     culprit->analysis->carrier < 0 ?
			     "" : obj->in_maps[culprit->analysis->carrier].name,
		     pairfuse_reason_id(culprit->reason));
}

/* Load all of them, then attach all; false when one of them failed. */
static bool join_group(struct pairfuse_object *obj, struct pairfuse_opair *first, int dev,
		       __u32 hook, struct joint *joint)
{
	struct pairfuse_opair *pair;
	size_t i;
	int pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < obj->nr_pairs; i++) {
			pair = &obj->pairs[i];
			if (!in_group(pair, first))
				continue;
			if (pair->reason || (pass ? attach_pair(obj, pair, dev, hook, joint) :
						    load_pair(obj, pair, joint))) {
				refuse_siblings(obj, pair);
				return false;
			}
		}
	}
	return true;
}

static void fuse_group(struct pairfuse_object *obj, struct pairfuse_opair *first, int dev,
		       __u32 hook)
{
	struct joint joint = { .carrier_fd = -1, .link_fd = -1 };
	bool fused = join_group(obj, first, dev, hook, &joint);
	size_t i;

	close_fd(&joint.carrier_fd);	/* the programs hold it */
	for (i = 0; fused && i < obj->nr_pairs; i++) {
		struct pairfuse_opair *pair = &obj->pairs[i];

		if (in_group(pair, first)) {
			obj->progs[pair->entry].fused = true;
			obj->progs[pair->exit].fused = true;
		}
	}
}

static bool is_complete(const struct pairfuse_opair *pair)
{
	return pair->analysis && pair->entry >= 0 && pair->exit >= 0;
}

static void refuse_all(struct pairfuse_object *obj, enum pairfuse_reason reason, const char *text)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++)
		if (is_complete(&obj->pairs[i]) && !obj->pairs[i].reason)
			pairfuse_opair_refuse(&obj->pairs[i], reason, "%s", text);
}

static void fuse(struct pairfuse_object *obj, __u32 hook)
{
	struct pairfuse_info info;
	bool any = false;
	char text[256];
	size_t i;
	int dev;

	for (i = 0; i < obj->nr_pairs; i++)
		any |= is_complete(&obj->pairs[i]) && !obj->pairs[i].reason;
	if (!any)
		return;
	dev = pairfuse_device_open(&info);
	if (dev < 0) {
		refuse_all(obj, PAIRFUSE_REASON_MODULE,
			   pairfuse_device_error(dev, &info, text, sizeof(text)));
		return;
	}
	for (i = 0; i < obj->nr_pairs; i++) {
		struct pairfuse_opair *pair = &obj->pairs[i];

		/* siblings have been decided with the first of their group */
		if (is_complete(pair) && !pair->reason && pair->verdict.link_fd < 0)
			fuse_group(obj, pair, dev, hook);
	}
	close(dev);
}

/* --- the programs as they are --- */

static struct bpf_link *attach_program(struct pairfuse_oprog *p)
{
	LIBBPF_OPTS(bpf_trace_opts, trace, .cookie = p->cookie);
	LIBBPF_OPTS(bpf_kprobe_opts, kprobe, .bpf_cookie = p->cookie, .retprobe = p->retprobe);

	if (p->kprobe && p->func_given)
		return bpf_program__attach_kprobe_opts(p->bpf, p->func, &kprobe);
	if (pairfuse_hook_is_typed(p->at) && p->cookie)
		return bpf_program__attach_trace_opts(p->bpf, &trace);
	return bpf_program__attach(p->bpf);
}

/* Has the function a call site of ftrace? True also where that is not known. */
static bool has_ftrace_site(const char *func)
{
	char line[512];
	bool found = false;
	FILE *f;

	f = fopen("/sys/kernel/tracing/available_filter_functions", "re");
	if (!f)
		return true;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = '\0';	/* FUNCTION [MODULE] */
		found = !strcmp(line, func);
	}
	fclose(f);
	return found;
}

static int attach_split(struct pairfuse_object *obj, struct pairfuse_oprog *p)
{
	int err;

	if (p->off || p->fused || bpf_program__fd(p->bpf) < 0)
		return 0;
	p->link = attach_program(p);
	if (p->link)
		return 0;
	err = -errno;
	if (err == -EOPNOTSUPP && !p->func) {
		pairfuse_warn("program '%s': not attached: section '%s' says not where",
			      bpf_program__name(p->bpf), bpf_program__section_name(p->bpf));
		return 0;
	}
	pairfuse_warn("program '%s': cannot be attached%s%s%s: %s%s", bpf_program__name(p->bpf),
		      p->func ? " to '" : "", p->func ? p->func : "", p->func ? "'" : "",
		      pairfuse_strerror(err),
		      p->func && !has_ftrace_site(p->func) ?
			      ": the function is not in available_filter_functions, so it cannot be traced" :
			      "");
	return err;
}

int pairfuse_object__attach(struct pairfuse_object *obj, const struct pairfuse_attach_opts *opts)
{
	struct pairfuse_attach_opts o = { .sz = sizeof(o) };
	size_t i;
	int err;

	if (obj->mode != PAIRFUSE_MODE_LOADED || obj->attached || obj->released)
		return -EBUSY;
	if (opts) {
		if (opts->sz < sizeof(opts->sz))
			return -EINVAL;
		memcpy(&o, opts, opts->sz < sizeof(o) ? opts->sz : sizeof(o));
	}
	if (!obj->results) {		/* wrapped */
		err = pairfuse_object_analyze(obj);
		if (err)
			return err;
	}
	obj->attached = true;
	if (o.engine == PAIRFUSE_ENGINE_SPLIT)
		refuse_all(obj, PAIRFUSE_REASON_ENGINE,
			   pairfuse_reason_text(PAIRFUSE_REASON_ENGINE));
	else
		fuse(obj, o.hook);
	for (i = 0; i < obj->nr_progs; i++) {
		err = attach_split(obj, &obj->progs[i]);
		if (err) {
			pairfuse_object__detach(obj);
			return err;
		}
	}
	for (i = 0; i < obj->nr_pairs; i++)
		pairfuse_object_judge(obj, &obj->pairs[i]);
	return 0;
}

/* --- what fused pairs leave behind --- */

/* Do programs use the map that still run as they are, or may again? */
static bool is_replaced(const struct pairfuse_object *obj, size_t map)
{
	bool any = false;
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_opair *pair = &obj->pairs[i];

		if (!pair->analysis || pair->analysis->carrier != (int)map)
			continue;
		if (pair->verdict.link_fd < 0 ||
		    pair->analysis->storage == PAIRFUSE_STORAGE_MAP)
			return false;
		any = true;
	}
	return any;
}

/* libbpf closes it at the end: until then the descriptor is one of something else. */
static int drop_map(struct bpf_map *map)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err = 0;

	if (null < 0)
		return -errno;
	if (dup3(null, bpf_map__fd(map), O_CLOEXEC) < 0)
		err = -errno;
	close(null);
	return err;
}

int pairfuse_object__release(struct pairfuse_object *obj)
{
	size_t i;
	int err = 0;

	if (!obj->attached)
		return -EBUSY;
	if (!obj->owned)
		return -EINVAL;
	for (i = 0; i < obj->nr_progs; i++)
		if (obj->progs[i].fused)
			bpf_program__unload(obj->progs[i].bpf);
	for (i = 0; !err && i < obj->nr_maps; i++)
		if (is_replaced(obj, i))
			err = drop_map(pairfuse_object_map(obj, i));
	obj->released = true;
	return err;
}

/* Links first: no program may run on when the session takes its maps away. */
void pairfuse_object__detach(struct pairfuse_object *obj)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++)
		drop_pair(&obj->pairs[i]);
	for (i = 0; i < obj->nr_progs; i++) {
		bpf_link__destroy(obj->progs[i].link);
		obj->progs[i].link = NULL;
		obj->progs[i].fused = false;
	}
	for (i = 0; i < obj->nr_pairs; i++)
		pairfuse_object_judge(obj, &obj->pairs[i]);
	obj->attached = false;
}
