/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does the running kernel's verifier accept the rewritten programs?
 */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

#include "reader.h"

/*
 * Load the programs of all fused pairs. false when they are accepted, or when
 * that cannot be tried here: bpf(2) is not permitted, or the kernel lacks what
 * a pair needs. Says what it did not like in buf.
 */
bool kernel_rejects(const struct test_object *obj, const struct pairfuse_result *res,
		    char *buf, size_t len);

/* Does the verifier accept a program of the object as it is? false too when untried. */
bool kernel_accepts_original(const struct test_object *obj, int prog);

/* Is bpf(2) permitted? */
bool kernel_usable(void);

/* Programs loaded so far. */
extern unsigned int kernel_loaded;

#endif /* TEST_KERNEL_H */
