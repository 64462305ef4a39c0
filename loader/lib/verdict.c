// SPDX-License-Identifier: GPL-2.0
/*
 * What was decided on each pair, as callers see it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "object.h"

void pairfuse_opair_refuse(struct pairfuse_opair *pair, enum pairfuse_reason reason,
			   const char *fmt, ...)
{
	va_list ap;

	pair->reason = reason;
	va_start(ap, fmt);
	vsnprintf(pair->reason_text, sizeof(pair->reason_text), fmt, ap);
	va_end(ap);
}

static const char *prog_name(const struct pairfuse_object *obj, int index)
{
	return index < 0 ? NULL : bpf_program__name(obj->progs[index].bpf);
}

/*
 * The analysis knows no more than that there is no function. It has a name, which may
 * well be one of the kernel's, but not one that BTF knows: of a system call like fork(),
 * say, which leaves otherwise than it came.
 */
static void name_function(struct pairfuse_opair *pair, const struct pairfuse_oprog *p)
{
	if (pair->reason != PAIRFUSE_REASON_NO_TARGET || !pair->analysis ||
	    pair->analysis->reason != PAIRFUSE_REASON_NO_TARGET)
		return;
	if (!p->func)
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_NO_TARGET,
				      "section '%s' names no function: give --target %s=FUNC",
				      bpf_program__section_name(p->bpf),
				      bpf_program__name(p->bpf));
	else if (!p->func_known)
		pairfuse_opair_refuse(pair, PAIRFUSE_REASON_NO_TARGET,
				      "function '%s' is not in this kernel's BTF%s", p->func,
				      strncmp(p->func, "__x64_sys_", strlen("__x64_sys_")) ?
					      "" : ", or the system call does not leave as a function returns");
}

void pairfuse_object_judge(struct pairfuse_object *obj, struct pairfuse_opair *pair)
{
	const struct pairfuse_oprog *p = &obj->progs[pair->entry >= 0 ? pair->entry : pair->exit];
	const struct pairfuse_pair *a = pair->analysis;
	struct pairfuse_verdict *v = &pair->verdict;

	name_function(pair, p);
	v->entry = prog_name(obj, pair->entry);
	v->exit = prog_name(obj, pair->exit);
	v->target = p->func;
	v->module = p->func_known ? p->info.module : "";
	v->fused = obj->mode == PAIRFUSE_MODE_EXPLAIN ? !pair->reason : v->link_fd >= 0;
	v->reason_id = pairfuse_reason_id(pair->reason);
	v->reason = pair->reason_text;
	v->reason_prog = NULL;
	v->reason_insn = -1;
	if (!a)
		return;
	v->carrier = a->carrier < 0 ? NULL : obj->in_maps[a->carrier].name;
	v->key = a->carrier < 0 ? NULL : pairfuse_key_name(a->key);
	v->state_size = a->state_size;
	if (!a->reason) {
		v->storage = pairfuse_storage_name(a->storage);
		v->nesting = a->exact ? "exact" : "per-call";
		v->clock = pairfuse_clock_name(a->clock);
	}
	if (a->reason && pair->reason == a->reason && a->reason_prog >= 0) {
		v->reason_prog = obj->in_progs[a->reason_prog].name;
		v->reason_insn = a->reason_insn;
	}
}

const struct pairfuse_verdict *pairfuse_object__verdict(const struct pairfuse_object *obj,
							size_t index)
{
	return index < obj->nr_pairs ? &obj->pairs[index].verdict : NULL;
}
