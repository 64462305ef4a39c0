// SPDX-License-Identifier: GPL-2.0
/*
 * From what was recorded to pairs: describe it to the analysis, take its
 * verdicts, load what it rewrote, attach.
 *
 * What is passed on, by where a program is attached:
 *
 *	fentry, fexit		PAIRFUSE_AT_FENTRY, _FEXIT, target = function;
 *				known from loading, attached or not
 *	kprobe, kretprobe	PAIRFUSE_AT_KPROBE, _KRETPROBE, target = function,
 *				proto from BTF when the function is in it
 *	syscalls/sys_enter_X,	PAIRFUSE_AT_SYS_ENTER, _SYS_EXIT,
 *	sys_exit_X		target = "__x64_sys_X", proto likewise
 *	fmod_ret, LSM		PAIRFUSE_AT_MODIFY, target = function, attached or not
 *	anything else, and what	PAIRFUSE_AT_OTHER
 *	is not attached yet
 *
 * A program that is attached at several places is described once for each. Map
 * references are BPF_PSEUDO_MAP_IDX[_VALUE] with the map's id as immediate.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "carrier.h"
#include "device.h"
#include "fd.h"
#include "kcode.h"
#include "ksyms.h"
#include "log.h"
#include "object.h"
#include "run.h"
#include "sys.h"

#define VERIFIER_LOG_SIZE (4U << 20)	/* not touched unless a program is refused */

struct place {			/* of a program: what in.progs[] describes */
	struct run_prog *prog;
	struct run_half *half;	/* NULL: not attached */
	struct pairfuse_func target;
	bool known;
};

/* Kept from one analysis to the next: reading them again would be an event. */
static struct pairfuse_kbtf *kbtf;
static int device = -1;

struct engine {
	struct place *places;
	struct pairfuse_prog *progs;
	size_t nr_progs;
	struct pairfuse_map *maps;
	struct bpf_map_info *infos;
	int *map_fds;
	void **contents;
	size_t nr_maps;
};

/* --- maps --- */

static int map_index(const struct engine *e, __u32 id)
{
	size_t i;

	for (i = 0; i < e->nr_maps; i++)
		if (e->infos[i].id == id)
			return i;
	return -1;
}

static int map_ref(void *arg, const struct bpf_insn *insn)
{
	return run_insn_is_map_ref(insn) ? map_index(arg, insn->imm) : -1;
}

static bool is_frozen(int fd)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return run_sys_read_file(path, text, sizeof(text)) > 0 && strstr(text, "frozen:\t1");
}

/* Global constants: final once the kernel refuses user space and programs to write. */
static void read_constants(struct engine *e, size_t i)
{
	struct bpf_map_info *info = &e->infos[i];
	__u32 zero = 0;
	void *data;

	if (info->type != BPF_MAP_TYPE_ARRAY || info->max_entries != 1 ||
	    !(info->map_flags & BPF_F_RDONLY_PROG) || !is_frozen(e->map_fds[i]))
		return;
	data = calloc(1, info->value_size);
	if (!data)
		return;
	if (bpf_map_lookup_elem(e->map_fds[i], &zero, data)) {
		free(data);
		return;
	}
	e->contents[i] = data;
	e->maps[i].frozen = true;
	e->maps[i].rodata = data;
}

static int describe_map(struct engine *e, __u32 id)
{
	size_t i = e->nr_maps;
	__u32 len = sizeof(e->infos[i]);
	struct pairfuse_map *m = &e->maps[i];
	struct run_map *map = run_map_get(id);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	if (!map || bpf_obj_get_info_by_fd(fd, &e->infos[i], &len)) {
		close(fd);
		return map ? -errno : -ENOMEM;
	}
	e->map_fds[i] = fd;
	m->name = e->infos[i].name;
	m->type = e->infos[i].type;
	m->key_size = e->infos[i].key_size;
	m->value_size = e->infos[i].value_size;
	m->max_entries = e->infos[i].max_entries;
	m->pinned = map->pinned;
	m->reused = !map->own;
	m->printed = !strncmp(m->name, "AT_", strlen("AT_")); /* bpftrace's @name */
	read_constants(e, i);
	m->shown = !m->frozen && (map->touched || (e->infos[i].map_flags & BPF_F_MMAPABLE));
	e->nr_maps++;
	return 0;
}

static int describe_maps(struct engine *e)
{
	struct run_map *map;
	struct run_prog *prog;
	size_t nr = 0;
	int err = 0;

	for (map = run_maps; map; map = map->next)
		nr++;
	e->maps = calloc(nr + 1, sizeof(*e->maps));
	e->infos = calloc(nr + 1, sizeof(*e->infos));
	e->map_fds = calloc(nr + 1, sizeof(*e->map_fds));
	e->contents = calloc(nr + 1, sizeof(*e->contents));
	if (!e->maps || !e->infos || !e->map_fds || !e->contents)
		return -ENOMEM;
	for (map = run_maps; map && !err; map = map->next) {
		for (prog = run_progs; prog; prog = prog->next)
			if (run_prog_uses_map(prog, map->id))
				break;
		if (prog)
			err = describe_map(e, map->id);
	}
	return err;
}

/* --- programs --- */

/* The kernel knows whether a program is still there; halves hold theirs. */
static void forget_dead(void)
{
	struct run_pair *pair, *next_pair;
	struct run_prog *prog, *next;
	int fd;

	for (prog = run_progs; prog; prog = next) {
		next = prog->next;
		if (prog->nr_halves)
			continue;
		fd = bpf_prog_get_fd_by_id(prog->id);
		if (fd >= 0)
			close(fd);
		if (fd >= 0 || errno != ENOENT)
			continue;
		for (pair = run_pairs; pair; pair = next_pair) {
			next_pair = pair->next;
			if (pair->entry_prog == prog || pair->exit_prog == prog)
				run_pair_free(pair);
		}
		run_prog_free(prog);
	}
}

/* The module of a BTF object; "" for vmlinux; false: of a program. */
static bool module_of(__u32 btf_obj_id, char *name, size_t len)
{
	struct bpf_btf_info info = { .name = (__u64)(unsigned long)name, .name_len = len };
	__u32 info_len = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(btf_obj_id), err;

	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &info, &info_len);
	close(fd);
	if (err || !info.kernel_btf)
		return false;
	if (!strcmp(name, "vmlinux"))
		name[0] = '\0';
	return true;
}

/* By name; where several functions have it, it must be the one that is meant. */
static bool find_target(struct place *place, const char *func, __u32 btf_id, const char *module)
{
	struct pairfuse_func *t = &place->target;

	place->known = !pairfuse_kbtf_find(kbtf, func, t) &&
		       (!btf_id || (t->btf_id == btf_id && !strcmp(t->module, module)));
	return place->known;
}

/* What a program with a function given by BTF is there. */
static enum pairfuse_hook_type typed_at(const struct run_prog *prog)
{
	if (prog->type == BPF_PROG_TYPE_LSM)
		return PAIRFUSE_AT_MODIFY;
	if (prog->type != BPF_PROG_TYPE_TRACING)
		return PAIRFUSE_AT_OTHER;
	switch (prog->attach_type) {
	case BPF_TRACE_FENTRY:
		return PAIRFUSE_AT_FENTRY;
	case BPF_TRACE_FEXIT:
		return PAIRFUSE_AT_FEXIT;
	case BPF_MODIFY_RETURN:
		return PAIRFUSE_AT_MODIFY;
	default:
		return PAIRFUSE_AT_OTHER;
	}
}

/* A module that was loaded since has BTF of its own: everything is read once more. */
static const char *func_name(const char *module, __u32 btf_id)
{
	const char *func = pairfuse_kbtf_func_name(kbtf, module, btf_id);
	struct pairfuse_kbtf *fresh;

	if (func || !module[0] || pairfuse_kbtf_open(&fresh))
		return func;
	pairfuse_kbtf_free(kbtf);
	kbtf = fresh;
	return pairfuse_kbtf_func_name(kbtf, module, btf_id);
}

static enum pairfuse_hook_type at_btf_func(struct place *place)
{
	struct run_prog *prog = place->prog;
	char module[64] = "";
	const char *func;

	if (typed_at(prog) == PAIRFUSE_AT_OTHER || !prog->btf_id ||
	    !module_of(prog->btf_obj_id, module, sizeof(module)))
		return PAIRFUSE_AT_OTHER;
	func = func_name(module, prog->btf_id);
	if (!func || strlen(func) >= sizeof(prog->func))
		return PAIRFUSE_AT_OTHER;
	strcpy(prog->func, func);
	if (!find_target(place, func, prog->btf_id, module))
		return PAIRFUSE_AT_OTHER;
	return typed_at(prog);
}

static enum pairfuse_hook_type at_probe(struct place *place)
{
	static const enum pairfuse_hook_type types[] = {
		[RUN_AT_OTHER]	   = PAIRFUSE_AT_OTHER,
		[RUN_AT_KPROBE]	   = PAIRFUSE_AT_KPROBE,
		[RUN_AT_KRETPROBE] = PAIRFUSE_AT_KRETPROBE,
		[RUN_AT_SYS_ENTER] = PAIRFUSE_AT_SYS_ENTER,
		[RUN_AT_SYS_EXIT]  = PAIRFUSE_AT_SYS_EXIT,
	};
	enum pairfuse_hook_type type = types[place->half->at];

	if (type == PAIRFUSE_AT_OTHER || !find_target(place, place->half->func, 0, ""))
		return PAIRFUSE_AT_OTHER;
	return type;
}

static void describe_place(struct engine *e, struct run_prog *prog, struct run_half *half)
{
	struct place *place = &e->places[e->nr_progs];
	struct pairfuse_prog *in = &e->progs[e->nr_progs++];

	place->prog = prog;
	place->half = half;
	if (!half || half->at == RUN_AT_FENTRY || half->at == RUN_AT_FEXIT ||
	    typed_at(prog) == PAIRFUSE_AT_MODIFY)
		in->at = at_btf_func(place);
	else
		in->at = at_probe(place);
	in->name = prog->name;
	in->section = "";
	in->sleepable = prog->sleepable;
	if (place->known && in->at != PAIRFUSE_AT_OTHER) {
		in->target = half && half->func[0] ? half->func : prog->func;
		in->proto = &place->target.proto;
	}
	in->cookie = half ? half->cookie : 0;
	in->insns = prog->insns;
	in->nr_insns = prog->nr_insns;
	if (in->target && pairfuse_wants_address(in))
		in->addr = pairfuse_ksyms_address(in->target);
	if (in->target && pairfuse_wants_ip(in))
		in->ip = pairfuse_kcode_probe_ip(pairfuse_ksyms_address(in->target));
}

static int describe_progs(struct engine *e)
{
	struct run_prog *prog;
	struct run_half *half;
	size_t nr = 0;

	for (prog = run_progs; prog; prog = prog->next)
		nr++;
	for (half = run_halves; half; half = half->next)
		nr++;
	e->places = calloc(nr + 1, sizeof(*e->places));
	e->progs = calloc(nr + 1, sizeof(*e->progs));
	if (!e->places || !e->progs)
		return -ENOMEM;
	for (prog = run_progs; prog; prog = prog->next) {
		if (!prog->nr_halves)
			describe_place(e, prog, NULL);
		for (half = run_halves; half; half = half->next)
			if (half->prog == prog)
				describe_place(e, prog, half);
	}
	return 0;
}

/* --- loading --- */

static bool to_fds(const struct engine *e, struct bpf_insn *insns, size_t nr)
{
	size_t i;
	int map;

	for (i = 0; i < nr; i++) {
		if (run_insn_is_map_ref(&insns[i])) {
			map = map_index(e, insns[i].imm);
			if (map < 0)
				return false;
			insns[i].imm = e->map_fds[map];
			insns[i].src_reg = insns[i].src_reg == BPF_PSEUDO_MAP_IDX ?
						   BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
		}
		i += insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return true;
}

static void load_insns(struct run_pair *pair, const struct run_prog *orig,
		       const struct bpf_insn *insns, size_t nr, int *holder)
{
	char *log = malloc(VERIFIER_LOG_SIZE);
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd;

	if (log) {
		log[0] = '\0';
		opts.log_buf = log;	/* written by a second try, after a failure */
		opts.log_size = VERIFIER_LOG_SIZE;
	}
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, orig->name, orig->license, insns,
			   nr, &opts);
	fd = fd < 0 ? -errno : fd;
	if (fd < 0 && log && run_verbose > 1)
		run_say("verifier log of the rewritten '%s':\n%s", orig->name, log);
	if (fd == -EMFILE || (fd >= 0 && run_fd_make_private(fd, holder))) {
		run_pair_refuse_room(pair);
	} else if (fd < 0) {
		pair->final = true;
		run_pair_refuse(pair, PAIRFUSE_REASON_VERIFIER, "rewritten '%s': %s: %s",
				orig->name, pairfuse_strerror(fd),
				log ? pairfuse_log_last_line(log) : "");
	}
	free(log);
}

/* The task storage of the pair's group, if it wants one; made when first needed. */
static bool bind_storage(struct run_pair *pair, struct bpf_insn *insns, size_t nr)
{
	struct run_map *map;
	int *storage;
	int err = 0;

	if (!pair->storage_size)
		return true;
	map = run_map_get(pair->carrier);
	storage = map ? run_storage_get(map, &pair->consts) : NULL;
	if (!storage)
		return false;
	if (*storage < 0)
		err = run_fd_make_private(pairfuse_task_carrier_create(pair->carrier_name,
								       pair->storage_size),
					  storage);
	if (err) {
		pair->final = true;
		run_pair_refuse(pair, PAIRFUSE_REASON_STORAGE, "task storage of %u bytes: %s",
				pair->storage_size, pairfuse_strerror(err));
		return false;
	}
	pairfuse_code_bind(insns, nr, *storage);
	return true;
}

static void load_half(struct engine *e, struct run_pair *pair, const struct run_prog *orig,
		      const struct pairfuse_code *code, int *holder)
{
	struct bpf_insn *insns = malloc(code->nr_insns * sizeof(*insns));

	if (insns)
		memcpy(insns, code->insns, code->nr_insns * sizeof(*insns));
	if (insns && to_fds(e, insns, code->nr_insns) && bind_storage(pair, insns, code->nr_insns))
		load_insns(pair, orig, insns, code->nr_insns, holder);
	else if (!pair->reason)
		run_pair_refuse(pair, PAIRFUSE_REASON_VERIFIER, "rewritten '%s': no memory",
				orig->name);
	free(insns);
}

static bool open_device(struct run_pair *pair)
{
	struct pairfuse_info info;
	char text[256];
	int fd;

	if (device >= 0)
		return true;
	fd = pairfuse_device_open(&info);
	if (fd < 0)
		run_pair_refuse(pair, PAIRFUSE_REASON_MODULE, "%s",
				pairfuse_device_error(fd, &info, text, sizeof(text)));
	else if (run_fd_make_private(fd, &device))
		run_pair_refuse_room(pair);
	return device >= 0;
}

/* What else attaching needs, so that it is one request and nothing more. */
static void get_ready(struct run_pair *pair)
{
	char text[256];
	int fd;

	if (!open_device(pair))
		return;
	fd = pairfuse_descriptor_load(&pair->target, BPF_TRACE_FEXIT, text, sizeof(text));
	if (fd < 0)
		run_pair_refuse(pair, PAIRFUSE_REASON_NOT_TRACEABLE,
				"function '%s' cannot be traced: %s", pair->func, text);
	else if (run_fd_make_private(fd, &pair->target_fd))
		run_pair_refuse_room(pair);
	else
		run_anchor();
}

static void load(struct engine *e, struct run_pair *pair)
{
	if (pair->exit_fd >= 0)
		return;
	if (!pair->no_entry)
		load_half(e, pair, pair->entry_prog, &pair->entry_code, &pair->entry_fd);
	if (!pair->reason)
		load_half(e, pair, pair->exit_prog, &pair->exit_code, &pair->exit_fd);
	if (!pair->reason)
		get_ready(pair);
}

/* --- verdicts --- */

static bool same_code(const struct pairfuse_code *a, const struct pairfuse_code *b)
{
	return a->nr_insns == b->nr_insns &&
	       !memcmp(a->insns, b->insns, a->nr_insns * sizeof(*a->insns));
}

/* The result's instructions become the pair's. */
static void take_code(struct pairfuse_code *to, struct pairfuse_code *from)
{
	free(to->insns);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

static void take_verdict(struct engine *e, struct run_pair *pair, struct pairfuse_pair *v)
{
	bool same = !v->reason && pair->entry_code.insns && pair->exit_code.insns &&
		    same_code(&pair->entry_code, &v->entry_code) &&
		    same_code(&pair->exit_code, &v->exit_code) &&
		    pair->storage == v->storage && pair->flags == pairfuse_pair_flags(v) &&
		    pair->filter == v->filter && pair->filter_value == v->filter_value;
	__u32 carrier = v->carrier < 0 ? 0 : e->infos[v->carrier].id;

	pair->seen = true;
	if (same && (pair->state != RUN_PAIR_REFUSED || pair->final))
		return;		/* as before; what the kernel has refused it will refuse */
	if (pair->state == RUN_PAIR_FUSED)
		run_fallback(pair->carrier, "the verdict has changed");
	run_pair_unload(pair);
	pair->target = e->places[v->entry].target;
	pair->carrier = carrier;
	pair->carrier_name[0] = '\0';
	if (carrier)
		strcpy(pair->carrier_name, e->infos[v->carrier].name);
	pair->key = v->key;
	pair->consts = v->consts;
	pair->state_size = v->state_size;
	pair->storage = v->storage;
	pair->storage_size = v->storage_size;
	pair->exact = v->exact;
	pair->checked = v->checked;
	pair->no_entry = v->no_entry;
	pair->flags = pairfuse_pair_flags(v);
	pair->shared_only = v->shared_only;
	pair->filter = v->filter;
	pair->filter_value = v->filter_value;
	pair->final = false;
	take_code(&pair->entry_code, &v->entry_code);
	take_code(&pair->exit_code, &v->exit_code);
	pair->reason = v->reason;
	if (v->reason) {
		pair->told = pair->told && !strcmp(pair->text, v->reason_text);
		run_pair_refuse(pair, v->reason, "%s", v->reason_text);
	} else {
		pair->state = RUN_PAIR_READY;
		pair->text[0] = '\0';
	}
}

static void refuse_siblings(struct run_pair *culprit)
{
	struct run_pair *pair;

	if (culprit->carrier)
		run_fallback(culprit->carrier, "another pair of the group cannot be fused");
	for (pair = run_pairs; pair; pair = pair->next)
		if (pair != culprit && run_pair_same_group(pair, culprit) && !pair->reason)
			run_pair_refuse(pair, PAIRFUSE_REASON_GROUP,
					"the pair of function '%s' shares the map '%s' and is not fused (%s)",
					culprit->func, culprit->carrier_name,
					pairfuse_reason_id(culprit->reason));
}

static int take_verdicts(struct engine *e, struct pairfuse_result *res)
{
	struct run_pair *pair, *next;
	size_t i;

	for (pair = run_pairs; pair; pair = pair->next)
		pair->seen = false;
	for (i = 0; i < res->nr_pairs; i++) {
		struct pairfuse_pair *v = &res->pairs[i];

		if (v->entry < 0 || v->exit < 0)
			continue;
		pair = run_pair_get(e->places[v->entry].prog, e->places[v->exit].prog,
				    e->progs[v->entry].target ? e->progs[v->entry].target : "");
		if (!pair)
			return -ENOMEM;
		take_verdict(e, pair, v);
	}
	for (pair = run_pairs; pair; pair = next) {
		next = pair->next;
		if (pair->seen)
			continue;
		if (pair->state == RUN_PAIR_FUSED)
			run_fallback(pair->carrier, "the pair is no pair any more");
		run_pair_free(pair);
	}
	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->reason)
			refuse_siblings(pair);
	for (pair = run_pairs; pair; pair = pair->next) {
		if (pair->state != RUN_PAIR_READY)
			continue;
		load(e, pair);
		if (pair->reason)
			refuse_siblings(pair);
	}
	return 0;
}

static void close_engine(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->nr_maps; i++) {
		close(e->map_fds[i]);
		free(e->contents[i]);
	}
	free(e->maps);
	free(e->infos);
	free(e->map_fds);
	free(e->contents);
	free(e->places);
	free(e->progs);
}

/* With -vv: what the analysis is given. */
static void tell_input(const struct engine *e)
{
	size_t i;

	if (run_verbose < 2)
		return;
	for (i = 0; i < e->nr_maps; i++)
		run_say("map '%s': type %u, key %u, value %u bytes%s%s%s%s", e->maps[i].name,
			e->maps[i].type, e->maps[i].key_size, e->maps[i].value_size,
			e->maps[i].frozen ? ", constant" : "",
			e->maps[i].shown ? ", user space uses it" : "",
			e->maps[i].pinned ? ", pinned" : "",
			e->maps[i].reused ? ", from elsewhere" : "");
	for (i = 0; i < e->nr_progs; i++)
		run_say("program '%s': %zu instructions%s%s%s", e->progs[i].name,
			e->progs[i].nr_insns, e->places[i].half ? ", attached" : "",
			e->progs[i].at == PAIRFUSE_AT_OTHER ? "" : ", function ",
			e->progs[i].target ? e->progs[i].target : "");
}

/* What is fused stays as it is, also if it holds the last group. */
static bool has_group(void)
{
	const struct run_pair *pair;

	for (pair = run_pairs; pair; pair = pair->next)
		if (pair->state == RUN_PAIR_FUSED && pair->exact)
			return true;
	return pairfuse_device_has_group();
}

/* Asked once: a different answer later would only have pairs taken off and put back. */
static enum pairfuse_clock choose_clock(void)
{
	static enum pairfuse_clock clock;

	if (!clock)
		clock = run_exact_clock || !pairfuse_device_has_counter() ?
				PAIRFUSE_CLOCK_MONOTONIC : PAIRFUSE_CLOCK_COUNTER;
	return clock;
}

static int open_kbtf(void)
{
	return kbtf ? 0 : pairfuse_kbtf_open(&kbtf);
}

/*
 * Where programs for kprobes go is not known before they are attached, and looking for a
 * function that vmlinux does not have reads the BTF of all modules.
 */
void run_engine_warm(void)
{
	static bool modules_read;
	bool kprobes = false, tracepoints = false;
	const struct run_prog *prog;
	struct pairfuse_func func;

	for (prog = run_progs; prog; prog = prog->next) {
		kprobes |= prog->type == BPF_PROG_TYPE_KPROBE;
		tracepoints |= prog->type == BPF_PROG_TYPE_TRACEPOINT;
	}
	if (kprobes || tracepoints)
		run_probe_warm(tracepoints);
	if (!open_kbtf() && kprobes && !modules_read) {
		pairfuse_kbtf_find(kbtf, "", &func);
		modules_read = true;
	}
}

int run_engine_update(void)
{
	struct pairfuse_result *res = NULL;
	struct pairfuse_input in = {};
	struct engine e = {};
	int err;

	forget_dead();
	err = open_kbtf();
	if (!err)
		err = describe_progs(&e);
	if (!err)
		err = describe_maps(&e);
	if (!err) {
		in.progs = e.progs;
		in.nr_progs = e.nr_progs;
		in.maps = e.maps;
		in.nr_maps = e.nr_maps;
		in.map_ref = map_ref;
		in.map_ref_arg = &e;
		in.rdonly_cast_id = pairfuse_kbtf_vmlinux_func(kbtf, "bpf_rdonly_cast");
		in.task_pid = pairfuse_kbtf_vmlinux_member(kbtf, "task_struct", "pid");
		in.task_tgid = pairfuse_kbtf_vmlinux_member(kbtf, "task_struct", "tgid");
		in.nesting = run_nesting;
		in.no_groups = !has_group();
		in.filter = true;
		in.without = run_without;
		in.clock = choose_clock();
		tell_input(&e);
		err = pairfuse_analyze(&in, &res);
	}
	if (!err)
		run_check(&in, res, e.map_fds);
	if (!err)
		err = take_verdicts(&e, res);
	pairfuse_result_free(res);
	close_engine(&e);
	return err;
}

/* --- attaching --- */

/* A link of the pair's group that the tool has, or -1: it is the first of them. */
static int group_link(const struct run_pair *pair)
{
	const struct run_half *half;
	int fd;

	for (fd = run_fd_next(0); fd >= 0; fd = run_fd_next(fd + 1)) {
		struct run_fd f = run_fd_get(fd);

		half = f.kind == RUN_FD_LINK ? f.obj :
		       f.kind == RUN_FD_EVENT ? ((struct run_event *)f.obj)->half : NULL;
		if (half && half->pair && half->pair->state == RUN_PAIR_FUSED &&
		    run_pair_same_group(half->pair, pair))
			return fd;
	}
	return -1;
}

int run_engine_attach(struct run_pair *pair)
{
	struct pairfuse_attach att = {
		.entry_fd = pair->entry_fd,
		.exit_fd = pair->exit_fd,
		.target_fd = pair->target_fd,
		.hook = run_hook,
		.entry_cookie = pair->no_entry ? 0 : pair->entry->cookie,
		.exit_cookie = pair->exit->cookie,
		.flags = pair->flags,
		.filter = pair->filter,
		.filter_value = pair->filter_value,
	};
	int fd;

	if (att.flags & PAIRFUSE_ATTACH_EXACT)
		att.group_fd = group_link(pair);
	fd = pairfuse_device_attach(device, &att);
	if (fd < 0) {
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH, "function '%s': %s", pair->func,
				pairfuse_attach_trouble(fd, pair->func, run_hook));
		return fd;
	}
	if (pair->shared_only && att.hook != PAIRFUSE_HOOK_SHARED) {
		run_sys_close(fd);
		run_pair_refuse(pair, PAIRFUSE_REASON_ATTACH,
				"function '%s': takes kernel stacks, which need the shared hook",
				pair->func);
		return -EOPNOTSUPP;
	}
	pair->link_id = att.link_id;
	pair->hook = att.hook;
	return fd;
}
