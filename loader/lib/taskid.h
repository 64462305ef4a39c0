/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ids of the current task, read from its task_struct.
 */
#ifndef PAIRFUSE_TASKID_H
#define PAIRFUSE_TASKID_H

#include "state.h"

/*
 * The value of len bytes (at most 8) at address v + off: the thread's id, the process', or
 * a part of them; PAIRFUSE_TOP: something else.
 */
pairfuse_val pairfuse_taskid_load(const struct pairfuse_run *run, pairfuse_val v, __s64 off,
				  unsigned int len);

/* What bpf_probe_read_kernel() has put on the stack is the same. */
void pairfuse_taskid_copied(struct pairfuse_step *s);

#endif /* PAIRFUSE_TASKID_H */
