/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PAIRFUSE_KSYMS_H
#define PAIRFUSE_KSYMS_H

#include <linux/types.h>
#include <stdbool.h>

/* Has the running kernel a symbol of that name? True also when that is not known. */
bool pairfuse_ksyms_has(const char *name);

/*
 * The address of a function: 0 when there is none of that name, or several, or when the
 * caller may not know (kernel.kptr_restrict).
 */
__u64 pairfuse_ksyms_address(const char *name);

#endif /* PAIRFUSE_KSYMS_H */
