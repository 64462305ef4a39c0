/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel module as seen from here: /dev/pairfuse and its requests.
 */
#ifndef PAIRFUSE_DEVICE_H
#define PAIRFUSE_DEVICE_H

#include <linux/pairfuse.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Open the device and check that its ABI is ours. Returns an fd or
 *   -ENOENT, -ENXIO, -ENODEV   the module is not loaded
 *   -EACCES, -EPERM            missing privilege
 *   -EPROTONOSUPPORT           another ABI version, see info
 *   -ENOTTY                    something else has that name
 * info may be NULL; it is filled in as far as the module answered.
 */
int pairfuse_device_open(struct pairfuse_info *info);

/*
 * Why pairfuse_device_open() failed and what to do, one sentence without a
 * full stop: have, need, remedy.
 */
const char *pairfuse_device_error(int err, const struct pairfuse_info *info, char *buf,
				  size_t len);

/*
 * Has the module a group for links with exact nesting? True also when it does
 * not answer, or if it has to be loaded first.
 */
bool pairfuse_device_has_group(void);

/*
 * Can the module's stubs take times from the CPU's counter (PAIRFUSE_FEATURE_COUNTER)?
 * True also when it does not answer, or if it has to be loaded first.
 */
bool pairfuse_device_has_counter(void);

int pairfuse_device_info(int dev, struct pairfuse_info *info);

/*
 * Keep the kernel's BPF trampolines in use, where that is needed beside links in
 * shared hook mode (anchor.c): before the first of them is attached. Returns an
 * fd that has to stay open until the process ends; -ENOENT: nothing is to be
 * done, or it was done before; else why it could not be done, which was said
 * and is no reason not to attach.
 */
int pairfuse_anchor(void);

/*
 * Attach; att->size is set here. Returns the link's fd or the error; see
 * <linux/pairfuse.h>. pairfuse_attach_error() explains that.
 */
int pairfuse_device_attach(int dev, struct pairfuse_attach *att);
/*
 * The same for several, all or none, hooked at once and owned by one descriptor. -ENOTTY:
 * the module is older than that (ABI 1.0).
 */
int pairfuse_device_attach_many(int dev, struct pairfuse_attach *atts, __u32 nr);
/* One of several goes. */
int pairfuse_link_detach(int link, __u32 id);
const char *pairfuse_attach_error(int err);
/* The same, after a look at who else has the function. */
const char *pairfuse_attach_trouble(int err, const char *func, __u32 hook);

bool pairfuse_module_is_loaded(void);

/* The link behind info->id (0: the first one) into *info; -ENOENT at the end. */
int pairfuse_device_next(int dev, struct pairfuse_link_info *info);

int pairfuse_link_get_info(int link, struct pairfuse_link_info *info);

/* "shared", "direct" */
const char *pairfuse_hook_name(__u32 hook);

#endif /* PAIRFUSE_DEVICE_H */
