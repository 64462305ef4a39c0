/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interposer behind `pairfuse run`: what its files share.
 *
 * The kernel, not a table of ours, says what an fd is: programs, maps and links
 * are known by their BPF ids, asked for when the fd is in our hands. A table of
 * fds exists only for what must be acted upon when the fd goes (see fd.h).
 *
 * Everything below runs inside run_enter()/run_leave(): one mutex, signals
 * blocked, the libc calls that we make ourselves pass through. The tool's own
 * calls are made outside of it.
 */
#ifndef PAIRFUSE_PRELOAD_RUN_H
#define PAIRFUSE_PRELOAD_RUN_H

#include <linux/bpf.h>
#include <linux/pairfuse.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "analysis.h"
#include "kbtf.h"

#define RUN_ENV	     "PAIRFUSE_RUN"	/* numbers, set by cmd_run.c, read by interpose.c */
#define RUN_LIB	     "libpairfuse-preload.so"
#define RUN_NAME_LEN PAIRFUSE_NAME_LEN

/* --- guard.c: who may look at the tables --- */

struct run_guard {
	sigset_t signals;
	int cancel;		/* as pthread_setcancelstate() says it */
	int saved_errno;
};

extern int run_verbose;
extern __u32 run_hook;		/* enum pairfuse_hook wanted */
extern enum pairfuse_nesting run_nesting;
extern bool run_exact_clock;
extern unsigned int run_without;	/* optimisations: pairfuse_input.without */

/* From the environment; without it the interposer stays inert. */
void run_init(int verbose, __u32 hook);

/*
 * False: not our business (inert, a call made by ourselves, a vfork child that
 * has our memory but not our fds). errno is as before after run_leave().
 */
bool run_enter(struct run_guard *g);
void run_leave(struct run_guard *g);
/* Inside: will a handler of the tool run when the guard is left? */
bool run_signal_came(const struct run_guard *g);

/* --- check.c: --self-check --- */

extern unsigned int run_self_check;	/* calls; 0: not wanted; or PAIRFUSE_CHECK_BRIEF */

/* Try what has not been tried, and refuse groups that differ; map_fds by map. */
void run_check(const struct pairfuse_input *in, struct pairfuse_result *res, const int *map_fds);

/* --- record.c: programs and maps, by id --- */

struct run_map {
	struct run_map *next;
	__u32 id;
	bool own;		/* created by this process */
	bool pinned;
	bool touched;		/* user space has read or written elements */
	struct run_storage *storages;
};

/* Task storage in a carrier's place, for the pairs of one group. */
struct run_storage {
	struct run_storage *next;
	struct pairfuse_key_consts consts;
	int fd;			/* private */
};

struct run_prog {
	struct run_prog *next;
	__u32 id;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	__u32 btf_obj_id;	/* where fentry and fexit go */
	__u32 btf_id;
	bool sleepable;
	char name[BPF_OBJ_NAME_LEN];
	char license[64];
	/*
	 * As given to the kernel, except that map references are
	 * BPF_PSEUDO_MAP_IDX and _MAP_IDX_VALUE with the map's id: fd numbers
	 * mean nothing later.
	 */
	struct bpf_insn *insns;
	size_t nr_insns;
	unsigned int nr_halves;
	char func[RUN_NAME_LEN]; /* of fentry and fexit; "" before the first analysis */
};

extern struct run_prog *run_progs;
extern struct run_map *run_maps;
/* Counts whatever may change a verdict. */
extern unsigned int run_generation;

void run_prog_loaded(const union bpf_attr *attr, int fd);
struct run_prog *run_prog_by_fd(int fd);
void run_prog_free(struct run_prog *prog);	/* unlinks it */
bool run_prog_uses_map(const struct run_prog *prog, __u32 map_id);
bool run_insn_is_map_ref(const struct bpf_insn *insn);	/* in a recorded program */

struct run_map *run_map_get(__u32 id);		/* made when not there; NULL: no memory */
/* Likewise, the holder of its group's task storage; *holder is -1 while there is none. */
int *run_storage_get(struct run_map *map, const struct pairfuse_key_consts *consts);
bool run_map_info(int fd, struct bpf_map_info *info);	/* false: no map */
__u32 run_map_id(int fd);			/* 0: no map */
bool run_map_holds_maps(int fd);		/* a map of maps */

/* --- probe.c: what a perf event is --- */

enum run_at {
	RUN_AT_OTHER,
	RUN_AT_FENTRY,
	RUN_AT_FEXIT,
	RUN_AT_KPROBE,
	RUN_AT_KRETPROBE,
	RUN_AT_SYS_ENTER,
	RUN_AT_SYS_EXIT,
};

bool run_at_is_entry(enum run_at at);
enum run_at run_at_partner(enum run_at at);

/* Which function and end of it; RUN_AT_OTHER: nothing that could be fused. */
enum run_at run_probe_resolve(const struct perf_event_attr *attr, pid_t pid,
			      enum bpf_prog_type type, char *func);
/* Read what never changes, before anything is attached. */
void run_probe_warm(bool tracepoints);

/* --- half.c: attached programs --- */

/* A perf event that could take a program, as opened. */
struct run_event {
	struct run_event *next;
	struct perf_event_attr attr;
	char func[RUN_NAME_LEN];	/* attr.config1 points here */
	int pid, cpu;
	unsigned long flags;
	unsigned int nr_fds;
	struct run_half *half;		/* what was attached; NULL */
};

enum run_how {
	RUN_HOW_LINK,		/* BPF_LINK_CREATE, fentry and fexit */
	RUN_HOW_RAW_TP,		/* BPF_RAW_TRACEPOINT_OPEN, the same */
	RUN_HOW_EVENT_LINK,	/* BPF_LINK_CREATE on a perf event */
	RUN_HOW_EVENT,		/* PERF_EVENT_IOC_SET_BPF */
};

enum run_half_state {
	RUN_HALF_ORIGINAL,	/* the kernel's link, as the tool made it */
	RUN_HALF_FUSED,		/* the tool's fds are copies of a pairfuse link */
	RUN_HALF_OFF,		/* the tool's fds are copies of nothing: its partner is gone */
};

#define RUN_INFO_LEN 256

/* A program at one place: half of a pair, perhaps. */
struct run_half {
	struct run_half *next;
	struct run_prog *prog;
	enum run_at at;
	enum run_how how;
	enum run_half_state state;
	bool expected;			/* not attached yet */
	bool waits;			/* off, until the other one is attached */
	bool pinned;			/* the link is; never replaced */
	char site[RUN_NAME_LEN + 16];	/* equal for halves at one function */
	char func[RUN_NAME_LEN];	/* "" for fentry and fexit: see the program */
	__u64 cookie;
	union bpf_attr link_attr;	/* as given; fds in it are stale */
	unsigned int link_attr_size;
	struct run_event *event;	/* RUN_HOW_EVENT... */
	unsigned int nr_links;		/* fds of the link */
	__u32 link_id;
	unsigned char info[RUN_INFO_LEN]; /* struct bpf_link_info, before it was taken off */
	__u32 info_len;
	int prog_fd;			/* holds the program while its link does not; private */
	struct run_pair *pair;		/* while fused */
};

extern struct run_half *run_halves;

struct run_event *run_event_opened(const struct perf_event_attr *attr, int pid, int cpu,
				   unsigned long flags, int fd);

/*
 * The tool is about to attach a program: all that has to be read about it is read
 * now, and not when it runs already. NULL: of no interest, or no memory. Then either
 * it could be attached, or not.
 */
struct run_half *run_half_expect(int cmd, const union bpf_attr *attr, unsigned int size);
struct run_half *run_half_expect_event(struct run_event *event, int prog_fd);
/* False: it has gone meanwhile, and was freed. */
bool run_half_arrived(struct run_half *half, int fd);
void run_half_failed(struct run_half *half);

/* An fd of it was closed; both may free what they are given. */
void run_half_put_link(struct run_half *half);
void run_event_put(struct run_event *event);

/* Keep the program, for the way back; to be asked for before it is attached. */
int run_half_hold(struct run_half *half);
/* Record what the link says about itself. */
void run_half_know(struct run_half *half);
/* An fd of nothing, the same each time. */
int run_half_nothing(void);

/*
 * Take the original off: its fds become copies of nothing. -EBUSY: somebody
 * else holds the link (a child, another process), and it is as before.
 */
int run_half_take_off(struct run_half *half);
/* Make the fds of a half that is off copies of a pairfuse link. */
int run_half_put_fused(struct run_half *half, int link);
/* Make the fds copies of nothing again. */
void run_half_take_fused_off(struct run_half *half);
/* Put the original back on; on failure the half stays off. */
int run_half_restore(struct run_half *half);
/* In the child of a fork: the halves are the parent's. */
void run_half_forget_all(void);

/* --- pair.c: pairs and what was decided on them --- */

enum run_pair_state {
	RUN_PAIR_REFUSED,
	RUN_PAIR_READY,		/* rewritten programs loaded */
	RUN_PAIR_FUSED,
};

enum run_outcome {
	RUN_OUTCOME_NONE,	/* was never attached */
	RUN_OUTCOME_FUSED,
	RUN_OUTCOME_SPLIT,
};

struct run_pair {
	struct run_pair *next;
	struct run_prog *entry_prog, *exit_prog;
	char func[RUN_NAME_LEN];
	struct pairfuse_func target;	/* the same, in BTF */
	struct run_half *entry, *exit;	/* while fused */
	enum run_pair_state state;
	__u32 carrier;			/* map id */
	char carrier_name[BPF_OBJ_NAME_LEN];
	enum pairfuse_key key;
	struct pairfuse_key_consts consts; /* two groups with one carrier differ in them */
	__u32 state_size;
	enum pairfuse_reason reason;
	char text[256];
	struct pairfuse_checked checked;
	bool final;		/* refused by the kernel: not to be tried again with this code */
	bool told;
	enum run_outcome outcome; /* as counted */
	bool seen;		/* by the analysis under way */
	enum pairfuse_storage storage;
	__u32 storage_size;
	bool exact;
	bool no_entry;		/* entry_fd stays -1 */
	int target_fd;		/* the function's descriptor, while loaded; private */
	__u32 flags;		/* PAIRFUSE_ATTACH_... */
	bool shared_only;	/* not with the direct hook */
	__u32 filter, filter_value;
	struct pairfuse_code entry_code, exit_code; /* map references by id */
	int entry_fd, exit_fd;	/* while ready; private */
	__u32 link_id;
	__u32 hook;
};

extern struct run_pair *run_pairs;

struct run_pair *run_pair_get(struct run_prog *entry, struct run_prog *exit, const char *func);
void run_pair_free(struct run_pair *pair);	/* unlinks it */
void run_pair_unload(struct run_pair *pair);	/* closes the rewritten programs */
void run_pair_refuse(struct run_pair *pair, enum pairfuse_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool run_pair_same_group(const struct run_pair *a, const struct run_pair *b);
/* No descriptors beyond the tool's limit on open files. */
void run_pair_refuse_room(struct run_pair *pair);
bool run_map_is_carrier(__u32 map_id);		/* of a fused pair */
/* Say with -v what was decided; all: also what might still change. */
void run_pair_tell(bool all);

/* --- engine.c: analysis and loading --- */

/*
 * Bring run_pairs up to date with all programs and halves. Pairs that are
 * fused and no longer fusible as they are have been put back when it returns.
 */
int run_engine_update(void);
/* Read what an update will need of the kernel, before anything is attached. */
void run_engine_warm(void);
/* Attach; returns the link's fd or the error, then pair->reason is set. */
int run_engine_attach(struct run_pair *pair);

/* --- fuse.c: when and how originals are replaced, and put back --- */

/* Before a half is attached: analyse and load what can be known by then. */
void run_prepare(struct run_half *expected);
void run_fuse(struct run_half *arrived);
/* It was not attached. */
void run_prepared_in_vain(void);
/*
 * Before attaching: what lib/anchor.c is about. The fd becomes one of ours, which
 * stays whatever the tool closes; the child of a fork, which has copies of the
 * pairs' fds, keeps it too.
 */
void run_anchor(void);
/* Are both halves attached, fused or not? */
bool run_pair_is_attached(const struct run_pair *pair);
/* Put back the originals of all pairs of the group of a carrier map. */
void run_fallback(__u32 carrier, const char *why);
void run_fallback_half(struct run_half *half, const char *why);
/* A fused pair has lost a half: the other one has nothing to do. */
void run_unfuse(struct run_pair *pair, struct run_half *gone);

/* --- link_info.c --- */

/* Record struct bpf_link_info of an original. */
void run_link_info_read(struct run_half *half, int fd);
/* Answer BPF_OBJ_GET_INFO_BY_FD for a half that is taken off; 0 or an error. */
int run_link_info_answer(const struct run_half *half, union bpf_attr *attr);

/* --- report.c: what became of all pairs --- */

#define RUN_EXIT_NOT_FUSED 3	/* with --require-fused */

extern bool run_require_fused;

/* --json; "": not wanted */
void run_report_init(const char *path);
/* A program was attached; the name is kept. */
void run_attached(const char *kind);
/* Something has changed that is told when the tool waits. */
void run_set_news(void);
bool run_has_news(void);
/* True: a signal has come meanwhile, and its handler has run. */
bool run_hook_waiting(void);
void run_report_exit(int status);
/* In the child of a fork. */
void run_report_forget(void);

/* --- exec.c: what the process starts --- */

extern bool run_is_followed;	/* started by another process with the interposer */

/* Hand this library and these options on, until told to end. */
void run_follow(const char *path, const char *options);
void run_follow_end(void);
void run_follow_forked(void);
/* Has it started, or become, something else? */
bool run_has_handed_on(void);
/* Bytes for an environment with the interposer; 0: it is to stay as it is. */
size_t run_env_size(const char *name, char *const envp[]);
char **run_env_fill(void *room, char *const envp[]);

/* --- say.c --- */

void run_say_init(void);
/*
 * In the child of a fork, which may be a daemon: who reads the parent's standard error
 * waits for its end. With -v it stays, to be told what the child does.
 */
void run_say_forget(void);
/* "pairfuse: ..." on standard error, line by line, with -v only; the second one always. */
void run_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void run_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* PAIRFUSE_PRELOAD_RUN_H */
