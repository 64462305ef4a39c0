// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching: fused where possible, else the programs as they are.
 *
 * All or nothing within a group. Pairs that share a carrier map, and may have the same
 * key, are fused together or not at all, although a mix would tear no state: each pair belongs
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
 * All groups are attached by one request, since the kernel then hooks all functions
 * at once. Where that fails it is done group by group, and at last pair by pair: then the
 * one to blame is known, and what the kernel says of it.
 *
 * Descriptors: a link fd owns a fused pair; those of one request are copies of one. The
 * rewritten programs and the function's descriptor are closed as soon as the module holds
 * them.
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
		     const struct pairfuse_code *code, int carrier_fd)
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
	pairfuse_code_bind(bound.insns, bound.nr_insns, carrier_fd);
	fd = load_insns(pair, orig, &bound);
	free(bound.insns);
	return fd;
}

/* One task storage for the group. */
static int make_carrier(struct pairfuse_object *obj, struct pairfuse_opair *pair,
			int *carrier_fd)
{
	const struct pairfuse_pair *a = pair->analysis;

	if (!a->storage_size || *carrier_fd >= 0)
		return 0;
	*carrier_fd = pairfuse_task_carrier_create(obj->in_maps[a->carrier].name,
						   a->storage_size);
	if (*carrier_fd >= 0)
		return 0;
	pairfuse_opair_refuse(pair, PAIRFUSE_REASON_STORAGE, "task storage of %u bytes: %s",
			      a->storage_size, pairfuse_strerror(*carrier_fd));
	return *carrier_fd;
}

static int load_pair(struct pairfuse_object *obj, struct pairfuse_opair *pair, int *carrier_fd)
{
	const struct pairfuse_pair *a = pair->analysis;
	int err = make_carrier(obj, pair, carrier_fd);

	if (err)
		return err;
	if (!a->no_entry) {
		pair->entry_fd = load_half(pair, obj->progs[pair->entry].bpf, &a->entry_code,
					   *carrier_fd);
		if (pair->entry_fd < 0)
			return pair->entry_fd;
	}
	pair->exit_fd = load_half(pair, obj->progs[pair->exit].bpf, &a->exit_code, *carrier_fd);
	return pair->exit_fd < 0 ? pair->exit_fd : 0;
}

/* --- attach --- */

/* The request for a pair; opens att->target_fd. */
static int fill_request(struct pairfuse_object *obj, struct pairfuse_opair *pair, __u32 hook,
			struct pairfuse_attach *att)
{
	const struct pairfuse_oprog *entry = &obj->progs[pair->entry];
	const struct pairfuse_oprog *exit = &obj->progs[pair->exit];
	char text[192];

	*att = (struct pairfuse_attach) {
		.entry_fd = pair->entry_fd,
		.exit_fd = pair->exit_fd,
		.hook = hook,
		.entry_cookie = pair->analysis->no_entry ? 0 : entry->cookie,
		.exit_cookie = exit->cookie,
		.flags = pairfuse_pair_flags(pair->analysis),
		.filter = pair->analysis->filter,
		.filter_value = pair->analysis->filter_value,
	};
	att->target_fd = pairfuse_descriptor_load(&entry->info, BPF_TRACE_FEXIT, text,
						  sizeof(text));
	if (att->target_fd >= 0)
		return 0;
	pairfuse_opair_refuse(pair, PAIRFUSE_REASON_NOT_TRACEABLE,
			      "function '%s' cannot be traced: %s", entry->func, text);
	return att->target_fd;
}

/* The kernel has attached it as part of what fd owns, which becomes the pair's. */
static int take_link(struct pairfuse_object *obj, struct pairfuse_opair *pair,
		     const struct pairfuse_attach *att, int fd)
{
	if (pair->analysis->shared_only && att->hook != PAIRFUSE_HOOK_SHARED) {
		close(fd);
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_ATTACH,
				      "function '%s': takes kernel stacks, which need the shared hook",
				      obj->progs[pair->entry].func);
		return -EOPNOTSUPP;
	}
	pair->verdict.link_fd = fd;
	pair->verdict.link_id = att->link_id;
	pair->verdict.hook = att->hook;
	close_fd(&pair->entry_fd);
	close_fd(&pair->exit_fd);
	return 0;
}

/* group_fd: of another pair of its group, -1: there is none yet; set for the next. */
static int attach_pair(struct pairfuse_object *obj, struct pairfuse_opair *pair, int dev,
		       __u32 hook, int *group_fd)
{
	const char *func = obj->progs[pair->entry].func;
	struct pairfuse_attach att;
	int fd, err = fill_request(obj, pair, hook, &att);

	if (err)
		return err;
	if (att.flags & PAIRFUSE_ATTACH_EXACT)
		att.group_fd = *group_fd;
	fd = pairfuse_device_attach(dev, &att);
	close_fd(&att.target_fd);
	if (fd < 0) {
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_ATTACH, "function '%s': %s", func,
				      pairfuse_attach_trouble(fd, func, hook));
		return fd;
	}
	err = take_link(obj, pair, &att, fd);
	if (!err)
		*group_fd = fd;
	return err;
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
	return pair->analysis &&
	       (pair == first || pairfuse_pair_same_group(pair->analysis, first->analysis));
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

static bool is_complete(const struct pairfuse_opair *pair)
{
	return pair->analysis && pair->entry >= 0 && pair->exit >= 0;
}

static bool is_loaded(const struct pairfuse_opair *pair)
{
	return !pair->reason && pair->exit_fd >= 0 && pair->verdict.link_fd < 0;
}

/* Those that are loaded and wait: of a group, or (first NULL) all. In order. */
static size_t loaded_pairs(struct pairfuse_object *obj, const struct pairfuse_opair *first,
			   struct pairfuse_opair **pairs)
{
	size_t i, nr = 0;

	for (i = 0; i < obj->nr_pairs; i++)
		if (is_loaded(&obj->pairs[i]) && (!first || in_group(&obj->pairs[i], first)))
			pairs[nr++] = &obj->pairs[i];
	return nr;
}

/* Each pair gets a copy of the descriptor; groups that one does not suit are refused. */
static void take_links(struct pairfuse_object *obj, struct pairfuse_opair **pairs, size_t nr,
		       const struct pairfuse_attach *atts, int fd)
{
	size_t i;
	int copy;

	for (i = 0; i < nr; i++) {
		if (pairs[i]->reason)
			continue;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			pairfuse_opair_refuse(pairs[i], PAIRFUSE_REASON_ATTACH, "%s",
					      pairfuse_strerror(-errno));
		if (copy < 0 || take_link(obj, pairs[i], &atts[i], copy))
			refuse_siblings(obj, pairs[i]);
	}
	for (i = 0; i < nr; i++)
		if (pairs[i]->reason)
			pairfuse_link_detach(fd, atts[i].link_id);
	close(fd);
}

/* The group of pair i: a new one, or that of the first member that has one. */
static int group_of(struct pairfuse_opair **pairs, const struct pairfuse_attach *atts, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if ((atts[j].flags & PAIRFUSE_ATTACH_EXACT) && in_group(pairs[i], pairs[j]))
			return PAIRFUSE_GROUP_OF(j);
	return -1;
}

/*
 * All of them by one request; false: that did not work, and why remains to be found out,
 * unless one has been refused, and its siblings with it.
 */
static bool attach_together(struct pairfuse_object *obj, struct pairfuse_opair **pairs, size_t nr,
			    int dev, __u32 hook)
{
	struct pairfuse_attach *atts = calloc(nr, sizeof(*atts));
	size_t i, filled = 0;
	int fd = -ENOMEM;

	while (atts && filled < nr) {
		i = filled;
		if (fill_request(obj, pairs[i], hook, &atts[i])) {
			refuse_siblings(obj, pairs[i]);
			break;
		}
		filled++;
		if (atts[i].flags & PAIRFUSE_ATTACH_EXACT)
			atts[i].group_fd = group_of(pairs, atts, i);
	}
	if (filled == nr)
		fd = pairfuse_device_attach_many(dev, atts, nr);
	for (i = 0; i < filled; i++)
		close(atts[i].target_fd);
	if (fd >= 0)
		take_links(obj, pairs, nr, atts, fd);
	free(atts);
	return fd >= 0;
}

static void attach_each(struct pairfuse_object *obj, struct pairfuse_opair **pairs, size_t nr,
			int dev, __u32 hook)
{
	int group_fd = -1;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (pairs[i]->reason)
			continue;
		if (attach_pair(obj, pairs[i], dev, hook, &group_fd))
			refuse_siblings(obj, pairs[i]);
	}
}

/* All at once, or one group after the other, or the pairs of a group each by itself. */
static void attach_loaded(struct pairfuse_object *obj, int dev, __u32 hook)
{
	struct pairfuse_opair **pairs = calloc(obj->nr_pairs, sizeof(*pairs));
	size_t i, nr, all;

	if (!pairs)
		return;
	all = loaded_pairs(obj, NULL, pairs);
	if (all > 1)
		attach_together(obj, pairs, all, dev, hook);
	for (i = 0; i < obj->nr_pairs; i++) {
		if (!is_loaded(&obj->pairs[i]))
			continue;
		nr = loaded_pairs(obj, &obj->pairs[i], pairs);
		/* a group that is all there is has been tried */
		if (nr == 1 || nr == all || !attach_together(obj, pairs, nr, dev, hook))
			attach_each(obj, pairs, nr, dev, hook);
	}
	free(pairs);
}

/* The rewritten programs of all pairs of a group, or of none. */
static void load_group(struct pairfuse_object *obj, struct pairfuse_opair *first)
{
	int carrier_fd = -1;
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		struct pairfuse_opair *pair = &obj->pairs[i];

		if (!in_group(pair, first))
			continue;
		if (pair->reason || load_pair(obj, pair, &carrier_fd)) {
			refuse_siblings(obj, pair);
			break;
		}
	}
	close_fd(&carrier_fd);	/* the programs hold it */
}

static void refuse_all(struct pairfuse_object *obj, enum pairfuse_reason reason, const char *text)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++)
		if (is_complete(&obj->pairs[i]) && !obj->pairs[i].reason)
			pairfuse_opair_refuse(&obj->pairs[i], reason, "%s", text);
}

/* Programs of fused pairs are not attached as they are. */
static void mark_fused(struct pairfuse_object *obj)
{
	size_t i;

	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_opair *pair = &obj->pairs[i];

		if (pair->verdict.link_fd < 0)
			continue;
		obj->progs[pair->entry].fused = true;
		obj->progs[pair->exit].fused = true;
	}
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

		/* siblings have been loaded, or refused, with the first of their group */
		if (is_complete(pair) && !pair->reason && pair->exit_fd < 0)
			load_group(obj, pair);
	}
	/* its fd is left open on purpose: it is to last as long as the process */
	if (hook == PAIRFUSE_HOOK_SHARED)
		pairfuse_anchor();
	attach_loaded(obj, dev, hook);
	mark_fused(obj);
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
