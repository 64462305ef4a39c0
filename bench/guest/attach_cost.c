// SPDX-License-Identifier: GPL-2.0
/*
 * attach_cost FILE fused|split shared|direct: what does it cost to load FILE's
 * pairs, to attach them, and to detach them? One JSON document.
 *
 * `cpu` is the time of this process on the CPU, under icount its instructions;
 * `elapsed` has the waiting too, for grace periods above all. `memory` is what
 * attaching takes, as differences of /proc/meminfo in kB: `taken`, all that is not
 * free any more (MemFree); of it, Slab (links, ftrace's hashes), VmallocUsed (code of
 * programs, in 2 MB packs shared by all; their verified form; ftrace's trampolines)
 * and Percpu (counters, 2 MB less often than used). Lists of free pages of each CPU
 * blur it; many targets even that out.
 */
#include <linux/pairfuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pairfuse.h"

static const char *const kinds[] = { "MemFree", "Slab", "VmallocUsed", "Percpu" };
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct phase {
	long long cpu, elapsed;
};

static void say(void *arg, enum pairfuse_log_level level, const char *line)
{
	if (level == PAIRFUSE_LOG_WARN)
		fprintf(stderr, "attach_cost: %s\n", line);
}

static void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "attach_cost: %s: %s\n", what, strerror(-err));
		exit(1);
	}
}

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void begin(struct phase *p)
{
	p->elapsed = now(CLOCK_MONOTONIC);
	p->cpu = now(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(struct phase *p)
{
	p->cpu = now(CLOCK_PROCESS_CPUTIME_ID) - p->cpu;
	p->elapsed = now(CLOCK_MONOTONIC) - p->elapsed;
}

/* After what the kernel frees later has been freed. */
static void memory(long kb[NR_KINDS])
{
	char line[128], name[64];
	FILE *f;
	long n;

	sleep(2);
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < NR_KINDS; i++)
			if (sscanf(line, "%63[^:]: %ld", name, &n) == 2 && !strcmp(name, kinds[i]))
				kb[i] = n;
	if (f)
		fclose(f);
}

static void print_phase(const char *name, const struct phase *p)
{
	printf("\"%s\": {\"cpu\": %lld, \"elapsed\": %lld}, ", name, p->cpu, p->elapsed);
}

int main(int argc, char **argv)
{
	struct pairfuse_attach_opts opts = { .sz = sizeof(opts) };
	struct phase load, attach, detach;
	long before[NR_KINDS] = {}, after[NR_KINDS] = {};
	const struct pairfuse_verdict *v;
	struct pairfuse_object *obj;
	int pairs = 0, fused = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: attach_cost FILE fused|split shared|direct\n");
		return 2;
	}
	opts.engine = strcmp(argv[2], "split") ? PAIRFUSE_ENGINE_FUSED : PAIRFUSE_ENGINE_SPLIT;
	opts.hook = strcmp(argv[3], "direct") ? PAIRFUSE_HOOK_SHARED : PAIRFUSE_HOOK_DIRECT;
	pairfuse_set_log(say, NULL);

	must(pairfuse_object__open(argv[1], &obj), argv[1]);
	/* There are 128 stubs for the map's nesting, 256 for this. */
	must(pairfuse_object__set_nesting(obj, "per-call"), "nesting");
	begin(&load);
	must(pairfuse_object__load(obj), "load");
	end(&load);
	memory(before);
	begin(&attach);
	must(pairfuse_object__attach(obj, &opts), "attach");
	end(&attach);
	memory(after);
	for (; (v = pairfuse_object__verdict(obj, pairs)); pairs++)
		fused += v->fused;
	begin(&detach);
	pairfuse_object__detach(obj);
	end(&detach);
	pairfuse_object__close(obj);

	printf("{\"pairs\": %d, \"fused\": %d, ", pairs, fused);
	print_phase("load", &load);
	print_phase("attach", &attach);
	print_phase("detach", &detach);
	printf("\"memory\": {");
	printf("\"taken\": %ld", before[0] - after[0]);
	for (size_t i = 1; i < NR_KINDS; i++)
		printf(", \"%s\": %ld", kinds[i], after[i] - before[i]);
	printf("}}\n");
	return 0;
}
