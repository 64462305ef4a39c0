/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which programs of an object run together?
 */
#ifndef PAIRFUSE_CHOOSE_H
#define PAIRFUSE_CHOOSE_H

#include "object.h"

/*
 * Is program p (kprobe or kretprobe) there for kernels where a fentry or fexit
 * program of the object, *other, cannot be used? Indices of obj->in_progs.
 */
bool pairfuse_is_substitute(const struct pairfuse_object *obj, size_t p, size_t *other);

/*
 * Sets of obj->in_progs that an object's user might attach together. For set
 * number n, in[p] tells which programs are in it, and mine[p] which of them get
 * their verdict from it. False behind the last one.
 */
bool pairfuse_choose(const struct pairfuse_object *obj, size_t n, bool *in, bool *mine);

#endif /* PAIRFUSE_CHOOSE_H */
