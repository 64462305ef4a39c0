// SPDX-License-Identifier: GPL-2.0
/*
 * Does the running kernel take the rewritten programs of real tools, and do they
 * what the original ones do?
 *
 *	load-all FILE...	BPF objects, or binaries with one inside
 *
 * Loads each object the way `pairfuse load --self-check` does, then every pair that
 * the analysis fuses as what the module takes. Nothing is attached. Objects that
 * have their pairs twice, as fentry and as kprobe programs, are loaded twice.
 * Exit status 1 when a pair was refused by the verifier, differs, or cannot be
 * checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "carrier.h"
#include "hook.h"
#include "object.h"
#include "selfcheck.h"

#define LOG_SIZE (8U << 20)

/* Functions with arguments of the kind that the programs expect. */
static const char *const stand_ins[][2] = {
	{ "dummy_file_read", "ext4_file_read_iter" },
	{ "dummy_file_write", "ext4_file_write_iter" },
	{ "dummy_file_open", "ext4_file_open" },
	{ "dummy_file_sync", "ext4_sync_file" },
	{ "dummy_getattr", "ext4_file_getattr" },
	{ "", "vfs_read" },
};

static char log_buf[LOG_SIZE];
static bool verbose;

static const char *stand_in(const char *placeholder)
{
	size_t i;

	for (i = 0; stand_ins[i][0][0]; i++)
		if (!strcmp(stand_ins[i][0], placeholder))
			break;
	return stand_ins[i][1];
}

/* carrier: task storage of the pair's group, or -1 */
static bool load_code(const char *tool, const char *name, const struct pairfuse_code *code,
		      int carrier)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log_buf, .log_size = LOG_SIZE);
	size_t n;
	int fd;

	log_buf[0] = '\0';
	if (carrier >= 0)
		pairfuse_code_bind(code->insns, code->nr_insns, carrier);
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, NULL, "GPL", code->insns,
			   code->nr_insns, &opts);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	n = strlen(log_buf);
	printf("%s: '%s' (%zu instructions) refused: %m\n%s\n", tool, name, code->nr_insns,
	       n > 3000 && !verbose ? log_buf + n - 3000 : log_buf);
	return false;
}

/* Give every placeholder a function; keep only programs of one kind on functions. */
static void prepare(struct pairfuse_object *obj, bool probes, size_t *both)
{
	size_t i, typed = 0, kprobes = 0;

	for (i = 0; i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		typed += pairfuse_hook_is_typed(p->at);
		kprobes += p->kprobe;
		if (p->func && pairfuse_is_placeholder(p->func))
			pairfuse_object__set_target(obj, bpf_program__name(p->bpf),
						    stand_in(p->func));
	}
	*both = typed && kprobes;
	for (i = 0; *both && i < obj->nr_progs; i++) {
		struct pairfuse_oprog *p = &obj->progs[i];

		if (probes ? pairfuse_hook_is_typed(p->at) : p->kprobe)
			bpf_program__set_autoload(p->bpf, false);
	}
}

/* Maps whose size the tool sets when it knows its options. */
static void size_maps(struct pairfuse_object *obj)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj->bpf) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map))
			bpf_map__set_value_size(map, 127 * sizeof(__u64));
		if (bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
		    bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF && !bpf_map__max_entries(map))
			bpf_map__set_max_entries(map, 1024);
	}
}

static int load_pair(const char *tool, const struct pairfuse_opair *pair)
{
	__u32 size = pair->analysis->storage_size;
	int bad = 0, carrier = -1;

	if (size) {
		carrier = pairfuse_task_carrier_create("load_all", size);
		if (carrier < 0) {
			printf("%s: task storage of %u bytes: %s\n", tool, size, strerror(-carrier));
			return 1;
		}
	}
	bad += !load_code(tool, pair->verdict.entry, &pair->analysis->entry_code, carrier);
	bad += !load_code(tool, pair->verdict.exit, &pair->analysis->exit_code, carrier);
	if (carrier >= 0)
		close(carrier);
	return bad;
}

static int load_pairs(struct pairfuse_object *obj, const char *tool)
{
	size_t i, fused = 0, pairs = 0;
	int bad = 0, unlike = 0;

	for (i = 0; i < obj->nr_pairs; i++) {
		const struct pairfuse_opair *pair = &obj->pairs[i];

		if (pair->entry < 0 || pair->exit < 0)
			continue;
		pairs++;
		if (pair->reason) {
			printf("%s: %s: %s: %s\n", tool, pair->verdict.target,
			       pair->verdict.reason_id, pair->reason_text);
			unlike += pair->reason == PAIRFUSE_REASON_SELF_CHECK ||
				  pair->reason == PAIRFUSE_REASON_UNCHECKED;
			continue;
		}
		fused++;
		bad += load_pair(tool, pair);
	}
	printf("%s: %zu of %zu pairs, %d refused by the verifier, %d by the self-check\n", tool,
	       fused, pairs, bad, unlike);
	return bad + unlike;
}

static int load(const char *path, bool probes, size_t *both)
{
	const char *slash = strrchr(path, '/'), *tool = slash ? slash + 1 : path;
	struct pairfuse_object *obj;
	int bad;

	if (pairfuse_object__open(path, &obj)) {
		printf("%s: cannot be opened\n", tool);
		return 1;
	}
	prepare(obj, probes, both);
	size_maps(obj);
	pairfuse_object__set_self_check(obj, PAIRFUSE_CHECK_CALLS);
	if (pairfuse_object__load(obj)) {
		printf("%s: this kernel does not take the originals\n", tool);
		bad = 0;
	} else {
		bad = load_pairs(obj, tool);
	}
	pairfuse_object__close(obj);
	fflush(stdout);
	return bad;
}

static int no_output(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return verbose && level == LIBBPF_WARN ? vfprintf(stdout, fmt, ap) : 0;
}

static void say(void *arg, enum pairfuse_log_level level, const char *line)
{
	if (verbose)
		printf("  %s\n", line);
}

int main(int argc, char **argv)
{
	size_t both;
	int i, bad = 0;

	libbpf_set_print(no_output);
	pairfuse_set_log(say, NULL);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-v")) {
			verbose = true;
			continue;
		}
		bad += load(argv[i], false, &both);
		if (both)
			bad += load(argv[i], true, &both);
	}
	return bad ? 1 : 0;
}
