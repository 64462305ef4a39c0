/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internal interfaces of the module, grouped by the file that implements them.
 *
 * One mutex, pairfuse_mutex, serialises everything that changes: sites, links,
 * stubs. It is the outermost lock; ftrace's, static_call's and RCU's own locks
 * and waits nest inside. Whoever only lists takes pairfuse_list_mutex, which is held for
 * moments. Nothing on the traced path takes a lock.
 */
#ifndef PAIRFUSE_KMOD_H
#define PAIRFUSE_KMOD_H

#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pairfuse.h>
#include <linux/percpu.h>

#include "compat.h"

/*
 * Stubs by kind: plain ones, then those for links with exact nesting; each kind
 * begins with stubs for functions of up to PAIRFUSE_FEW_ARGS argument registers.
 * Then both without an entry program ("timed"), for any number of arguments. All that
 * follow are cheaper for some links, for which the others will do: timed by the clock of
 * bpf_ktime_get_ns(); one argument register (system calls); an entry program that is a leaf.
 */
#define PAIRFUSE_NR_PLAIN 256
#define PAIRFUSE_NR_PLAIN_FEW 160
#define PAIRFUSE_NR_EXACT 128
#define PAIRFUSE_NR_EXACT_FEW 80
#define PAIRFUSE_EXACT PAIRFUSE_NR_PLAIN
#define PAIRFUSE_TIMED (PAIRFUSE_EXACT + PAIRFUSE_NR_EXACT)
#define PAIRFUSE_TIMED_EXACT (PAIRFUSE_TIMED + PAIRFUSE_NR_PLAIN)
#define PAIRFUSE_MONO (PAIRFUSE_TIMED_EXACT + PAIRFUSE_NR_EXACT)
#define PAIRFUSE_NR_MONO 64
#define PAIRFUSE_MONO_EXACT (PAIRFUSE_MONO + PAIRFUSE_NR_MONO)
#define PAIRFUSE_NR_MONO_EXACT 32
#define PAIRFUSE_ONE (PAIRFUSE_MONO_EXACT + PAIRFUSE_NR_MONO_EXACT)
#define PAIRFUSE_NR_ONE 32
#define PAIRFUSE_LEAF_ONE (PAIRFUSE_ONE + PAIRFUSE_NR_ONE)
#define PAIRFUSE_NR_LEAF_ONE 48
#define PAIRFUSE_LEAF_FEW (PAIRFUSE_LEAF_ONE + PAIRFUSE_NR_LEAF_ONE)
#define PAIRFUSE_NR_LEAF_FEW 64
#define PAIRFUSE_LEAF (PAIRFUSE_LEAF_FEW + PAIRFUSE_NR_LEAF_FEW)
#define PAIRFUSE_NR_LEAF 32
#define PAIRFUSE_LEAF_EXACT (PAIRFUSE_LEAF + PAIRFUSE_NR_LEAF)
#define PAIRFUSE_NR_LEAF_EXACT 32
#define PAIRFUSE_NR_STUBS (PAIRFUSE_LEAF_EXACT + PAIRFUSE_NR_LEAF_EXACT)
#define PAIRFUSE_FEW_ARGS 3

/*
 * Bytes of a task's stack that are left to the function and to what it calls: no frame is
 * made below. A power of two. A quarter of the stack: frames of pairs on functions that
 * call each other add up, the limit of links is per function.
 */
#define PAIRFUSE_RESERVE 4096

/* main.c */
extern struct mutex pairfuse_mutex;
extern bool pairfuse_ibt;		/* indirect calls have to lead to ENDBR */

/* device.c */
int pairfuse_device_init(void);
void pairfuse_device_exit(void);
/*
 * Copy a size-first structure from user space by the rules of the ABI.
 * -EINVAL: shorter than min; -E2BIG: longer than known and not zero there.
 */
int pairfuse_copy_in(void *dst, size_t size, size_t min, const void __user *src, u32 *usize);
int pairfuse_copy_out(void __user *dst, u32 usize, const void *src, size_t size);
/* What ABI 1.0 had, and every user knows. */
#define PAIRFUSE_LINK_INFO_MIN offsetofend(struct pairfuse_link_info, module)

/* stub.c, stub_text.S */

/*
 * Of one link, written by hook and stub with single per-CPU instructions, so neither
 * preemption nor interrupts can lose a count. in flight = entered + arrived - left;
 * on their way from the shared hook to the stub are hooked - arrived - passed.
 */
struct pairfuse_counters {
	u64 hooked;		/* sent to the stub by the shared hook ... */
	u64 arrived;		/* ... and have entered it, */
	u64 passed;		/* or were let pass by the filter */
	u64 entered;		/* by other ways: patched calls, outer stubs */
	u64 left;
	u64 not_armed;		/* includes entry_missed */
	u64 entry_missed;
	u64 exit_missed;
	u64 deep;		/* passed by: too little stack left (counted nowhere else) */
};

/*
 * What a stub reads on every call: one cache line, written only by attach and
 * detach. The pointers are per-CPU offsets to be used with %gs.
 */
struct pairfuse_stub_data {
	struct pairfuse_counters __percpu *counters;
	union {
		void __percpu *entry_active;	/* the programs' recursion guards, or */
		u64 cycle_ns;			/* (timed stubs have none, but a factor) */
	};
	void __percpu *exit_active;	/* pairfuse_detached: never run */
	u8 exit_always;
	u8 nest;			/* see group.c: offset into the task's stack */
	u16 filter_offset;		/* in task_struct; 0: no filter */
	u32 filter_value;
	/* current->bpf_ctx while the program runs; helpers only read it */
	struct bpf_trace_run_ctx entry_run_ctx;
	struct bpf_trace_run_ctx exit_run_ctx;
} __aligned(64);

extern struct pairfuse_stub_data pairfuse_stub_data[PAIRFUSE_NR_STUBS];

/* What a link wants of its stub. */
#define PAIRFUSE_WANTS_EXACT	BIT(0)	/* a word of the task */
#define PAIRFUSE_WANTS_TIMED	BIT(1)	/* no entry program */
#define PAIRFUSE_WANTS_MONO	BIT(2)	/* timed, by the clock of bpf_ktime_get_ns() */
#define PAIRFUSE_WANTS_LEAF	BIT(3)	/* an entry program that calls nothing */

/* An index, or -ENOSPC. */
int pairfuse_stub_alloc(unsigned int regs, unsigned int wants);
void pairfuse_stub_free(int stub);
unsigned int pairfuse_stub_count(bool exact, bool timed, unsigned int *nr_free);
/* Entered with the caller's return address on the stack (jumped to, called). */
unsigned long pairfuse_stub_jmp_addr(int stub);
/* Entered by a call patched into the function: one more return address. */
unsigned long pairfuse_stub_call_addr(int stub);
/* As the first, by the shared hook, which has counted `hooked`. */
unsigned long pairfuse_stub_shared_addr(int stub);
struct pairfuse_link;
struct pairfuse_attach;
void pairfuse_stub_arm(const struct pairfuse_link *link, const struct bpf_prog *entry,
		       const struct bpf_prog *exit, const struct pairfuse_attach *attr);
void pairfuse_stub_disarm(int stub);
void pairfuse_stub_set_inner(int stub, unsigned long body, int inner);
/* What a timed stub calls behind its readings of the counter; NULL: nothing. */
void pairfuse_stub_set_stamp(int stub, void *clock);
void pairfuse_stub_set_elapsed(int stub, void *clock);
/* The stub that has this address in its text, or -1. */
int pairfuse_stub_of(unsigned long addr);

/* clock.c */
bool pairfuse_clock_usable(void);
int pairfuse_clock_get(void);		/* -EOPNOTSUPP: not usable */
void pairfuse_clock_put(void);
u64 pairfuse_clock_arm(int stub);
void pairfuse_clock_disarm(int stub);
void pairfuse_clock_exit(void);

/* program.c */
struct pairfuse_target {
	unsigned long addr;		/* of the function */
	unsigned int regs;		/* argument registers */
	struct module *mod;		/* a reference; NULL for vmlinux */
	struct bpf_prog *prog;		/* a reference while hooked: see share */
	char name[PAIRFUSE_NAME_LEN];
};

struct bpf_prog *pairfuse_prog_get(int fd);	/* ERR_PTR: see the ABI header */
bool pairfuse_prog_is_leaf(const struct bpf_prog *prog);
bool pairfuse_prog_uses_slot(const struct bpf_prog *prog);
int pairfuse_target_get(int fd, struct pairfuse_target *target);
void pairfuse_target_put(struct pairfuse_target *target);
/* The BPF trampoline of the function, should it get one, has to share it (or not). */
void pairfuse_target_share(struct pairfuse_target *target, bool share);
/* Is there one in use that believes it shares? */
bool pairfuse_target_shares(struct pairfuse_target *target);
/* No more sharing; the programs of a link go when it is detached. */
void pairfuse_target_put_prog(struct pairfuse_target *target);

struct pairfuse_ops;
struct pairfuse_set;

/* site.c */
struct pairfuse_site {
	struct list_head sites;
	struct list_head of_ops;	/* the sites that came with one request */
	unsigned long ip;		/* the patched instruction */
	unsigned long body;		/* the instruction behind it */
	struct pairfuse_ops *ops;	/* how it is hooked */
	struct list_head chain;		/* of pairfuse_link, outermost first; empty: */
	struct pairfuse_link *parked;	/* the last that left, while the hook stays */
	unsigned int joining;		/* links that will, in a request under way */
};

extern const u8 pairfuse_nop5[CALL_INSN_SIZE];
int pairfuse_sites_join(struct pairfuse_set *set, unsigned int *failed);
int pairfuse_site_leave(struct pairfuse_link *link);
/* Try again what did not go; true: some is left. */
bool pairfuse_sites_retry(void);
struct pairfuse_link *pairfuse_site_first(struct pairfuse_site *site);

/* ops.c */
struct pairfuse_ops {
	struct list_head idle;		/* no live site, yet it could not be removed */
	enum pairfuse_hook hook;
	struct ftrace_ops *ops;		/* fresh for every hook */
	unsigned long direct;		/* address given to ftrace */
	struct list_head sites;		/* of pairfuse_site */
	unsigned int nr_sites;
	unsigned int nr_live;		/* of them have links */
	bool stuck;			/* ftrace did not let go */
	struct pairfuse_routes *routes;	/* shared, several sites */
};

struct pairfuse_ops *pairfuse_ops_new(enum pairfuse_hook hook);
void pairfuse_ops_free(struct pairfuse_ops *ops);
int pairfuse_ops_hook(struct pairfuse_ops *ops);
int pairfuse_ops_unhook(struct pairfuse_ops *ops);
/* Let a site's hook lead to another stub. */
int pairfuse_ops_route(struct pairfuse_site *site, struct pairfuse_link *link);

/* group.c */
struct pairfuse_group;
struct pairfuse_group *pairfuse_group_new(void);	/* or ERR_PTR(-EUSERS) */
struct pairfuse_group *pairfuse_group_get(struct pairfuse_group *group);
void pairfuse_group_put(struct pairfuse_group *group);	/* NULL: nothing */
u32 pairfuse_group_offset(const struct pairfuse_group *group);
unsigned int pairfuse_group_nr(void);
unsigned int pairfuse_group_nr_free(void);

/* link.c */
enum pairfuse_stage {
	PAIRFUSE_STAGE_LIVE,		/* owned by an fd */
	PAIRFUSE_STAGE_PARKED,		/* detached; its site's hook stays, for others of its set */
	PAIRFUSE_STAGE_DRAINING,	/* detached; calls may be in flight */
	PAIRFUSE_STAGE_LATE,		/* and some may not even have arrived: drain.c */
	PAIRFUSE_STAGE_SETTLING,	/* none in flight; last instructions may run */
	PAIRFUSE_STAGE_STUCK,		/* ftrace refused to let go; never freed */
};

struct pairfuse_link {
	/* read by the shared hook on every call, written by attach */
	struct pairfuse_counters __percpu *counters;
	unsigned long shared_addr;	/* of the stub */

	struct list_head all;		/* pairfuse_links */
	struct list_head chain;		/* of the site, when live */
	struct pairfuse_site *site;	/* when live or parked */
	struct pairfuse_link *inner;	/* whom the body call leads to; NULL: the function */
	enum pairfuse_stage stage;
	int stub;
	u32 id;
	u32 flags;
	enum pairfuse_hook hook;	/* wanted, then got */
	bool pinned;			/* holds a reference on this module */
	bool waited;			/* for a grace period after the hook: all have arrived */
	bool missing;			/* the stub was on no stack (stacks.c) ... */
	u64 missing_calls;		/* ... with so many calls in flight */
	unsigned long missing_since;	/* jiffies */
	bool dead;			/* for so long that these calls will never return */
	bool late_seen;			/* LATE since before the grace periods under way */
	bool late_over;			/* nobody can be on the way any more: drain.c */
	unsigned int late_rounds;	/* of grace periods, in stage LATE */
	unsigned long retired;		/* jiffies */
	unsigned long scan_after;	/* jiffies since then, for stacks.c */
	bool clocked;			/* holds a use of the counter (clock.c) */
	unsigned long ip;		/* the function's call site */
	unsigned long body;		/* of the function */
	struct pairfuse_target target;
	enum pairfuse_filter filter;
	u32 filter_value;
	struct pairfuse_group *group;	/* NULL: every call has its own state */
	u32 entry_id, exit_id;		/* of the programs */
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/*
 * Every change to this list, and to what it shows of a link, is made with both mutexes;
 * either will do for reading.
 */
extern struct mutex pairfuse_list_mutex;
extern struct list_head pairfuse_links;	/* by ascending id */
void pairfuse_link_list(struct pairfuse_link *link);
void pairfuse_link_unlist(struct pairfuse_link *link);
void pairfuse_link_set_stage(struct pairfuse_link *link, enum pairfuse_stage stage);
u32 pairfuse_link_next_id(void);
void pairfuse_link_describe(struct pairfuse_link *link, struct pairfuse_link_info *info);
long pairfuse_link_next(struct pairfuse_link_info __user *uinfo);
void pairfuse_link_free(struct pairfuse_link *link);
u64 pairfuse_link_in_flight(struct pairfuse_link *link);
bool pairfuse_link_is_late(struct pairfuse_link *link);
bool pairfuse_link_used(struct pairfuse_link *link);
void pairfuse_link_retire(struct pairfuse_link *link);

/* set.c: what one file descriptor owns */
struct pairfuse_member {
	struct pairfuse_link *link;	/* NULL: detached */
	struct bpf_prog *entry;		/* references; entry NULL: a timed stub */
	struct bpf_prog *exit;
};

struct pairfuse_set {
	unsigned int nr;
	bool used;			/* calls have come, though attaching failed */
	struct pairfuse_member members[] __counted_by(nr);
};

long pairfuse_set_attach_one(struct pairfuse_attach __user *uattr);
long pairfuse_set_attach_many(struct pairfuse_attach_many __user *umany);

/* drain.c */
int pairfuse_drain_init(void);
void pairfuse_drain_exit(void);
void pairfuse_drain_kick(void);
void pairfuse_drain_flush(void);

/* stacks.c */
bool pairfuse_stacks_scan(unsigned long *found);	/* a bit for each stub */

#endif /* PAIRFUSE_KMOD_H */
