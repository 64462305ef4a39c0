// SPDX-License-Identifier: GPL-2.0
/*
 * One step of the abstract interpretation: calls of helpers and kfuncs other
 * than accesses to the carrier.
 */
#include "bounds.h"
#include "ctxread.h"
#include "frames.h"
#include "helper.h"
#include "hook.h"
#include "state.h"
#include "taskid.h"

#define MAX_REACH	(1 << 30)	/* more than any offset of a pointer that is followed */

/* The end of a string that begins on the stack at off, and the byte behind it: <= 0; or 1. */
static __s64 string_end(const struct pairfuse_step *s, __s64 off)
{
	__u64 byte;

	for (; off < 0; off++)
		if (pairfuse_expr_is_const(s->run->x, s->st->stack[off + PAIRFUSE_STACK_SIZE],
					   &byte) && !byte)
			return off + 1;
	return 1;
}

/*
 * A source may be any number, so nobody has made sure that it stays in the frame: len bytes
 * (-1: not known) from v on. Of a string, all is well that ends there.
 */
static int source_len(struct pairfuse_step *s, const struct pairfuse_helper *h, pairfuse_val v,
		      bool exact, __s64 *len)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, v);
	bool text = h->flags & PAIRFUSE_H_PARTIAL;
	int insn = pairfuse_step_insn(s);
	__s64 end = 1, lo, hi;

	if (pairfuse_bounds_stack(s->run->x, v, &lo, &hi) && *len >= 0 &&
	    lo >= -PAIRFUSE_STACK_SIZE && hi + *len <= 0)
		return 0;
	if (e.kind == PAIRFUSE_E_STACK && (__s64)e.imm >= -PAIRFUSE_STACK_SIZE && text)
		end = s->run->is_part ? 0 : string_end(s, (__s64)e.imm);
	/* not inlined, sizes and strings are not known yet */
	if (s->run->is_part && !exact)
		end = 0;
	if (end > 0)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_HELPER, insn,
				       "insn %d reads by %s what is beyond the program's stack",
				       insn, h->name);
	if (exact)
		*len = end - (__s64)e.imm;
	return 0;
}

/* What the helper does to memory that it is given is nothing but what its table says? */
static bool only_reads(const struct pairfuse_helper *h, const struct pairfuse_mem *m)
{
	return m ? !m->write : h && (h->flags & (PAIRFUSE_H_PURE | PAIRFUSE_H_READS));
}

/*
 * Bytes of the stack that a helper reads: what it makes of them is out of sight, so no pointer
 * may be there that leads to what the stub has otherwise.
 */
static int read_by_helper(struct pairfuse_step *s, const struct pairfuse_helper *h, __s64 off,
			  __s64 len)
{
	int insn = pairfuse_step_insn(s);
	__u32 taint = 0;
	__s64 i;

	for (i = off + PAIRFUSE_STACK_SIZE; i < off + len + PAIRFUSE_STACK_SIZE; i++)
		taint |= pairfuse_expr(s->run->x, s->st->stack[i])->taint;
	s->run->stack_told |= (taint & PAIRFUSE_T_STACK) != 0;
	if (taint & (PAIRFUSE_T_CTX | PAIRFUSE_T_MAYBE_CTX))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d gives %s the context pointer in memory", insn,
				       h ? h->name : "a kfunc");
	return pairfuse_stack_leak(s, off, len);
}

static int arg_stack(struct pairfuse_step *s, const struct pairfuse_helper *h,
		     const struct pairfuse_mem *m, unsigned int arg)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[arg]);
	__s64 len = m ? pairfuse_mem_max(s->run, s->st->reg, m) : -1, off = 0;
	bool exact = m && len >= 0 && pairfuse_mem_len(s->run, s->st->reg, m) == len;
	int err = 0;

	/* what the rewriter reads so, has been the argument of a call that had been checked */
	if (m && m->any && (!s->run->is_raw || (e.kind == PAIRFUSE_E_STACK && exact)))
		err = source_len(s, h, s->st->reg[arg], exact, &len);
	/* of a length that is not known it is certain that it stays in the frame */
	if (!err && e.kind == PAIRFUSE_E_STACK)
		err = pairfuse_stack_check(s, (__s64)e.imm, exact ? len : 0);
	if (err)
		return err;
	pairfuse_stack_span(s, s->st->reg[arg], &off, &len);
	if (!(m && m->write && !m->both))
		err = read_by_helper(s, h, off, len);
	if (!err && !only_reads(h, m))
		pairfuse_stack_clobber(s, off, len);
	return err;
}

static int arg_state(struct pairfuse_step *s, const struct pairfuse_helper *h,
		     const struct pairfuse_mem *m, __s64 off)
{
	__s64 len = m ? pairfuse_mem_len(s->run, s->st->reg, m) : -1;
	int insn = pairfuse_step_insn(s), err;

	if (len < 0)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, insn,
				       "insn %d gives %s a pointer into '%s'%s", insn,
				       h ? h->name : "a function", pairfuse_step_map(s),
				       m ? " and a size that is not constant" : "");
	if (!m->write)
		return pairfuse_slot_read(s, off, len, NULL);
	/* what the helper leaves as it was, a later reader sees */
	if (m->both || (h->flags & PAIRFUSE_H_PARTIAL)) {
		err = pairfuse_slot_read(s, off, len, NULL);
		if (err)
			return err;
	}
	return pairfuse_slot_write(s, off, len, PAIRFUSE_TOP);
}

/* One of several maps, none of which is the carrier? */
static bool is_other_map(const struct pairfuse_step *s, pairfuse_val v)
{
	__u64 maps;

	return pairfuse_bounds_maps(s->run->x, v, &maps) &&
	       (s->run->carrier >= 64 || !(maps >> s->run->carrier & 1));
}

/* The carrier is for its own helpers. */
static int check_map(struct pairfuse_step *s, pairfuse_val v, const char *name)
{
	const struct pairfuse_expr *e = pairfuse_expr(s->run->x, v);
	int insn = pairfuse_step_insn(s);

	if (s->run->carrier < 0 || !(e->taint & PAIRFUSE_T_MAP))
		return 0;
	if (e->kind == PAIRFUSE_E_MAP && (int)e->a == s->run->carrier)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS, insn,
				       "insn %d gives carrier map '%s' to %s", insn,
				       pairfuse_step_map(s), name);
	if (e->kind == PAIRFUSE_E_TOP && !is_other_map(s, v))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS, insn,
				       "insn %d uses one of several maps, perhaps '%s'", insn,
				       pairfuse_step_map(s));
	return 0;
}

static int check_arg(struct pairfuse_step *s, const struct pairfuse_helper *h, unsigned int arg)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[arg]);
	const struct pairfuse_mem *m = pairfuse_helper_mem(h, arg);
	const char *name = h ? h->name : "a kfunc, if that has an argument";
	int insn = pairfuse_step_insn(s);

	if (pairfuse_step_surplus(s, s->st->reg[arg]))
		return PAIRFUSE_REFUSED;
	if (check_map(s, s->st->reg[arg], name))
		return PAIRFUSE_REFUSED;
	if (e.taint & PAIRFUSE_T_CTX) {
		if (e.kind == PAIRFUSE_E_CTX && e.imm == 0 && arg == 1 && h &&
		    (h->flags & PAIRFUSE_H_CTX))
			return 0;
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d passes the context to %s", insn, name);
	}
	/* where numbers are wanted, it is one, but an address is wanted as a source */
	if ((e.taint & PAIRFUSE_T_MAYBE_CTX) &&
	    (!h || (arg == 1 && (h->flags & PAIRFUSE_H_CTX)) || (m && m->any)))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d perhaps passes the context to %s", insn, name);
	if ((e.taint & PAIRFUSE_T_VALUE) && !(m && !m->write))
		s->run->tells = true;
	if (e.kind == PAIRFUSE_E_STATE)
		return arg_state(s, h, m, e.imm);
	if (e.taint & PAIRFUSE_T_STATE)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_STATE_ESCAPES, insn,
				       "insn %d passes a value made from a pointer into '%s' to %s",
				       insn, pairfuse_step_map(s), name);
	pairfuse_stack_reach(s, s->st->reg[arg], 0);
	/* pointers that it finds there lead anywhere on the stack */
	if ((e.taint & PAIRFUSE_T_STACK) && (!h || (h->flags & PAIRFUSE_H_FOLLOWS)) &&
	    pairfuse_stack_surplus(s, -PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE))
		return PAIRFUSE_REFUSED;
	if ((e.taint & PAIRFUSE_T_STACK) && arg_stack(s, h, m, arg))
		return PAIRFUSE_REFUSED;
	if (e.kind == PAIRFUSE_E_WORD && h && (h->flags & PAIRFUSE_H_TYPED))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn,
				       "insn %d passes an argument to %s, which wants a trusted pointer",
				       insn, name);
	return 0;
}

/* bpf_get_func_arg and _ret: *value is what they store, where they succeed. */
static int func_value(struct pairfuse_step *s, bool ret, pairfuse_val *value)
{
	const struct pairfuse_proto *proto = s->run->prog->proto;
	int insn = pairfuse_step_insn(s);
	__u64 n;

	if (ret && s->run->is_exit && proto && proto->ret_size) {
		*value = pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_RET, 0, 0, 0);
		return 0;
	}
	if (!ret && proto && pairfuse_expr_is_const(s->run->x, s->st->reg[2], &n) &&
	    n < proto->nr_regs) {
		*value = pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_WORD, n, 0, 0);
		return 0;
	}
	return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_HELPER, insn,
			       "insn %d calls %s for something that is not a known argument", insn,
			       ret ? "bpf_get_func_ret" : "bpf_get_func_arg");
}

static int store_value(struct pairfuse_step *s, unsigned int arg, pairfuse_val value)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[arg]);

	if (e.kind != PAIRFUSE_E_STACK)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_HELPER, pairfuse_step_insn(s),
				       "insn %d wants an argument somewhere else than on the stack",
				       pairfuse_step_insn(s));
	pairfuse_bytes_set(s->run->x, &s->st->stack[(__s64)e.imm + PAIRFUSE_STACK_SIZE],
			   &s->st->stack_idx[(__s64)e.imm + PAIRFUSE_STACK_SIZE], 8, value);
	return 0;
}

/* In a loop, a call finds a name again and again. */
static bool in_loop(const struct pairfuse_ir *ir, size_t i)
{
	size_t n;

	for (n = i; n < ir->nr; n++)
		if (ir->nodes[n].target >= 0 && ir->nodes[n].target <= (int)i)
			return true;
	return false;
}

/* bpf_get_current_comm(): the name on the stack, when all of it was asked for. */
static void store_comm(struct pairfuse_step *s)
{
	const struct pairfuse_expr to = *pairfuse_expr(s->run->x, s->st->reg[1]);
	__u32 call = s->node - s->run->ir->nodes, half;
	__s64 at = (__s64)to.imm + PAIRFUSE_STACK_SIZE;
	__u64 len;

	if (to.kind != PAIRFUSE_E_STACK || s->run->is_raw || in_loop(s->run->ir, call) ||
	    !pairfuse_expr_is_const(s->run->x, s->st->reg[2], &len) || len < PAIRFUSE_COMM_SIZE)
		return;
	/* programs are numbered by side: what the entry has read is not the exit's */
	call = 2 * call + s->run->is_exit;
	for (half = 0; half < 2; half++, at += 8)
		pairfuse_bytes_set(s->run->x, &s->st->stack[at], &s->st->stack_idx[at], 8,
				   pairfuse_expr_leaf(s->run->x, PAIRFUSE_E_COMM, call, half, 0));
}

static int call_result(struct pairfuse_step *s, __s32 id, pairfuse_val *out)
{
	struct pairfuse_run *run = s->run;
	int err;

	*out = PAIRFUSE_TOP;
	switch (id) {
	case BPF_FUNC_get_current_pid_tgid:
		*out = pairfuse_expr_leaf(run->x, PAIRFUSE_E_PID_TGID, 0, 0, 0);
		break;
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
		*out = pairfuse_expr_leaf(run->x, PAIRFUSE_E_TASK, 0, 0, 0);
		break;
	case BPF_FUNC_get_current_uid_gid:
	case BPF_FUNC_get_current_cgroup_id:
	case BPF_FUNC_current_task_under_cgroup:
		*out = pairfuse_expr_top(run->x, PAIRFUSE_T_WHO);
		break;
	case BPF_FUNC_ktime_get_ns:
		*out = pairfuse_expr_leaf(run->x, PAIRFUSE_E_TIME,
					  s->node - run->ir->nodes, 0, 0);
		break;
	case BPF_FUNC_get_current_comm:
		store_comm(s);
		break;
	case BPF_FUNC_probe_read:
	case BPF_FUNC_probe_read_kernel:
		pairfuse_taskid_copied(s);
		break;
	case BPF_FUNC_map_lookup_elem:
		*out = pairfuse_step_element(s);
		break;
	case BPF_FUNC_get_attach_cookie:
		*out = pairfuse_expr_const(run->x, run->prog->cookie);
		break;
	case BPF_FUNC_get_func_ip:
		*out = pairfuse_expr_const(run->x, run->prog->addr);
		break;
	case BPF_FUNC_get_func_arg_cnt:
		if (!run->prog->proto)
			break;
		*out = pairfuse_expr_const(run->x, run->prog->proto->nr_regs);
		break;
	case BPF_FUNC_get_func_arg:
	case BPF_FUNC_get_func_ret: {
		bool ret = id == BPF_FUNC_get_func_ret;
		pairfuse_val value = PAIRFUSE_TOP;

		err = func_value(s, ret, &value);
		if (!err)
			err = store_value(s, ret ? 2 : 3, value);
		if (err)
			return err;
		*out = pairfuse_expr_const(run->x, 0);
		break;
	}
	}
	return 0;
}

/* bpf_get_stackid and the like: are the frames the same, or can they be made the same? */
static int check_frames(struct pairfuse_step *s, __s32 id)
{
	unsigned int arg = pairfuse_frames_flags_arg(id);
	int insn = pairfuse_step_insn(s), skip;
	const char *what;
	__u64 flags = 0;
	bool known;

	/* not inlined, flags may be unknown; rewritten, frames are skipped already */
	if (!arg || s->run->is_part || s->run->is_raw)
		return 0;
	known = pairfuse_expr_is_const(s->run->x, s->st->reg[arg], &flags);
	skip = pairfuse_frames_skip(s->run->prog->at, id, known, flags, &what);
	if (skip < 0)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CONTEXT, insn, "insn %d %s",
				       insn, what);
	s->run->kernel_stack |= skip > 0;
	return 0;
}

/* A raw tracepoint program could not ask, but the answer is a constant. */
static bool is_known_address(const struct pairfuse_step *s, __s32 id)
{
	return id == BPF_FUNC_get_func_ip && s->run->prog->addr &&
	       !pairfuse_hook_is_syscall(s->run->prog->at);
}

/*
 * Pointers into what the carrier's value was, given to something that nothing is known of
 * (a dynptr is made of one): they may be in its result and in all of the stack that it is
 * given, whose bytes it may have from an earlier one.
 */
static __u32 value_taint(const struct pairfuse_step *s)
{
	const struct pairfuse_exprs *x = s->run->x;
	__u32 taint = 0;
	unsigned int arg;
	size_t i;

	for (arg = 1; arg <= 5; arg++) {
		taint |= pairfuse_expr(x, s->st->reg[arg])->taint;
		if (pairfuse_expr(x, s->st->reg[arg])->taint & PAIRFUSE_T_STACK)
			for (i = 0; i < PAIRFUSE_STACK_SIZE; i++)
				taint |= pairfuse_expr(x, s->st->stack[i])->taint;
	}
	return taint & PAIRFUSE_T_VALUE;
}

static void spread_taint(struct pairfuse_step *s, __u32 taint)
{
	struct pairfuse_exprs *x = s->run->x;
	struct pairfuse_state *st = s->st;
	unsigned int arg;
	__s64 i;

	s->run->tells |= taint != 0;
	for (arg = 1; taint && arg <= 5; arg++) {
		const struct pairfuse_expr e = *pairfuse_expr(x, st->reg[arg]);

		if (!(e.taint & PAIRFUSE_T_STACK))
			continue;
		i = e.kind == PAIRFUSE_E_STACK ? (__s64)e.imm + PAIRFUSE_STACK_SIZE : 0;
		for (; i < PAIRFUSE_STACK_SIZE; i++) {
			st->stack[i] = pairfuse_expr_top(x, pairfuse_expr(x, st->stack[i])->taint |
							    taint);
			st->stack_idx[i] = 0;
		}
	}
}

/* Does it fill anything that is not surely the stack or the state? */
static bool fills_elsewhere(const struct pairfuse_step *s, const struct pairfuse_helper *h)
{
	unsigned int k;

	for (k = 0; k < 2; k++) {
		pairfuse_val to = s->st->reg[h->mem[k].arg];

		if (h->mem[k].size != PAIRFUSE_MEM_NONE && h->mem[k].write &&
		    !pairfuse_expr_on_stack(s->run->x, to) &&
		    pairfuse_expr(s->run->x, to)->kind != PAIRFUSE_E_STATE)
			return true;
	}
	return false;
}

/* The context is read by a helper: loads and stores, which are what it is rewritten to. */
static int copy_context(struct pairfuse_step *s, const struct pairfuse_ctxread *read,
			pairfuse_val *out)
{
	struct pairfuse_node node = *s->node;
	struct pairfuse_step piece = *s;
	unsigned int done = 0, n;
	struct bpf_insn store;
	int err = 0;

	piece.node = &node;
	while (!err && done < read->len) {
		n = pairfuse_ctxread_piece(read, done, &node.insn, &store);
		err = pairfuse_step_load(&piece);
		node.insn = store;
		if (!err)
			err = pairfuse_step_store(&piece);
		done += n;
	}
	*out = pairfuse_expr_const(s->run->x, 0);
	return err;
}

static int call_helper(struct pairfuse_step *s, pairfuse_val *out)
{
	__s32 id = s->node->insn.imm;
	const struct pairfuse_helper *h = pairfuse_helper(id);
	unsigned int arg, nargs = h ? h->nargs : 5;
	__u32 taint = h && !(h->flags & PAIRFUSE_H_DYNPTR) ? 0 : value_taint(s);
	int insn = pairfuse_step_insn(s), err;
	struct pairfuse_ctxread read;

	if (pairfuse_ctxread(s->run->x, &s->node->insn, s->st->reg, &read))
		return copy_context(s, &read, out);
	if (id == BPF_FUNC_tail_call)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_HELPER, insn,
				       "insn %d leaves the pair by bpf_tail_call, for a program that is not known",
				       insn);
	if (h && (h->flags & PAIRFUSE_H_DENIED) && !is_known_address(s, id))
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_HELPER, insn,
				       "insn %d calls %s, which raw tracepoint programs do not have",
				       insn, h->name);
	err = check_frames(s, id);
	for (arg = 1; !err && arg <= nargs; arg++)
		err = check_arg(s, h, arg);
	if (err)
		return err;
	if (!h || !(h->flags & PAIRFUSE_H_PURE) || fills_elsewhere(s, h))
		pairfuse_step_effect(s);
	spread_taint(s, taint);
	err = call_result(s, id, out);
	if (!err && taint)
		*out = pairfuse_expr_top(s->run->x, taint);
	return err;
}

/*
 * Before inlining, a subprogram: may do anything to its arguments. Of pointers that are
 * known it uses what they point to and what is above, unless it said otherwise.
 */
static void call_sub(struct pairfuse_step *s)
{
	struct pairfuse_run *run = s->run;
	__u8 below = run->below_of ? run->below_of[s->node->target] : 0xff;
	bool stack = false;
	unsigned int arg;

	for (arg = 1; arg <= 5; arg++) {
		const struct pairfuse_expr *e = pairfuse_expr(run->x, s->st->reg[arg]);

		if (e->kind == PAIRFUSE_E_STACK && (__s64)e->imm < run->stack &&
		    (__s64)e->imm >= -PAIRFUSE_STACK_SIZE)
			run->stack = (__s64)e->imm;
		stack |= e->taint & PAIRFUSE_T_STACK;
		run->loose |= (below & 1U << arg) && (e->taint & PAIRFUSE_T_STACK);
		/* far below is certainly below */
		pairfuse_stack_reach(s, s->st->reg[arg], below & 1U << arg ? -MAX_REACH : 0);
	}
	if (!stack)
		return;
	pairfuse_stack_found(s);
	pairfuse_stack_clobber(s, -PAIRFUSE_STACK_SIZE, PAIRFUSE_STACK_SIZE);
}

/* A kfunc may do anything to its arguments. */
static int call_other(struct pairfuse_step *s, pairfuse_val *out)
{
	__u32 taint = value_taint(s);
	unsigned int arg;
	int err;

	if (s->node->insn.src_reg == BPF_PSEUDO_CALL) {
		call_sub(s);
		return 0;
	}
	for (arg = 1; arg <= 5; arg++) {
		err = check_arg(s, NULL, arg);
		if (err)
			return err;
	}
	pairfuse_step_effect(s);
	spread_taint(s, taint);
	if (taint)
		*out = pairfuse_expr_top(s->run->x, taint);
	return 0;
}

/* Is this an access to the chosen carrier by one of its helpers? */
static bool is_carrier_call(struct pairfuse_step *s)
{
	const struct pairfuse_expr *map = pairfuse_expr(s->run->x, s->st->reg[1]);

	if (s->run->carrier < 0 || !pairfuse_insn_is_helper(&s->node->insn) ||
	    map->kind != PAIRFUSE_E_MAP || (int)map->a != s->run->carrier)
		return false;
	switch (s->node->insn.imm) {
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_task_storage_get:
	case BPF_FUNC_task_storage_delete:
		return true;
	}
	return false;
}

/*
 * A call is rewritten as one thing. States that are kept apart may come to it with
 * another map each, or with other flags (compilers merge the ends of branches): then
 * it is an access for some of them only, or another one.
 */
static int note_op(struct pairfuse_step *s, __u8 op)
{
	int insn = pairfuse_step_insn(s);

	if (!s->note)
		return 0;
	if (s->note->reached && s->note->op != op)
		return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS, insn,
				       "insn %d accesses '%s' on some paths, and on others does something else",
				       insn, pairfuse_step_map(s));
	s->note->op = op;
	return 0;
}

/* What it fills, or may fill, of the stack is not known any more. */
static void watch_arg(struct pairfuse_step *s, const struct pairfuse_helper *h, unsigned int arg)
{
	const struct pairfuse_expr e = *pairfuse_expr(s->run->x, s->st->reg[arg]);
	const struct pairfuse_mem *m = pairfuse_helper_mem(h, arg);
	__s64 off = (__s64)e.imm, len = m ? pairfuse_mem_len(s->run, s->st->reg, m) : -1;

	if (!(e.taint & PAIRFUSE_T_STACK) || (m && !m->write))
		return;
	if (e.kind != PAIRFUSE_E_STACK || off < -PAIRFUSE_STACK_SIZE || off > 0)
		off = -PAIRFUSE_STACK_SIZE, len = -1;
	pairfuse_stack_clobber(s, off, len < 0 || len > -off ? -off : len);
}

/*
 * A program of no pair: it may do whatever it likes, but the map has to be one that its
 * calls access by a key, and the key is looked at.
 */
static int watch_call(struct pairfuse_step *s)
{
	bool is_helper = pairfuse_insn_is_helper(&s->node->insn);
	const struct pairfuse_helper *h = is_helper ? pairfuse_helper(s->node->insn.imm) : NULL;
	unsigned int arg, nargs = h ? h->nargs : 5;
	int insn = pairfuse_step_insn(s);

	if (is_carrier_call(s))
		return pairfuse_step_watch(s);
	for (arg = 1; arg <= nargs; arg++) {
		const struct pairfuse_expr *e = pairfuse_expr(s->run->x, s->st->reg[arg]);

		if (e->kind == PAIRFUSE_E_MAP ? (int)e->a == s->run->carrier :
						e->taint & PAIRFUSE_T_MAP)
			return pairfuse_refuse(s->run->why, PAIRFUSE_REASON_CARRIER_ACCESS, insn,
					       "insn %d uses '%s' in another way than by a key",
					       insn, pairfuse_step_map(s));
	}
	for (arg = 1; arg <= nargs; arg++)
		watch_arg(s, h, arg);
	return 0;
}

int pairfuse_step_call(struct pairfuse_step *s)
{
	pairfuse_val out = PAIRFUSE_TOP;
	__u8 op = PAIRFUSE_OP_NONE;
	unsigned int r;
	int err;

	if (s->run->watching)
		err = watch_call(s);
	else if (is_carrier_call(s))
		err = pairfuse_step_carrier(s, &op, &out);
	else if (pairfuse_insn_is_helper(&s->node->insn))
		err = call_helper(s, &out);
	else
		err = call_other(s, &out);
	if (!err)
		err = note_op(s, op);
	if (err)
		return err;
	s->st->reg[0] = out;
	for (r = 1; r <= 5; r++)
		s->st->reg[r] = PAIRFUSE_TOP;
	return 0;
}
