// SPDX-License-Identifier: GPL-2.0
/*
 * The ids of the current task, read from its task_struct.
 *
 * bpf_get_current_pid_tgid() returns current->pid and current->tgid. Programs that read
 * these members of what bpf_get_current_task() or bpf_get_current_task_btf() returns have the
 * same numbers. (The memory of the current task is always there. Where a locked down kernel
 * does not let programs read its memory, it does not load them.)
 */
#include "taskid.h"

/* Is v the current task, plus a constant? */
static bool is_task(const struct pairfuse_exprs *x, pairfuse_val v, __s64 *off)
{
	const struct pairfuse_expr *e = pairfuse_expr(x, v);
	__u64 c;

	for (*off = 0; e->kind == PAIRFUSE_E_OP && e->op == BPF_ADD &&
		       pairfuse_expr_is_const(x, e->b, &c); e = pairfuse_expr(x, e->a))
		*off += (__s64)c;
	return e->kind == PAIRFUSE_E_TASK;
}

/* Which byte of pid_tgid is the byte there of a task_struct? -1: none */
static int byte_of(const struct pairfuse_input *in, __s64 at)
{
	if (!in->task_pid || !in->task_tgid)
		return -1;
	if (at >= in->task_pid && at < (__s64)in->task_pid + 4)
		return at - in->task_pid;
	if (at >= in->task_tgid && at < (__s64)in->task_tgid + 4)
		return 4 + at - in->task_tgid;
	return -1;
}

pairfuse_val pairfuse_taskid_load(const struct pairfuse_run *run, pairfuse_val v, __s64 off,
				  unsigned int len)
{
	unsigned int i;
	__s64 task;
	int first;

	if (run->is_raw || !is_task(run->x, v, &task))
		return PAIRFUSE_TOP;
	first = byte_of(run->in, task + off);
	for (i = 1; first >= 0 && i < len; i++)
		if (byte_of(run->in, task + off + i) != first + (int)i)
			first = -1;
	if (first < 0 || len > 8)
		return PAIRFUSE_TOP;
	return pairfuse_expr_part(run->x, pairfuse_expr_leaf(run->x, PAIRFUSE_E_PID_TGID, 0, 0, 0),
				  first, len);
}

void pairfuse_taskid_copied(struct pairfuse_step *s)
{
	const struct pairfuse_expr to = *pairfuse_expr(s->run->x, s->st->reg[1]);
	__s64 at = (__s64)to.imm + PAIRFUSE_STACK_SIZE;
	pairfuse_val v;
	__u64 len;

	if (to.kind != PAIRFUSE_E_STACK ||
	    !pairfuse_expr_is_const(s->run->x, s->st->reg[2], &len) || !len || len > 8 || at < 0 ||
	    at + (__s64)len > PAIRFUSE_STACK_SIZE)
		return;
	v = pairfuse_taskid_load(s->run, s->st->reg[3], 0, len);
	if (v != PAIRFUSE_TOP)
		pairfuse_bytes_set(s->run->x, &s->st->stack[at], &s->st->stack_idx[at], len, v);
}
