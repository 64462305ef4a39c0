/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The analysis core: finds the pairs among the programs of one BPF object,
 * decides which can be fused, and rewrites those.
 *
 * It is pure computation over memory: no system calls, no BTF parsing, no
 * printing, no global state. Whoever calls it (the object session behind
 * `pairfuse load` and `explain`, the interposer, tests) describes programs and
 * maps with the structures below; bytecode is what the kernel would be given:
 * after CO-RE, with subprograms appended behind the main program
 * (BPF_PSEUDO_CALL) and map references either by fd or by index (see
 * pairfuse_map_ref_fn).
 */
#ifndef PAIRFUSE_ANALYSIS_H
#define PAIRFUSE_ANALYSIS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

#define PAIRFUSE_MAX_REGS 6

/* A map of the object. Strings are the caller's and outlive the analysis. */
struct pairfuse_map {
	const char *name;
	enum bpf_map_type type;
	__u32 key_size;		/* bytes */
	__u32 value_size;	/* bytes */
	__u32 max_entries;
	bool pinned;		/* pinned, or to be pinned by libbpf */
	bool reused;		/* lives outside this object (fd given by others) */
	bool shown;		/* user space reads it (display, interposer saw it) */
	bool printed;		/* user space will print all that is in it at its end */
	bool inner;		/* perhaps in a map of maps, for programs that do not name it */
	bool frozen;		/* .rodata: contents below are final */
	const void *rodata;	/* value_size bytes when frozen, else NULL */
};

enum pairfuse_hook_type {
	PAIRFUSE_AT_OTHER = 0,	/* anything that is not half of a pair */
	PAIRFUSE_AT_FENTRY,
	PAIRFUSE_AT_FEXIT,
	PAIRFUSE_AT_KPROBE,	/* at the first instruction of a function */
	PAIRFUSE_AT_KRETPROBE,
	/*
	 * Tracepoints syscalls/sys_enter_X, sys_exit_X. Their pair is moved to
	 * the function __x64_sys_X: that is the target to give here, with its
	 * proto (whose only argument has the id of struct pt_regs).
	 */
	PAIRFUSE_AT_SYS_ENTER,
	PAIRFUSE_AT_SYS_EXIT,
	/* No half: can answer the function's calls in its place (fmod_ret, LSM). */
	PAIRFUSE_AT_MODIFY,
};

/* Where values are counted by register: the return value comes after the arguments. */
#define PAIRFUSE_VALUE_RET	PAIRFUSE_MAX_REGS
#define PAIRFUSE_NR_VALUES	(PAIRFUSE_MAX_REGS + 1)

/* The calling convention of a target, from kernel BTF. */
struct pairfuse_proto {
	unsigned int nr_regs;	/* argument registers in all */
	unsigned int ret_size;	/* bytes, 0 for void */
	/*
	 * For each value: the BTF id of the struct or union that it points
	 * to (for bpf_rdonly_cast), or 0 when it is no such pointer. Ids are
	 * those of vmlinux BTF; in_module says that the id belongs to a
	 * module's BTF, where bpf_rdonly_cast cannot reach.
	 */
	__u32 btf_id[PAIRFUSE_NR_VALUES];
	bool in_module[PAIRFUSE_NR_VALUES];
};

struct pairfuse_prog {
	const char *name;
	const char *section;
	enum pairfuse_hook_type at;
	bool sleepable;
	const char *target;	/* function; NULL when not known, or not in BTF */
	const struct pairfuse_proto *proto; /* NULL when not known (offline) */
	__u64 cookie;		/* attach cookie */
	__u64 addr;		/* of the target, bpf_get_func_ip(); 0: not known */
	__u64 ip;		/* PT_REGS_IP that a kprobe shows there (kcode.h); 0: not known */
	const struct bpf_insn *insns;
	size_t nr_insns;
};

/*
 * Which map does a BPF_LD_IMM64 with src_reg BPF_PSEUDO_MAP_FD, _MAP_IDX,
 * _MAP_VALUE or _MAP_IDX_VALUE refer to? Returns an index into maps[] or -1.
 */
typedef int (*pairfuse_map_ref_fn)(void *arg, const struct bpf_insn *ld_imm64);

/* What calls inside calls of one thread see of each other's state. */
enum pairfuse_nesting {
	PAIRFUSE_NESTING_DEFAULT = 0,	/* exact for several functions, else per call */
	PAIRFUSE_NESTING_EXACT,		/* what the map would have shown them */
	PAIRFUSE_NESTING_PER_CALL,	/* nothing */
};

/* Who takes the time between entry and exit, where the pair allows a choice. */
enum pairfuse_clock {
	PAIRFUSE_CLOCK_PROGRAMS = 0,
	PAIRFUSE_CLOCK_MONOTONIC,	/* the stub: PAIRFUSE_ATTACH_ELAPSED | _MONOTONIC */
	PAIRFUSE_CLOCK_COUNTER,		/* the stub: PAIRFUSE_ATTACH_ELAPSED */
};

/* "programs", "monotonic", "counter" */
const char *pairfuse_clock_name(enum pairfuse_clock clock);

/* "exact" or "auto", as people ask for it; false: neither */
bool pairfuse_clock_parse(const char *text, bool *exact);

struct pairfuse_input {
	const struct pairfuse_prog *progs;
	size_t nr_progs;
	const struct pairfuse_map *maps;
	size_t nr_maps;
	pairfuse_map_ref_fn map_ref;
	void *map_ref_arg;
	/* vmlinux BTF id of kfunc bpf_rdonly_cast; 0: not available */
	__s32 rdonly_cast_id;
	/* bytes from the start of a task_struct to its pid (the thread's) and tgid; 0: not known */
	__u32 task_pid, task_tgid;
	enum pairfuse_nesting nesting;
	bool no_groups;		/* the kernel module has none left for PAIRFUSE_ATTACH_EXACT */
	bool filter;		/* it can compare ids, and may: pairfuse_attach.filter */
	enum pairfuse_clock clock; /* how times may be taken; 0: by the programs alone */
	unsigned int without;	/* optimisations not to apply: of PAIRFUSE_OPT_OPTIONAL */
};

enum pairfuse_key {		/* what the carrier map is keyed by */
	PAIRFUSE_KEY_NONE = 0,
	PAIRFUSE_KEY_TID,	/* u32 thread id */
	PAIRFUSE_KEY_TGID,	/* u32 process id */
	PAIRFUSE_KEY_PID_TGID,	/* u64, bpf_get_current_pid_tgid() */
	PAIRFUSE_KEY_TASK,	/* task pointer, or task storage */
	PAIRFUSE_KEY_CONST,	/* per-CPU array slot 0 and the like */
	PAIRFUSE_KEY_ARGS,	/* saved arguments, alone or with the above */
};

const char *pairfuse_key_name(enum pairfuse_key key);

#define PAIRFUSE_MAX_KEY	64	/* bytes of a carrier's key */

/*
 * The bytes of a pair's key that are the same constant at each access, mask 0xff; else both
 * are 0. Elements of the carrier whose keys do not match are none of the pair's.
 */
struct pairfuse_key_consts {
	__u8 mask[PAIRFUSE_MAX_KEY];
	__u8 byte[PAIRFUSE_MAX_KEY];
};

bool pairfuse_key_matches(const struct pairfuse_key_consts *consts, const void *key, size_t size);

/* Rewritings and optimisations applied to a pair; a bit each, names below. */
enum pairfuse_opt {
	PAIRFUSE_OPT_SLOT	= 1 << 0, /* map replaced by the slot */
	PAIRFUSE_OPT_INLINE	= 1 << 1, /* bpf-to-bpf calls inlined */
	PAIRFUSE_OPT_CAST	= 1 << 2, /* typed pointers through bpf_rdonly_cast */
	PAIRFUSE_OPT_SKIP_EXIT	= 1 << 3, /* exit does nothing without state: not run */
	PAIRFUSE_OPT_COOKIE	= 1 << 4, /* attach cookie folded to a constant */
	PAIRFUSE_OPT_DEAD	= 1 << 5, /* dead code removed (key building ...) */
	PAIRFUSE_OPT_RODATA	= 1 << 6, /* loads from frozen .rodata folded */
	PAIRFUSE_OPT_TASK	= 1 << 7, /* map replaced by task storage */
	PAIRFUSE_OPT_CLOCK	= 1 << 8, /* elapsed time taken by the stub */
	PAIRFUSE_OPT_DIVISION	= 1 << 9, /* division by a constant: multiplication */
	PAIRFUSE_OPT_REGISTERS	= 1 << 10, /* no registers that have to be saved */
	PAIRFUSE_OPT_FILTER	= 1 << 11, /* process or thread compared by the stub */
	PAIRFUSE_OPT_COPIES	= 1 << 12, /* values taken from where they are already */
	PAIRFUSE_OPT_PATHS	= 1 << 13, /* code specialised to what is known on its paths */
	PAIRFUSE_OPT_ONCE	= 1 << 14, /* what both programs ask for is asked for once */
	PAIRFUSE_OPT_ADDRESS	= 1 << 15, /* the function's address folded to a constant */
};

const char *pairfuse_opt_name(enum pairfuse_opt opt);

/*
 * Those that can be left out (pairfuse_input.without). Without the slot, the programs
 * keep the map and are only run from one place; filters and the clock need the slot,
 * and the clock needs dead code to go.
 */
#define PAIRFUSE_OPT_OPTIONAL	(PAIRFUSE_OPT_SLOT | PAIRFUSE_OPT_DEAD | PAIRFUSE_OPT_RODATA | \
				 PAIRFUSE_OPT_CLOCK | PAIRFUSE_OPT_DIVISION | \
				 PAIRFUSE_OPT_REGISTERS | PAIRFUSE_OPT_FILTER | \
				 PAIRFUSE_OPT_COPIES | PAIRFUSE_OPT_PATHS | PAIRFUSE_OPT_ONCE)

/*
 * What people ask for: "all", "none", or names separated by commas: those that are
 * wanted, or, each with a '-' in front, those that are not. false: something else.
 */
bool pairfuse_opt_parse(const char *text, unsigned int *without);

enum pairfuse_storage {		/* where a fused pair keeps its state */
	PAIRFUSE_STORAGE_SLOT = 0,	/* on the stack: each invocation its own */
	PAIRFUSE_STORAGE_TASK,		/* in the task: as a map keyed by the thread has it */
	PAIRFUSE_STORAGE_MAP,		/* in the map as ever: without PAIRFUSE_OPT_SLOT */
};

/* "slot", "task", "map" */
const char *pairfuse_storage_name(enum pairfuse_storage storage);

/* "exact" or "per-call"; false: neither */
bool pairfuse_nesting_parse(const char *text, enum pairfuse_nesting *nesting);

/*
 * What stands for the task storage of the group in its code: the immediate of a
 * BPF_LD_IMM64 with BPF_PSEUDO_MAP_FD. See carrier.h for how to fill it in.
 */
#define PAIRFUSE_TASK_CARRIER	(-0x7061697)

/* A program ready for BPF_PROG_LOAD as BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE. */
struct pairfuse_code {
	struct bpf_insn *insns;	/* owned by the result */
	size_t nr_insns;
};

struct pairfuse_covered {		/* instructions of a rewritten program, */
	unsigned int insns;
	unsigned int run;	/* and those that have run at least once */
};

/* What came of trying a pair: selfcheck.h */
struct pairfuse_checked {
	unsigned int calls;	/* of its group; 0: it was not tried */
	unsigned int insns;	/* of the rewritten programs of the group */
	unsigned int insns_run;
	struct pairfuse_covered entry, exit;
	char unchecked[256];	/* fused all the same, and why nothing is known; "": it is */
};

/*
 * The verdict on one pair, or on one program that has no partner (then the
 * other index is -1). A refused pair has no code.
 */
struct pairfuse_pair {
	int entry;		/* index into progs[] or -1 */
	int exit;		/* index into progs[] or -1 */
	int carrier;		/* index into maps[] or -1 */
	enum pairfuse_key key;
	struct pairfuse_key_consts consts;
	__u32 state_size;	/* bytes of the slot, or of the map's value, in use */
	enum pairfuse_storage storage;
	/*
	 * Bytes of a value of the task storage that has to be made, one for all
	 * pairs of a group; 0: none (the carrier is one, and is kept).
	 */
	__u32 storage_size;
	/*
	 * Nested calls find what the map would hold. With the slot that takes
	 * PAIRFUSE_ATTACH_EXACT, one group for all pairs of a group.
	 */
	bool exact;
	char nesting[192];	/* the same, and why, for people */
	enum pairfuse_reason reason; /* PAIRFUSE_REASON_NONE: can be fused */
	int reason_prog;	/* program that the reason points to, or -1 */
	int reason_insn;	/* instruction of the given bytecode, or -1 */
	char reason_text[256];	/* one line, names objects; "" when fused */
	unsigned int opts;	/* enum pairfuse_opt */
	bool shared_only;	/* attach with PAIRFUSE_HOOK_SHARED or not at all */
	bool exit_always;	/* attach with PAIRFUSE_ATTACH_EXIT_ALWAYS */
	__u32 filter;		/* attach with: enum pairfuse_filter */
	__u32 filter_value;
	enum pairfuse_clock clock;
	bool no_entry;		/* attach with PAIRFUSE_ATTACH_NO_ENTRY: no entry program */
	bool leaves;		/* the original leaves something in the map: leftover.h */
	struct pairfuse_code entry_code;
	struct pairfuse_code exit_code;
	struct pairfuse_checked checked;
};

/*
 * Do two pairs share state? Those with one carrier do, unless their keys differ in a
 * constant byte: then neither can see what the other has stored.
 */
bool pairfuse_pair_same_group(const struct pairfuse_pair *a, const struct pairfuse_pair *b);

struct pairfuse_result {
	struct pairfuse_pair *pairs;	/* every fentry/fexit program is in one */
	size_t nr_pairs;
};

/*
 * Analyse all programs of the input and rewrite the pairs that can be fused.
 * Programs that are no halves of pairs (PAIRFUSE_AT_OTHER) only matter for the
 * maps that they touch.
 *
 * A pair is fentry + fexit, kprobe + kretprobe or sys_enter + sys_exit on one
 * target. A program that is attached to several functions is described once for
 * each of them.
 *
 * The verdicts hold for the programs of the input running together, and no
 * others. Objects hold programs of which the tool attaches only some (the same
 * thing as fentry and as kprobe, for kernels that differ). One that is loaded
 * but attached nowhere touches no map and must be left out, or it would refuse
 * the others; whoever lets it be attached later has to analyse again, with it,
 * and to put the originals of pairs that are then refused back first.
 *
 * Returns 0, -ENOMEM, or -EINVAL when the input contradicts itself (not: when
 * bytecode is malformed; that is a refusal). On success the caller frees the
 * result with pairfuse_result_free().
 */
int pairfuse_analyze(const struct pairfuse_input *in, struct pairfuse_result **out);

void pairfuse_result_free(struct pairfuse_result *res);

/* PAIRFUSE_ATTACH_... for a pair that can be fused. */
unsigned int pairfuse_pair_flags(const struct pairfuse_pair *pair);

/* Does a program call bpf_get_func_ip(), so that its `addr` matters? */
bool pairfuse_wants_address(const struct pairfuse_prog *prog);
/* Is it a kprobe that perhaps reads PT_REGS_IP, so that its `ip` matters? */
bool pairfuse_wants_ip(const struct pairfuse_prog *prog);

/*
 * The first of nr instructions as text, as bpftool would print it; returns buf. Of a
 * BPF_LD_IMM64, the upper half is taken from the second one, if there is one.
 */
const char *pairfuse_insn_text(const struct bpf_insn *insn, size_t nr, char *buf, size_t len);

#endif /* PAIRFUSE_ANALYSIS_H */
