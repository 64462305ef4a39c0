// SPDX-License-Identifier: GPL-2.0
/*
 * Random pairs and the running kernel's verifier: does it accept the programs
 * (they are meant to be valid) and what was made of them?
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "hook.h"
#include "kernel.h"

static bool any_fused(const struct pairfuse_result *res)
{
	size_t i;

	for (i = 0; i < res->nr_pairs; i++)
		if (res->pairs[i].reason == PAIRFUSE_REASON_NONE)
			return true;
	return false;
}

/* The verifier's complaint: in front of its statistics. */
static void show_complaint(__u64 seed, char *text)
{
	char *end = strstr(text, "\nprocessed "), *line;

	if (end)
		*end = '\0';
	line = strrchr(text, '\n');
	printf("case %llu: %.20s...: %s\n", seed, text, line ? line + 1 : text);
}

void fuzz_verify(__u64 seed, struct fuzz_verified *v)
{
	struct fuzz_case *c = fuzz_case_new(seed, NULL);
	struct pairfuse_result *res = NULL;
	char buf[4096];
	size_t i;

	for (i = 0; i < c->obj.in.nr_progs; i++) {
		/* others have contexts that can only be tried where they are attached */
		if (!pairfuse_hook_is_typed(c->obj.progs[i].at))
			continue;
		v->originals++;
		v->accepted += kernel_accepts_original(&c->obj, i);
	}
	if (!pairfuse_analyze(&c->obj.in, &res) && any_fused(res)) {
		v->cases++;
		if (kernel_rejects(&c->obj, res, buf, sizeof(buf))) {
			v->rejected++;
			show_complaint(seed, buf);
		}
	}
	pairfuse_result_free(res);
	fuzz_case_free(c);
}
