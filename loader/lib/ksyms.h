/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PAIRFUSE_KSYMS_H
#define PAIRFUSE_KSYMS_H

#include <stdbool.h>

/* Has the running kernel a symbol of that name? True also when that is not known. */
bool pairfuse_ksyms_has(const char *name);

#endif /* PAIRFUSE_KSYMS_H */
