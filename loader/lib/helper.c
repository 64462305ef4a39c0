// SPDX-License-Identifier: GPL-2.0
/*
 * The helpers that tracing programs use, what memory they touch, and which of
 * them fentry and fexit programs have but raw tracepoint programs have not
 * (tracing_prog_func_proto() against raw_tp_prog_func_proto() in the kernel's
 * bpf_trace.c).
 *
 * A helper that is missing here is taken to read and write whatever it is
 * given and to have effects; that costs optimisations, never correctness.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include "helper.h"

#define READS(a, sz, num)	{ .arg = (a), .size = PAIRFUSE_MEM_##sz, .n = (num) }
#define WRITES(a, sz, num)	{ .arg = (a), .size = PAIRFUSE_MEM_##sz, .n = (num), .write = true }
#define CHANGES(a, sz, num)	\
	{ .arg = (a), .size = PAIRFUSE_MEM_##sz, .n = (num), .write = true, .both = true }
#define SOURCE(a, sz, num)	{ .arg = (a), .size = PAIRFUSE_MEM_##sz, .n = (num), .any = true }
#define H(id, args, fl, ...) \
	[BPF_FUNC_##id] = { .name = "bpf_" #id, .nargs = (args), .flags = (fl), .mem = { __VA_ARGS__ } }
#define PURE	PAIRFUSE_H_PURE
#define DENIED	PAIRFUSE_H_DENIED
#define CTX	PAIRFUSE_H_CTX
#define TYPED	PAIRFUSE_H_TYPED
#define PARTIAL	PAIRFUSE_H_PARTIAL
#define FOLLOWS	PAIRFUSE_H_FOLLOWS
#define TEXT	PAIRFUSE_H_READS
#define DYNPTR	PAIRFUSE_H_DYNPTR
#define DYNPTR_SIZE	16	/* struct bpf_dynptr */

static const struct pairfuse_helper helpers[] = {
	/* maps; the carrier's are dealt with separately */
	H(map_lookup_elem, 2, PURE, READS(2, KEY, 0)),
	H(map_update_elem, 4, 0, READS(2, KEY, 0), READS(3, VALUE, 0)),
	H(map_delete_elem, 2, 0, READS(2, KEY, 0)),
	H(map_push_elem, 3, 0, READS(2, VALUE, 0)),
	/* of a queue or stack: fills it, or not; a bloom filter is asked for what is there */
	H(map_pop_elem, 2, 0, CHANGES(2, VALUE, 0)),
	H(map_peek_elem, 2, PURE, CHANGES(2, VALUE, 0)),
	H(map_lookup_percpu_elem, 3, PURE, READS(2, KEY, 0)),
	H(task_storage_get, 4, TYPED),
	H(task_storage_delete, 2, TYPED),
	H(inode_storage_get, 4, TYPED),
	H(inode_storage_delete, 2, TYPED),
	/* who, when, where */
	H(get_current_pid_tgid, 0, PURE),
	H(get_current_uid_gid, 0, PURE),
	H(get_current_task, 0, PURE),
	H(get_current_task_btf, 0, PURE),
	H(get_current_comm, 2, PURE, WRITES(1, REG, 2)),
	H(get_current_cgroup_id, 0, PURE),
	H(get_current_ancestor_cgroup_id, 1, PURE),
	H(current_task_under_cgroup, 2, PURE),
	H(get_ns_current_pid_tgid, 4, PURE, WRITES(3, REG, 4)),
	H(get_smp_processor_id, 0, PURE),
	H(get_numa_node_id, 0, PURE),
	H(get_prandom_u32, 0, PURE),
	H(ktime_get_ns, 0, PURE),
	H(ktime_get_boot_ns, 0, PURE),
	H(ktime_get_coarse_ns, 0, PURE),
	H(ktime_get_tai_ns, 0, PURE),
	H(jiffies64, 0, PURE),
	H(per_cpu_ptr, 2, PURE),
	H(this_cpu_ptr, 1, PURE),
	H(task_pt_regs, 1, PURE | TYPED),
	/* reading memory; the source may be any number */
	H(probe_read, 3, PURE, WRITES(1, REG, 2), SOURCE(3, REG, 2)),
	H(probe_read_user, 3, PURE, WRITES(1, REG, 2)),
	H(probe_read_kernel, 3, PURE, WRITES(1, REG, 2), SOURCE(3, REG, 2)),
	H(probe_read_str, 3, PURE | PARTIAL, WRITES(1, REG, 2), SOURCE(3, REG, 2)),
	H(probe_read_user_str, 3, PURE | PARTIAL, WRITES(1, REG, 2)),
	H(probe_read_kernel_str, 3, PURE | PARTIAL, WRITES(1, REG, 2), SOURCE(3, REG, 2)),
	H(strncmp, 3, PURE, READS(1, REG, 2)),
	/* output */
	H(trace_printk, 5, TEXT, READS(1, REG, 2)),
	H(trace_vprintk, 4, FOLLOWS, READS(1, REG, 2), READS(3, REG, 4)),
	H(perf_event_output, 5, CTX, READS(4, REG, 5)),
	H(get_stackid, 3, CTX),
	H(get_stack, 4, CTX | PURE | PARTIAL, WRITES(2, REG, 3)),
	H(get_task_stack, 4, PURE | TYPED | PARTIAL, WRITES(2, REG, 3)),
	H(ringbuf_output, 4, 0, READS(2, REG, 3)),
	H(ringbuf_reserve, 3, 0),
	H(ringbuf_submit, 2, 0),
	H(ringbuf_discard, 2, 0),
	H(ringbuf_query, 2, PURE),
	H(ringbuf_reserve_dynptr, 4, DYNPTR, WRITES(4, FIXED, DYNPTR_SIZE)),
	H(ringbuf_submit_dynptr, 2, DYNPTR, CHANGES(1, FIXED, DYNPTR_SIZE)),
	H(ringbuf_discard_dynptr, 2, DYNPTR, CHANGES(1, FIXED, DYNPTR_SIZE)),
	H(dynptr_read, 5, DYNPTR | PARTIAL, WRITES(1, REG, 2), READS(3, FIXED, DYNPTR_SIZE)),
	H(dynptr_write, 5, DYNPTR, CHANGES(1, FIXED, DYNPTR_SIZE), READS(3, REG, 4)),
	H(send_signal, 1, 0),
	H(send_signal_thread, 1, 0),
	H(perf_event_read, 2, PURE),
	H(perf_event_read_value, 4, PURE, WRITES(3, REG, 4)),
	H(find_vma, 5, TYPED),
	/* the context of this invocation: translated, see rewrite */
	H(get_attach_cookie, 1, CTX | PURE),
	H(get_func_arg_cnt, 1, CTX | PURE),
	H(get_func_arg, 3, CTX | PURE, WRITES(3, FIXED, 8)),
	H(get_func_ret, 2, CTX | PURE, WRITES(2, FIXED, 8)),
	/* only in fentry, fexit and the like */
	H(get_func_ip, 1, DENIED | PURE | CTX),
	H(d_path, 3, DENIED),
	H(skb_output, 5, DENIED),
	H(xdp_output, 5, DENIED),
	H(skc_to_tcp6_sock, 1, DENIED),
	H(skc_to_tcp_sock, 1, DENIED),
	H(skc_to_tcp_timewait_sock, 1, DENIED),
	H(skc_to_tcp_request_sock, 1, DENIED),
	H(skc_to_udp6_sock, 1, DENIED),
	H(skc_to_unix_sock, 1, DENIED),
	H(skc_to_mptcp_sock, 1, DENIED),
	H(sk_storage_get, 4, DENIED),
	H(sk_storage_delete, 2, DENIED),
	H(sock_from_file, 1, DENIED),
	H(get_socket_cookie, 1, DENIED),
	/* tail calls are refused for another reason; locks in map values are not for these */
	H(tail_call, 3, DENIED),
	H(spin_lock, 1, DENIED),
	H(spin_unlock, 1, DENIED),
	H(copy_from_user, 3, DENIED),
	H(copy_from_user_task, 5, DENIED),
};

const struct pairfuse_helper *pairfuse_helper(__s32 id)
{
	if (id < 0 || (size_t)id >= sizeof(helpers) / sizeof(helpers[0]) || !helpers[id].name)
		return NULL;
	return &helpers[id];
}

const struct pairfuse_mem *pairfuse_helper_mem(const struct pairfuse_helper *h, unsigned int arg)
{
	unsigned int i;

	for (i = 0; h && i < 2; i++)
		if (h->mem[i].size != PAIRFUSE_MEM_NONE && h->mem[i].arg == arg)
			return &h->mem[i];
	return NULL;
}
