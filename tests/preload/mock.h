/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for the interposer: fds, programs, maps, links, perf events and
 * fused pairs, with references counted; and an engine that fuses every pair.
 */
#ifndef PRELOAD_MOCK_H
#define PRELOAD_MOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "hooks.h"
#include "run.h"
#include "sys.h"

enum mock_type { MOCK_NOTHING, MOCK_PROG, MOCK_MAP, MOCK_LINK, MOCK_EVENT, MOCK_FUSED,
		 MOCK_ANCHOR };

struct mock_obj {
	enum mock_type type;
	unsigned int id;
	int refs;
	struct mock_obj *prog;	/* of a link, or of an event with a program */
	struct mock_obj *event;	/* of a link */
	unsigned int btf_id;
	unsigned int map_type;
	int left;		/* elements of a map that originals have left */
};

extern long mock_pid;
extern int mock_calls;		/* system calls of the interposer's own */
extern int mock_attach_error;	/* what attaching a pair answers */
extern int mock_link_error;	/* what attaching a program answers */
extern bool mock_refuse;	/* the analysis refuses all */
extern int mock_both_on;	/* questions about a link while another one ran */
extern bool mock_anchor;	/* the kernel needs an anchor, and has none */
extern char mock_said[8192];	/* what was written */
extern unsigned int mock_writes;
extern long mock_soft, mock_hard;	/* limits on open files */
extern bool mock_may_raise;	/* CAP_SYS_RESOURCE */
extern bool mock_broken_pipe;	/* nobody reads it */
extern int mock_write_signal;	/* comes during each write; 0: none */

/* What the fd is; NULL: not open. */
struct mock_obj *mock_at(int fd);
/* Objects of that type that exist. */
int mock_count(enum mock_type type);
/* Descriptors of the tool that are open; those of the interposer. */
int mock_tools(enum mock_type type);
int mock_privates(void);
void mock_reset(void);

#endif /* PRELOAD_MOCK_H */
