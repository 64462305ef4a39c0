// SPDX-License-Identifier: GPL-2.0
/*
 * Stubs, seen from C: which are free, and what their three calls lead to.
 *
 * A stub belongs to one link from attach until it has drained (drain.c). All
 * functions here are called with pairfuse_mutex held and may sleep: changing a
 * static call takes the CPU hotplug and text patching locks.
 */
#include <linux/bitmap.h>
#include <linux/static_call.h>

#include "pairfuse.h"

/* ALL_STUBS(X): X(0) X(1) ... X(383), in decimal as stub_text.S counts */
#define DEC10(X, t)	X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) \
			X(t##5) X(t##6) X(t##7) X(t##8) X(t##9)
#define DEC100(X, h)	DEC10(X, h##0) DEC10(X, h##1) DEC10(X, h##2) DEC10(X, h##3) \
			DEC10(X, h##4) DEC10(X, h##5) DEC10(X, h##6) DEC10(X, h##7) \
			DEC10(X, h##8) DEC10(X, h##9)
#define ALL_STUBS(X)	DEC10(X, ) DEC10(X, 1) DEC10(X, 2) DEC10(X, 3) DEC10(X, 4) \
			DEC10(X, 5) DEC10(X, 6) DEC10(X, 7) DEC10(X, 8) DEC10(X, 9) \
			DEC100(X, 1) DEC100(X, 2) \
			DEC10(X, 30) DEC10(X, 31) DEC10(X, 32) DEC10(X, 33) DEC10(X, 34) \
			DEC10(X, 35) DEC10(X, 36) DEC10(X, 37) \
			X(380) X(381) X(382) X(383)

/*
 * The prototype is never used: the calls are made by stub_text.S. The calls
 * start as NOPs.
 */
void pairfuse_static_call(void);

#define DEFINE_STUB(n)							\
	DEFINE_STATIC_CALL_NULL(pairfuse_entry_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_exit_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_body_##n, pairfuse_static_call);
ALL_STUBS(DEFINE_STUB)

struct patchable_call {
	struct static_call_key *key;
	void *tramp;
};

#define PATCHABLE(name)	{ &STATIC_CALL_KEY(name), STATIC_CALL_TRAMP_ADDR(name) }
#define STUB_CALLS(n)	{ PATCHABLE(pairfuse_entry_##n), PATCHABLE(pairfuse_exit_##n), \
			  PATCHABLE(pairfuse_body_##n) },

static const struct {
	struct patchable_call entry, exit, body;
} stub_calls[] = { ALL_STUBS(STUB_CALLS) };
static_assert(ARRAY_SIZE(stub_calls) == PAIRFUSE_NR_STUBS);

/* stub_text.S */
extern const struct {
	unsigned long jmp, call;
} pairfuse_stub_table[PAIRFUSE_NR_STUBS];

struct pairfuse_stub_data pairfuse_stub_data[PAIRFUSE_NR_STUBS];
static_assert(sizeof(struct pairfuse_stub_data) == 64);

static DECLARE_BITMAP(stub_used, PAIRFUSE_NR_STUBS);

/*
 * A recursion guard that never lets in: it starts at 1, and who takes it looks
 * for 1 after counting up.
 */
static DEFINE_PER_CPU(int, pairfuse_detached) = 1;

/*
 * A free stub of the kind that keeps at least that many argument registers.
 * Functions with few of them get the stubs that keep few, as long as there are
 * any.
 */
int pairfuse_stub_alloc(unsigned int regs, bool exact)
{
	unsigned long first = exact ? PAIRFUSE_NR_PLAIN : 0;
	unsigned long end = exact ? PAIRFUSE_NR_STUBS : PAIRFUSE_NR_PLAIN;
	unsigned long stub;

	lockdep_assert_held(&pairfuse_mutex);
	if (regs > PAIRFUSE_FEW_ARGS)
		first += exact ? PAIRFUSE_NR_EXACT_FEW : PAIRFUSE_NR_PLAIN_FEW;
	stub = find_next_zero_bit(stub_used, end, first);
	if (stub >= end)
		return -ENOSPC;
	__set_bit(stub, stub_used);
	return stub;
}

void pairfuse_stub_free(int stub)
{
	lockdep_assert_held(&pairfuse_mutex);
	__clear_bit(stub, stub_used);
}

unsigned int pairfuse_stub_nr_free(bool exact)
{
	unsigned int plain = bitmap_weight(stub_used, PAIRFUSE_NR_PLAIN);

	if (exact)
		return PAIRFUSE_NR_EXACT - (bitmap_weight(stub_used, PAIRFUSE_NR_STUBS) - plain);
	return PAIRFUSE_NR_PLAIN - plain;
}

unsigned long pairfuse_stub_jmp_addr(int stub)
{
	return pairfuse_stub_table[stub].jmp;
}

unsigned long pairfuse_stub_call_addr(int stub)
{
	return pairfuse_stub_table[stub].call;
}

static void set_call(const struct patchable_call *call, void *func)
{
	__static_call_update(call->key, call->tramp, func);
}

/*
 * Prepare a free stub: nobody executes it, so the order does not matter. Its
 * body has to be set too before it is hooked.
 */
void pairfuse_stub_arm(const struct pairfuse_link *link, u64 entry_cookie, u64 exit_cookie)
{
	lockdep_assert_held(&pairfuse_mutex);
	pairfuse_stub_data[link->stub] = (struct pairfuse_stub_data) {
		.counters = link->counters,
		.entry_active = link->entry->active,
		.exit_active = link->exit->active,
		.exit_always = !!(link->flags & PAIRFUSE_ATTACH_EXIT_ALWAYS),
		.nest = link->group ? pairfuse_group_offset(link->group) : 0,
		.entry_run_ctx.bpf_cookie = entry_cookie,
		.exit_run_ctx.bpf_cookie = exit_cookie,
	};
	set_call(&stub_calls[link->stub].entry, (void *)link->entry->bpf_func);
	set_call(&stub_calls[link->stub].exit, (void *)link->exit->bpf_func);
}

/*
 * Run the programs no more. Calls may be in flight; for them the guards do not
 * let in any longer, and count that.
 *
 * Somebody may have passed the old guard before it was replaced. That somebody
 * runs with preemption off, hence in an RCU read side section, from reading the
 * guard until after the program: the caller may drop its references on the
 * programs when this returns, since bpf_prog_put() frees (program, guard and
 * image) only after an RCU grace period.
 */
void pairfuse_stub_disarm(int stub)
{
	struct pairfuse_stub_data *data = &pairfuse_stub_data[stub];

	lockdep_assert_held(&pairfuse_mutex);
	WRITE_ONCE(data->entry_active, (void __percpu *)&pairfuse_detached);
	WRITE_ONCE(data->exit_active, (void __percpu *)&pairfuse_detached);
	set_call(&stub_calls[stub].entry, NULL);
	set_call(&stub_calls[stub].exit, NULL);
}

/* Let the stub's body call lead to addr: the function, or an inner stub. */
void pairfuse_stub_set_body(int stub, unsigned long addr)
{
	lockdep_assert_held(&pairfuse_mutex);
	set_call(&stub_calls[stub].body, (void *)addr);
}
