// SPDX-License-Identifier: GPL-2.0
/*
 * Stubs, seen from C: which are free, and what their three calls lead to.
 *
 * A stub belongs to one link from attach until it has drained (drain.c). All
 * functions here are called with pairfuse_mutex held and may sleep: changing a
 * static call takes the CPU hotplug and text patching locks.
 */
#include <linux/bitmap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/static_call.h>

#include "pairfuse.h"

/* X(0) X(1) ... X(383), those without an entry, the rest: in decimal as stub_text.S counts */
#define DEC10(X, t)	X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) \
			X(t##5) X(t##6) X(t##7) X(t##8) X(t##9)
#define DEC100(X, h)	DEC10(X, h##0) DEC10(X, h##1) DEC10(X, h##2) DEC10(X, h##3) \
			DEC10(X, h##4) DEC10(X, h##5) DEC10(X, h##6) DEC10(X, h##7) \
			DEC10(X, h##8) DEC10(X, h##9)
#define FULL_STUBS(X)	DEC10(X, ) DEC10(X, 1) DEC10(X, 2) DEC10(X, 3) DEC10(X, 4) \
			DEC10(X, 5) DEC10(X, 6) DEC10(X, 7) DEC10(X, 8) DEC10(X, 9) \
			DEC100(X, 1) DEC100(X, 2) \
			DEC10(X, 30) DEC10(X, 31) DEC10(X, 32) DEC10(X, 33) DEC10(X, 34) \
			DEC10(X, 35) DEC10(X, 36) DEC10(X, 37) \
			X(380) X(381) X(382) X(383)
#define TIMED_STUBS(X)	X(384) X(385) X(386) X(387) X(388) X(389) DEC10(X, 39) \
			DEC100(X, 4) DEC100(X, 5) DEC100(X, 6) \
			DEC10(X, 70) DEC10(X, 71) DEC10(X, 72) DEC10(X, 73) DEC10(X, 74) \
			DEC10(X, 75) DEC10(X, 76) DEC10(X, 77) DEC10(X, 78) DEC10(X, 79) \
			DEC10(X, 80) DEC10(X, 81) DEC10(X, 82) DEC10(X, 83) DEC10(X, 84) \
			DEC10(X, 85) X(860) X(861) X(862) X(863)
#define MORE_STUBS(X)	X(864) X(865) X(866) X(867) X(868) X(869) DEC10(X, 87) \
			DEC10(X, 88) DEC10(X, 89) DEC100(X, 9) \
			DEC10(X, 100) DEC10(X, 101) DEC10(X, 102) DEC10(X, 103) DEC10(X, 104) \
			DEC10(X, 105) DEC10(X, 106) X(1070) X(1071)

/*
 * The prototype is never used: the calls are made by stub_text.S. The calls
 * start as NOPs.
 */
void pairfuse_static_call(void);

#define DEFINE_TIMED(n)							\
	DEFINE_STATIC_CALL_NULL(pairfuse_stamp_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_elapsed_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_exit_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_pass_##n, pairfuse_static_call);	\
	DEFINE_STATIC_CALL_NULL(pairfuse_body_##n, pairfuse_static_call);
#define DEFINE_STUB(n)							\
	DEFINE_STATIC_CALL_NULL(pairfuse_entry_##n, pairfuse_static_call);	\
	DEFINE_TIMED(n)
FULL_STUBS(DEFINE_STUB)
TIMED_STUBS(DEFINE_TIMED)
MORE_STUBS(DEFINE_STUB)

#ifdef CONFIG_DEBUG_LOCK_ALLOC
/* Called by the stubs, with preemption off: see compat.h. */
void pairfuse_rcu_lock(void);
void pairfuse_rcu_lock(void)
{
	rcu_read_lock();
}

void pairfuse_rcu_unlock(void);
void pairfuse_rcu_unlock(void)
{
	rcu_read_unlock();
}
#endif

#define PATCHABLE(name)	(&STATIC_CALL_KEY(name))
#define TIMED_PATCHABLE(n) \
	.stamp = PATCHABLE(pairfuse_stamp_##n), .elapsed = PATCHABLE(pairfuse_elapsed_##n), \
	.exit = PATCHABLE(pairfuse_exit_##n), .pass = PATCHABLE(pairfuse_pass_##n), \
	.body = PATCHABLE(pairfuse_body_##n)
#define TIMED_CALLS(n)	{ TIMED_PATCHABLE(n) },
#define STUB_CALLS(n)	{ .entry = PATCHABLE(pairfuse_entry_##n), TIMED_PATCHABLE(n) },

static const struct {
	struct static_call_key *entry, *stamp, *elapsed, *exit, *pass, *body;
} stub_calls[] = { FULL_STUBS(STUB_CALLS) TIMED_STUBS(TIMED_CALLS) MORE_STUBS(STUB_CALLS) };
static_assert(ARRAY_SIZE(stub_calls) == PAIRFUSE_NR_STUBS);

/* stub_text.S */
extern const struct {
	unsigned long jmp, call, shared;
	unsigned long jmp_filter, call_filter, shared_filter;
	/* in place of the calls that no guard stops, when detached: timed stubs' exit, leaves */
	void *entry_gone, *exit_gone;
	unsigned long begin, end;	/* of its text */
} pairfuse_stub_table[PAIRFUSE_NR_STUBS];
void pairfuse_stamp(void);
void pairfuse_elapsed(void);
void pairfuse_stamp_mono(void);
void pairfuse_elapsed_mono(void);
void pairfuse_clock_mono(void);

struct pairfuse_stub_data pairfuse_stub_data[PAIRFUSE_NR_STUBS];
static_assert(sizeof(struct pairfuse_stub_data) == 64);

static DECLARE_BITMAP(stub_used, PAIRFUSE_NR_STUBS);

/*
 * A recursion guard that never lets in: it starts at 1, and who takes it looks
 * for 1 after counting up.
 */
static DEFINE_PER_CPU(int, pairfuse_detached) = 1;

/* Stubs of one kind are neighbours: [first, end). */
struct stub_range {
	unsigned long first, end;
};

static struct stub_range stubs_of(bool exact, bool timed)
{
	if (timed)
		return exact ? (struct stub_range){ PAIRFUSE_TIMED_EXACT, PAIRFUSE_MONO }
			     : (struct stub_range){ PAIRFUSE_TIMED, PAIRFUSE_TIMED_EXACT };
	return exact ? (struct stub_range){ PAIRFUSE_EXACT, PAIRFUSE_TIMED }
		     : (struct stub_range){ 0, PAIRFUSE_EXACT };
}

static struct stub_range cheaper_timed(unsigned int wants)
{
	if (!(wants & PAIRFUSE_WANTS_MONO))
		return (struct stub_range){};
	if (wants & PAIRFUSE_WANTS_EXACT)
		return (struct stub_range){ PAIRFUSE_MONO_EXACT, PAIRFUSE_ONE };
	return (struct stub_range){ PAIRFUSE_MONO, PAIRFUSE_MONO_EXACT };
}

static struct stub_range cheaper_leaf(unsigned int regs, bool exact)
{
	if (exact)
		return regs > PAIRFUSE_FEW_ARGS ? (struct stub_range){}
			: (struct stub_range){ PAIRFUSE_LEAF_EXACT, PAIRFUSE_NR_STUBS };
	/* those that keep more stand behind */
	return (struct stub_range){
		regs > PAIRFUSE_FEW_ARGS ? PAIRFUSE_LEAF :
			regs > 1 ? PAIRFUSE_LEAF_FEW : PAIRFUSE_LEAF_ONE,
		PAIRFUSE_LEAF_EXACT
	};
}

/* Stubs that are cheaper for such a link than those of stubs_of(); may be empty. */
static struct stub_range cheaper_stubs(unsigned int regs, unsigned int wants)
{
	bool exact = wants & PAIRFUSE_WANTS_EXACT;

	if (wants & PAIRFUSE_WANTS_TIMED)
		return cheaper_timed(wants);
	if (wants & PAIRFUSE_WANTS_LEAF)
		return cheaper_leaf(regs, exact);
	return regs > 1 || exact ? (struct stub_range){}
				 : (struct stub_range){ PAIRFUSE_ONE, PAIRFUSE_LEAF_ONE };
}

static int alloc_from(struct stub_range r)
{
	unsigned long stub = find_next_zero_bit(stub_used, r.end, r.first);

	if (stub >= r.end)
		return -ENOSPC;
	__set_bit(stub, stub_used);
	return stub;
}

/*
 * A free stub of the kind that does what is wanted, and keeps at least that many argument
 * registers; the cheapest there is. Timed stubs have no entry program and keep no
 * arguments for the exit's.
 */
int pairfuse_stub_alloc(unsigned int regs, unsigned int wants)
{
	bool exact = wants & PAIRFUSE_WANTS_EXACT, timed = wants & PAIRFUSE_WANTS_TIMED;
	struct stub_range r = stubs_of(exact, timed);
	int stub;

	lockdep_assert_held(&pairfuse_mutex);
	stub = alloc_from(cheaper_stubs(regs, wants));
	if (stub >= 0)
		return stub;
	if (!timed && regs > PAIRFUSE_FEW_ARGS)
		r.first += exact ? PAIRFUSE_NR_EXACT_FEW : PAIRFUSE_NR_PLAIN_FEW;
	return alloc_from(r);
}

void pairfuse_stub_free(int stub)
{
	lockdep_assert_held(&pairfuse_mutex);
	__clear_bit(stub, stub_used);
}

static bool is_timed(int stub)
{
	return stub >= PAIRFUSE_TIMED && stub < PAIRFUSE_ONE;
}

static bool is_exact(int stub)
{
	if (is_timed(stub))
		return stub >= PAIRFUSE_MONO_EXACT ||
		       (stub >= PAIRFUSE_TIMED_EXACT && stub < PAIRFUSE_MONO);
	return stub >= PAIRFUSE_LEAF_EXACT || (stub >= PAIRFUSE_EXACT && stub < PAIRFUSE_TIMED);
}

/* The cheaper ones that not every link can have count too. */
unsigned int pairfuse_stub_count(bool exact, bool timed, unsigned int *nr_free)
{
	unsigned int nr = 0;
	int stub;

	*nr_free = 0;
	for (stub = 0; stub < PAIRFUSE_NR_STUBS; stub++) {
		if (is_exact(stub) != exact || is_timed(stub) != timed)
			continue;
		nr++;
		*nr_free += !test_bit(stub, stub_used);
	}
	return nr;
}

static bool has_filter(int stub)
{
	return pairfuse_stub_data[stub].filter_offset;
}

unsigned long pairfuse_stub_jmp_addr(int stub)
{
	return has_filter(stub) ? pairfuse_stub_table[stub].jmp_filter
				: pairfuse_stub_table[stub].jmp;
}

unsigned long pairfuse_stub_call_addr(int stub)
{
	return has_filter(stub) ? pairfuse_stub_table[stub].call_filter
				: pairfuse_stub_table[stub].call;
}

unsigned long pairfuse_stub_shared_addr(int stub)
{
	return has_filter(stub) ? pairfuse_stub_table[stub].shared_filter
				: pairfuse_stub_table[stub].shared;
}

static u16 filter_offset(enum pairfuse_filter filter)
{
	static_assert(offsetof(struct task_struct, tgid) <= U16_MAX &&
		      offsetof(struct task_struct, pid) <= U16_MAX &&
		      offsetof(struct task_struct, comm) <= U16_MAX);
	switch (filter) {
	case PAIRFUSE_FILTER_TGID:
		return offsetof(struct task_struct, tgid);
	case PAIRFUSE_FILTER_TID:
		return offsetof(struct task_struct, pid);
	case PAIRFUSE_FILTER_COMM:
		return offsetof(struct task_struct, comm);
	default:
		return 0;
	}
}

/*
 * Without the trampoline: all calls are patched in place, and patching one that nobody
 * executes would interrupt all CPUs as well.
 */
static void set_call(struct static_call_key *key, void *func)
{
	if (key)
		__static_call_update(key, NULL, func);
}

void pairfuse_stub_set_stamp(int stub, void *clock)
{
	set_call(stub_calls[stub].stamp, clock);
}

void pairfuse_stub_set_elapsed(int stub, void *clock)
{
	set_call(stub_calls[stub].elapsed, clock);
}

/* Which clock, and what makes nanoseconds of it: the counter's in place, see TIMED. */
static void arm_timed(const struct pairfuse_link *link, struct pairfuse_stub_data *data)
{
	if (link->clocked) {
		data->cycle_ns = pairfuse_clock_arm(link->stub);
	} else if (link->stub >= PAIRFUSE_MONO) {
		pairfuse_stub_set_stamp(link->stub, pairfuse_stamp_mono);
		pairfuse_stub_set_elapsed(link->stub, pairfuse_elapsed_mono);
	} else {
		data->cycle_ns = 1ULL << 32;
		pairfuse_stub_set_stamp(link->stub, pairfuse_clock_mono);
		pairfuse_stub_set_elapsed(link->stub, pairfuse_clock_mono);
	}
}

static void arm_full(const struct pairfuse_link *link)
{
	void *stamp = NULL, *elapsed = NULL;

	if (link->flags & PAIRFUSE_ATTACH_ELAPSED) {
		stamp = link->clocked ? pairfuse_stamp : pairfuse_stamp_mono;
		elapsed = link->clocked ? pairfuse_elapsed : pairfuse_elapsed_mono;
	}
	pairfuse_stub_set_stamp(link->stub, stamp);
	pairfuse_stub_set_elapsed(link->stub, elapsed);
}

/*
 * Prepare a free stub: nobody executes it, so the order does not matter. Its
 * body has to be set too before it is hooked.
 */
void pairfuse_stub_arm(const struct pairfuse_link *link, const struct bpf_prog *entry,
		       const struct bpf_prog *exit, const struct pairfuse_attach *attr)
{
	struct pairfuse_stub_data *data = &pairfuse_stub_data[link->stub];

	lockdep_assert_held(&pairfuse_mutex);
	*data = (struct pairfuse_stub_data) {
		.counters = link->counters,
		.exit_active = exit->active,
		.exit_always = !!(link->flags & PAIRFUSE_ATTACH_EXIT_ALWAYS),
		.filter_offset = filter_offset(link->filter),
		.filter_value = link->filter_value,
		.nest = link->group ? pairfuse_group_offset(link->group) : 0,
		.entry_run_ctx.bpf_cookie = attr->entry_cookie,
		.exit_run_ctx.bpf_cookie = attr->exit_cookie,
	};
	if (is_timed(link->stub)) {
		arm_timed(link, data);
	} else {
		data->entry_active = entry->active;
		set_call(stub_calls[link->stub].entry, (void *)entry->bpf_func);
		arm_full(link);
	}
	set_call(stub_calls[link->stub].exit, (void *)exit->bpf_func);
}

/*
 * Run the programs no more. Calls may be in flight; for them the guards (or what
 * takes the exit program's place) do not let in any longer, and count that.
 *
 * Somebody may have passed the old guard, or the old exit call, before it was replaced.
 * That somebody runs with preemption off, hence in an RCU read side section, from before
 * that until after the program: no CPU is in one an RCU grace period after this, and the
 * caller puts the programs then (set.c).
 *
 * The stamping calls stay: a call that has its stamp may still want the
 * difference, and they refer to nothing that goes.
 */
void pairfuse_stub_disarm(int stub)
{
	struct pairfuse_stub_data *data = &pairfuse_stub_data[stub];

	lockdep_assert_held(&pairfuse_mutex);
	if (!is_timed(stub))
		WRITE_ONCE(data->entry_active, (void __percpu *)&pairfuse_detached);
	WRITE_ONCE(data->exit_active, (void __percpu *)&pairfuse_detached);
	set_call(stub_calls[stub].entry, pairfuse_stub_table[stub].entry_gone);
	set_call(stub_calls[stub].exit, pairfuse_stub_table[stub].exit_gone);
}

/*
 * Let the stub lead to the function's body, or to an inner stub when that is not -1:
 * with its body call, and with the jump of calls that it lets pass by, which have the
 * function's return address on the stack as well (NULL: they return there).
 */
void pairfuse_stub_set_inner(int stub, unsigned long body, int inner)
{
	unsigned long pass = 0;

	lockdep_assert_held(&pairfuse_mutex);
	if (inner >= 0) {
		body = pairfuse_stub_jmp_addr(inner);
		pass = pairfuse_stub_call_addr(inner);
	}
	set_call(stub_calls[stub].body, (void *)body);
	set_call(stub_calls[stub].pass, (void *)pass);
}

/* Stubs stand one behind the other in the text. */
int pairfuse_stub_of(unsigned long addr)
{
	int first = 0, end = PAIRFUSE_NR_STUBS, middle;

	while (first < end) {
		middle = (first + end) / 2;
		if (addr < pairfuse_stub_table[middle].begin)
			end = middle;
		else if (addr >= pairfuse_stub_table[middle].end)
			first = middle + 1;
		else
			return middle;
	}
	return -1;
}
