/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The task storage that stands for a group's carrier map.
 */
#ifndef PAIRFUSE_CARRIER_H
#define PAIRFUSE_CARRIER_H

#include "analysis.h"

/*
 * Create it for pairs whose storage_size is size; name is for those who list
 * maps. Returns an fd, which can be closed when the group's programs are loaded,
 * or a negative errno.
 */
int pairfuse_task_carrier_create(const char *name, __u32 size);

/* Does code refer to the task storage of its group? */
bool pairfuse_code_wants_carrier(const struct pairfuse_code *code);

/* Have a copy of rewritten code refer to it by this fd. */
void pairfuse_code_bind(struct bpf_insn *insns, size_t nr, int fd);

#endif /* PAIRFUSE_CARRIER_H */
