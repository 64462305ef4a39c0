/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest tests share. Each test is a function run in a process of its
 * own (main.c); whatever fails ends that process, so there is no error handling
 * beyond need() and check(). Attachments are fds and go with the process.
 */
#ifndef VM_H
#define VM_H

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <linux/pairfuse.h>
#include "kmod/pairfuse_test.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

typedef uint64_t u64;
typedef uint32_t u32;

/* main.c */
extern unsigned int hook;	/* enum pairfuse_hook, from the command line */
extern unsigned int scale;	/* repetitions for long tests: --scale */
extern bool leaf_entries;	/* the usual pair's entry calls nothing: TEST-leaf */
extern unsigned int slower;	/* how many times longer to wait: TIMES in the environment */

void __attribute__((noreturn, format(printf, 3, 4)))
fail_at(const char *file, int line, const char *fmt, ...);
void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...);

/* Have this done when the test ends, however it does: what the next test must not find. */
void at_end(void (*restore)(void));

#define fail(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define check(cond, ...) do { if (!(cond)) fail(__VA_ARGS__); } while (0)

/* x must be b; both are shown. */
#define equal(a, b, what) do {						\
	u64 _a = (a), _b = (b);						\
	check(_a == _b, "%s: have %llu, want %llu", what,		\
	      (unsigned long long)_a, (unsigned long long)_b);		\
} while (0)

/* A system call style expression that must succeed; its value. */
#define need(x) ({							\
	__typeof__(x) _r = (x);						\
	check(_r >= 0, "%s: %s", #x, strerror(errno));			\
	_r;								\
})

/* An expression that must fail with this errno. */
#define refused(x, err) do {						\
	long _r = (x);							\
	int _e = errno;							\
	check(_r < 0, "%s: succeeded, want %s", #x, strerror(err));	\
	check(_e == (err), "%s: %s (%d), want %s (%d)", #x,		\
	      strerror(_e), _e, strerror(err), (err));			\
} while (0)

/* Wait until cond holds; fail after that many seconds (TIMES as many). */
#define eventually(seconds, cond) do {					\
	double _end = now() + (seconds) * slower;			\
	while (!(cond)) {						\
		check(now() < _end, "still not true after %d s: %s",	\
		      (int)(seconds) * slower, #cond);			\
		pause_ms(5);						\
	}								\
} while (0)

double now(void);
void pause_ms(unsigned int ms);
unsigned int random_below(unsigned int n);

/* dev.c: /dev/pairfuse */
int dev_open(void);
int dev_info(int dev, struct pairfuse_info *info);
u32 dev_nr_free(int dev);		/* stubs of the ordinary kind */
/* Describe the link after `id`; false at the end. */
bool dev_next(int dev, u32 id, struct pairfuse_link_info *info);
bool dev_find(int dev, u32 id, struct pairfuse_link_info *info);
void link_info(int link, struct pairfuse_link_info *info);
/* The counters must add up; see pairfuse.h. */
void check_sums(const struct pairfuse_link_info *info);
/* Module parameters of life: reference count, removal, loading. */
long module_refs(const char *name);
int module_remove(const char *name);
void module_load(const char *name);
/* Is there a patched call site for this function? */
bool hooked(const char *func);

/* prog.c: programs and what they count */
#define NR_COUNTS 64

struct counts {			/* an array map with one value, mmapped */
	int fd;
	volatile u64 *v;
};

void counts_new(struct counts *c);
void counts_free(struct counts *c);
void counts_zero(struct counts *c);

/* Load or return -1 with errno; insns as given. */
int load_raw(const struct bpf_insn *insns, size_t nr);
int load_type(enum bpf_prog_type type, const struct bpf_insn *insns, size_t nr);
int load_tracing(const char *func, enum bpf_attach_type at,
		 const struct bpf_insn *insns, size_t nr);
int load_target(const char *func);
bool traceable(const char *func);	/* BTF knows it */
/* The first of these functions that this kernel has. */
const char *first_of(const char *const *funcs);
u32 prog_id(int fd);
bool prog_exists(u32 id);

/* The pair that most tests use; counts[] of it, from index `base` on: */
enum pair_count {
	C_ENTRY,	/* entry program has run */
	C_EXIT,		/* exit program has run */
	C_BAD,		/* exit found something else than entry left */
	C_RET,		/* sum of the return values */
	C_ARGS,		/* sum of the first arguments */
	NR_PAIR_COUNTS
};

struct pair {
	int target, entry, exit;	/* programs */
	int link;
	u32 id;
	u32 got;			/* hook mode */
	struct counts *c;
	unsigned int base;
	struct pairfuse_link_info marked; /* what the module said, at counts of ... */
	u64 marked_entries, marked_exits;
};

void pair_load(struct pair *p, const char *func, struct counts *c, unsigned int base);
int pair_try(struct pair *p, int dev, unsigned int hook, unsigned int flags);
void pair_attach(struct pair *p, int dev);
void pair_detach(struct pair *p);
void pair_unload(struct pair *p);
u64 pair_count(const struct pair *p, enum pair_count what);
/*
 * What the pair has counted and what the module has counted about it since it was
 * attached (or since pair_mark(), for who zeroes counts) is the same; nobody may be in
 * the function.
 */
void pair_check(const struct pair *p);
void pair_mark(struct pair *p);

/* neighbour.c: ordinary users of the same function; each counts in c->v[idx] */
enum neighbour { N_FENTRY, N_FEXIT, N_KPROBE, N_KRETPROBE, NR_NEIGHBOURS };

extern const char *const neighbour_name[NR_NEIGHBOURS];
/* An fd to close, or -1 with errno. */
int neighbour_attach(enum neighbour kind, const char *func, struct counts *c, unsigned int idx);

/* A kprobe or kretprobe with this program, which goes with the fd. */
int kprobe_open(int prog, const char *func, bool ret);

/*
 * Keeps BPF's trampolines in use until the process ends: see loader/lib/anchor.c
 * for what the kernel does otherwise.
 */
void neighbour_anchor(void);

/* caller.c: who calls the traced function */
#define CALLED "__x64_sys_getsid"	/* nobody else does in a test machine */

void call_n(u64 n);			/* in this thread */
void call_threads(unsigned int threads, u64 n);	/* n each, all done on return */

struct load;				/* calls until told to stop */
struct load *load_start(unsigned int threads);
void load_pause(struct load *l);	/* on return nobody is in the function */
void load_resume(struct load *l);
u64 load_stop(struct load *l);		/* how often it has called in all */

/* The test module. */
void test_call(enum pairfuse_test_what what, u64 n, u64 arg, struct pairfuse_test *out);
/* A child that sleeps in the named function until killed or told to go on. */
struct sleeper {
	pid_t pid;
	int fd;
};
void sleeper_start(struct sleeper *s);
void sleeper_wake(struct sleeper *s);
void sleeper_kill(struct sleeper *s);
extern const char *const pipe_read_names[];
char task_state(pid_t pid);		/* as in /proc; X: gone */

/* livepatch.c: a patch of CALLED */
int patch_load(void);			/* or -1 with errno */
bool patch_settled(void);
long patch_calls(void);
void patch_unload(void);

/* symbols.c: "function" or "function [module]"; start: of the function. NULL: generated code. */
const char *symbol_of(u64 addr, u64 *start);
u64 symbol_address(const char *function);
bool symbol_exists(const char *function);

/* snapshot.c */
int snapshot(void);

/* The tests: TEST(name) in any file, listed in main.c's table. */
#define TESTS(X)							\
	X(info) X(count) X(args) X(returns) X(armed) X(cookie) X(several)	\
	X(fds) X(recursion) X(program_recursion) X(interrupts) X(timer)	\
	X(neighbours) X(neighbours_orders) X(asleep) X(asleep_killed)	\
	X(asleep_again) X(exec_exit) X(reject_request) X(reject_program)	\
	X(reject_target) X(reject_jit) X(reject_caps) X(caps) X(fuzz) X(churn)	\
	X(killed) X(module_target) X(stubs) X(exact_recursion) X(exact_group)	\
	X(exact_limits) X(elapsed) X(timed) X(timed_nested) X(timed_interrupts) \
	X(timed_asleep) X(timed_reject) X(timed_lost) X(filter) X(failnth)	\
	X(late) X(late_for_ever) X(livepatch) X(livepatch_asleep) X(livepatch_beside) \
	X(stack_asleep) X(stack_below)	\
	X(stack_own) X(stack_everywhere) X(stack_printed)	\
	X(users) X(users_together) X(deep_faults) X(deep_faults_irq)		\
	X(hotplug) X(hotplug_asleep)						\
	X(hotplug_churn) X(stopped) X(stopped_inside) X(oom) X(oom_attach)	\
	X(ftrace_off) X(unload_states) X(unload_race) X(no_fds) X(soak)		\
	X(failnth_timed) X(together) X(together_refused) X(together_neighbours)	\
	X(together_undone) X(together_cost)				\
	X(faulting) X(asleep_quiet) X(dead) X(not_dead) X(deep) X(livepatch_late) X(no_endbr)

#define TEST(name) void test_##name(void)
#define X(name) TEST(name);
TESTS(X)
#undef X

#endif /* VM_H */
