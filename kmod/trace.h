/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events, for those who want to know what is attached to their kernel: as
 * events/pairfuse/ in tracefs, for perf and for BPF.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pairfuse

#if !defined(PAIRFUSE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PAIRFUSE_TRACE_H

#include <linux/tracepoint.h>

#include "pairfuse.h"

DECLARE_EVENT_CLASS(pairfuse_link,
	TP_PROTO(const struct pairfuse_link *link),
	TP_ARGS(link),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, entry_prog_id)
		__field(u32, exit_prog_id)
		__field(u32, hook)
		__string(function, link->target.name)
	),
	TP_fast_assign(
		__entry->id = link->id;
		__entry->entry_prog_id = link->entry_id;
		__entry->exit_prog_id = link->exit_id;
		__entry->hook = link->hook;
		__assign_str(function);
	),
	TP_printk("link=%u function=%s hook=%s entry_prog=%u exit_prog=%u", __entry->id,
		  __get_str(function),
		  __print_symbolic(__entry->hook, { PAIRFUSE_HOOK_SHARED, "shared" },
				   { PAIRFUSE_HOOK_DIRECT, "direct" }),
		  __entry->entry_prog_id, __entry->exit_prog_id)
);

/* A pair runs from now on. */
DEFINE_EVENT(pairfuse_link, pairfuse_attach,
	TP_PROTO(const struct pairfuse_link *link),
	TP_ARGS(link)
);

/* A pair is about to run no more. */
DEFINE_EVENT(pairfuse_link, pairfuse_detach,
	TP_PROTO(const struct pairfuse_link *link),
	TP_ARGS(link)
);

#endif /* PAIRFUSE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
