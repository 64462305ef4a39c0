/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * pairfuse: ioctl ABI of /dev/pairfuse
 *
 * A *pair* is an entry and an exit BPF program on one kernel function, the
 * *target*. The module runs both from one stub around the function and keeps
 * their common state in a *slot* on the stack of the traced task, one for each
 * invocation.
 *
 * Documentation
 * -------------
 * Every request takes a structure whose first member is its size in bytes as
 * the caller knows it. The module accepts structures as small as those of ABI
 * 1.0 (members added later then count as zero; smaller ones are -EINVAL) and
 * larger ones as long as the part it does not know is zero (-E2BIG otherwise).
 * Members called "reserved" and unknown flags must be zero
 * (-EINVAL otherwise). Output members are written back up to the given size.
 *
 * PAIRFUSE_IOC_INFO      on the device: version and limits.
 * PAIRFUSE_IOC_ATTACH    on the device: returns a *link*, a file descriptor
 *                        (close-on-exec) that owns the attachment. When its
 *                        last copy is closed the pair is detached: when close()
 *                        returns, no CPU runs the programs any more, and the
 *                        module holds them no longer; the stub itself may have
 *                        to wait for tasks that are asleep in the target
 *                        ("draining").
 * PAIRFUSE_IOC_ATTACH_MANY  on the device: the same for up to PAIRFUSE_MAX_SET
 *                        pairs at once, all or none, owned by one descriptor.
 *                        It takes as long as one, and functions with several
 *                        users of ftrace pay for one: ask for what belongs
 *                        together in one request.
 * PAIRFUSE_IOC_DETACH    on a link: detaches one pair of several. In shared mode
 *                        its function keeps the hook until all pairs of the
 *                        request are gone ("parked").
 * PAIRFUSE_IOC_NEXT      on the device: describes the link with the smallest
 *                        id greater than the given one; -ENOENT at the end.
 *                        Draining stubs are listed too.
 * PAIRFUSE_IOC_LINK_INFO on a link: describes it; of several the one with the given
 *                        id, or for id 0 the first; -ENOENT when there is none.
 *
 * Opening the device needs its file permission (root, mode 0600) and every
 * request CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN) in the initial user
 * namespace.
 *
 * Programs
 * --------
 * entry_fd and exit_fd are programs of type BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
 * JIT compiled and not sleepable. Their context is an array of
 * PAIRFUSE_CTX_WORDS u64, see enum pairfuse_ctx. R0 of the entry program tells
 * whether it left state in the slot ("armed", non-zero). Unless
 * PAIRFUSE_ATTACH_EXIT_ALWAYS is given, the exit program runs only for
 * invocations that were armed.
 *
 * With PAIRFUSE_ATTACH_EXACT nested calls behave as with a map keyed by thread
 * that each exit program empties: an inner call replaces the state of the outer
 * one and takes it away, so the outer call counts as not armed. The links that
 * would share the map form a *group*, named by group_fd. A call is nested in
 * another when the same task (or an interrupt above it) makes it between the
 * other's entry and exit, on whichever functions of the group. This is the map's
 * behaviour provided that all calls of one thread arm alike.
 *
 * With PAIRFUSE_ATTACH_ELAPSED the stub itself takes the time at entry and exit,
 * and ctx[PAIRFUSE_CTX_ELAPSED] tells the exit program how long the call has taken:
 * nanoseconds, never negative (undefined when the call is not armed and EXIT_ALWAYS has
 * the program run all the same). With PAIRFUSE_ATTACH_MONOTONIC the clock is that of
 * bpf_ktime_get_ns(), CLOCK_MONOTONIC. Without, it is the CPU's time stamp counter:
 * the same to within the 0.05 % by which the kernel may be adjusting its clocks; a
 * call that sleeps through a suspend of the machine may count that time or lose some.
 * It is to be had while the counter is the kernel's clock source
 * (PAIRFUSE_FEATURE_COUNTER); should the kernel change its mind, the links there
 * are follow it within a second.
 *
 * With PAIRFUSE_ATTACH_NO_ENTRY (and ELAPSED, without EXIT_ALWAYS) there is no
 * entry program: entry_fd is -1 and every call is armed. The exit program must call
 * nothing and have no loads that may fault (by typed pointers), and only
 * ctx[PAIRFUSE_CTX_RET] and ctx[PAIRFUSE_CTX_ELAPSED] have defined contents.
 *
 * With a filter (pairfuse_attach.filter), calls of other threads or processes pass
 * by: no program runs, and nothing is counted. Ids are those of the initial pid
 * namespace. A name may change at any time (prctl(2)), so who wants more than its
 * first characters compares again.
 *
 * The slot is not cleared: an entry program that arms it has written whatever
 * the exit program reads.
 *
 * target_fd is a program of type BPF_PROG_TYPE_TRACING with expected attach
 * type BPF_TRACE_FEXIT for the target; loaded, never attached. With it the
 * kernel's verifier has applied all its rules on what may be traced; the module
 * takes the address and the calling convention from it.
 *
 * Errors of PAIRFUSE_IOC_ATTACH
 * -----------------------------
 * EINVAL      malformed request; flags or reserved members not zero
 * E2BIG       structure larger than known, and not zero there
 * EBADF       one of the descriptors is not a BPF program of the type above, or
 *             group_fd is no link that was attached with PAIRFUSE_ATTACH_EXACT
 * EPERM       missing capability
 * EPROTOTYPE  the target's arguments need more than 6 registers, or it returns
 *             more than 8 bytes
 * ENOEXEC     a program is not JIT compiled
 * EACCES      a program is sleepable, reads its context beyond
 *             PAIRFUSE_CTX_WORDS or the slot beyond PAIRFUSE_SLOT_SIZE; or something
 *             else might run in its place later, because it makes tail calls or has
 *             BTF (freplace): load it without; with NO_ENTRY, the exit program calls
 *             something, has a load that may fault or accesses the slot
 * EOPNOTSUPP  the target has no patchable ftrace call site where expected; the
 *             hook mode is not available on this kernel; or, with ELAPSED and not
 *             MONOTONIC, the time stamp counter is not the kernel's clock source
 * ENOTUNIQ    target_fd has been attached; use one that never was
 * EBUSY       the function is held by a user that excludes others (livepatch,
 *             kprobe with a post handler; in direct mode also by a BPF
 *             trampoline), or kernel.ftrace_enabled is 0
 * ENOSPC      all stubs are in use or draining
 * EMLINK      PAIRFUSE_MAX_LINKS pairs are on this function already
 * EUSERS      no group is free (pairfuse_info.nr_groups)
 * ENODEV      ftrace is off for good (it found an inconsistency; see the log)
 * ENOMEM      no memory
 * EFAULT      the structure cannot be read or written
 * EINTR       killed while waiting for another request
 */
#ifndef _UAPI_LINUX_PAIRFUSE_H
#define _UAPI_LINUX_PAIRFUSE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PAIRFUSE_DEVICE		"/dev/pairfuse"

/*
 * Major: raised when an old user would misbehave; minor: when something was
 * added. A user refuses a module of another major version.
 */
#define PAIRFUSE_ABI_MAJOR	1
#define PAIRFUSE_ABI_MINOR	1	/* 1: ATTACH_MANY, DETACH, parked, deep, diverted */

/* Bytes of state that an invocation can keep; see struct pairfuse_info too. */
#define PAIRFUSE_SLOT_SIZE	64
/* Argument registers that the stub saves and restores. */
#define PAIRFUSE_MAX_ARGS	6
#define PAIRFUSE_NAME_LEN	128
/* Pairs on one function: each has a frame on the stack of every call. */
#define PAIRFUSE_MAX_LINKS	8
/* Pairs in one request. */
#define PAIRFUSE_MAX_SET	1024

/* The words (u64) of the context, ctx[PAIRFUSE_CTX_...]. */
enum pairfuse_ctx {
	PAIRFUSE_CTX_SLOT	= 0,	/* pointer to the slot */
	PAIRFUSE_CTX_ARG0	= 1,	/* first argument register ... */
	PAIRFUSE_CTX_ARG5	= 6,	/* ... sixth */
	PAIRFUSE_CTX_RET	= 7,	/* return value; exit program only */
	PAIRFUSE_CTX_ARMED	= 8,	/* R0 of the entry program; exit program only */
	PAIRFUSE_CTX_ELAPSED	= 9,	/* ns; exit program only, with ATTACH_ELAPSED */
	PAIRFUSE_CTX_WORDS	= 12	/* 10, 11: reserved, content undefined */
};

/* How the function is hooked. */
enum pairfuse_hook {
	PAIRFUSE_HOOK_SHARED	= 0,	/* beside other users of the function */
	PAIRFUSE_HOOK_DIRECT	= 1	/* cheapest; excludes BPF trampolines */
};

/* pairfuse_attach.flags */
#define PAIRFUSE_ATTACH_EXIT_ALWAYS	(1U << 0) /* run the exit program even when not armed */
#define PAIRFUSE_ATTACH_EXACT		(1U << 1) /* nesting as in the group's map */
#define PAIRFUSE_ATTACH_ELAPSED		(1U << 2) /* ctx[PAIRFUSE_CTX_ELAPSED] */
#define PAIRFUSE_ATTACH_NO_ENTRY	(1U << 3) /* no entry program */
#define PAIRFUSE_ATTACH_MONOTONIC	(1U << 4) /* ELAPSED by CLOCK_MONOTONIC */
#define PAIRFUSE_ATTACH_F_ALL		(PAIRFUSE_ATTACH_EXIT_ALWAYS | PAIRFUSE_ATTACH_EXACT | \
					 PAIRFUSE_ATTACH_ELAPSED | PAIRFUSE_ATTACH_NO_ENTRY | \
					 PAIRFUSE_ATTACH_MONOTONIC)

/* Whose calls, pairfuse_attach.filter */
enum pairfuse_filter {
	PAIRFUSE_FILTER_NONE	= 0,
	PAIRFUSE_FILTER_TGID	= 1,	/* of the process filter_value */
	PAIRFUSE_FILTER_TID	= 2,	/* of the thread filter_value */
	/* whose name begins with four bytes, in memory order those of filter_value */
	PAIRFUSE_FILTER_COMM	= 3
};

/* pairfuse_info.features */
#define PAIRFUSE_FEATURE_COUNTER	(1U << 0) /* ATTACH_ELAPSED can be had from the counter */

struct pairfuse_info {
	__u32 size;		/* in: sizeof(struct pairfuse_info) */
	__u32 flags;		/* in: 0 */
	__u32 abi_major;	/* out: ... */
	__u32 abi_minor;
	__u32 slot_size;	/* bytes */
	__u32 ctx_words;
	__u32 max_args;		/* registers */
	__u32 nr_stubs;		/* stubs without PAIRFUSE_ATTACH_EXACT, _NO_ENTRY */
	__u32 nr_free;		/* of them free; not every pair can have any of them */
	__u32 nr_draining;	/* links of either kind that are draining */
	__u32 hooks;		/* bit mask of 1 << enum pairfuse_hook */
	__u32 nr_exact_stubs;	/* stubs with PAIRFUSE_ATTACH_EXACT */
	__u32 nr_exact_free;	/* of them free */
	__u32 nr_groups;	/* groups that can exist at a time */
	__u32 nr_groups_free;
	__u32 features;		/* in: 0, out: PAIRFUSE_FEATURE_... */
	__u32 nr_timed_stubs;	/* stubs with PAIRFUSE_ATTACH_NO_ENTRY ... */
	__u32 nr_timed_free;
	__u32 nr_timed_exact_stubs; /* ... and PAIRFUSE_ATTACH_EXACT */
	__u32 nr_timed_exact_free;
};

struct pairfuse_attach {
	__u32 size;		/* in: sizeof(struct pairfuse_attach) */
	__u32 flags;		/* in: PAIRFUSE_ATTACH_... */
	__s32 target_fd;	/* in */
	__s32 entry_fd;		/* in; -1 with ATTACH_NO_ENTRY */
	__s32 exit_fd;		/* in */
	__u32 hook;		/* in: wanted, out: got (a site that is already
				 * hooked keeps its mode) */
	__u64 entry_cookie;	/* in: what bpf_get_attach_cookie() returns */
	__u64 exit_cookie;	/* in */
	__u32 link_id;		/* out */
	__s32 group_fd;		/* in: with ATTACH_EXACT a link of the group, or -1:
				 * a new group; else 0. In a request for many, see
				 * PAIRFUSE_GROUP_OF() */
	__u32 filter;		/* in: enum pairfuse_filter */
	__u32 filter_value;	/* in: 0 without filter */
};

/* group_fd: the group of member n of the same request, which has to come earlier. */
#define PAIRFUSE_GROUP_OF(n)	(-2 - (__s32)(n))

struct pairfuse_attach_many {
	__u32 size;		/* in: sizeof(struct pairfuse_attach_many) */
	__u32 flags;		/* in: 0 */
	__u32 nr;		/* in: pairs, at least 1 */
	__u32 stride;		/* in: bytes from one pair to the next */
	__u64 pairs;		/* in: address of an array of struct pairfuse_attach; each
				 * is as for PAIRFUSE_IOC_ATTACH, and written back */
	__u32 failed;		/* out, on errors: the pair that has one, or nr: all of
				 * them together */
	__u32 reserved;
};

/* PAIRFUSE_IOC_DETACH; -ENOENT: not one of this link, or detached before */
struct pairfuse_detach {
	__u32 size;		/* in: sizeof(struct pairfuse_detach) */
	__u32 flags;		/* in: 0 */
	__u32 id;		/* in: of the pair: pairfuse_attach.link_id */
	__u32 reserved;
};

enum pairfuse_link_state {
	PAIRFUSE_LINK_LIVE	= 0,
	PAIRFUSE_LINK_DRAINING	= 1,	/* detached; tasks are in the target, or on their way */
	PAIRFUSE_LINK_PARKED	= 2	/* detached; the hook stays while others of its
					 * request are live */
};

/*
 * Counters are sums over the CPUs, read while they move. At rest
 *   entered = runs + not_armed + entry_missed + exit_missed + in_flight
 */
struct pairfuse_link_info {
	__u32 size;		/* in: sizeof(struct pairfuse_link_info) */
	__u32 id;		/* PAIRFUSE_IOC_NEXT, in: previous id, 0 at first; out: id */
	__u32 state;		/* out: enum pairfuse_link_state */
	__u32 hook;		/* out: enum pairfuse_hook */
	__u32 entry_prog_id;	/* out: BPF ids; 0: none, or draining */
	__u32 exit_prog_id;
	__u32 flags;		/* in: 0, out: those of attach */
	__s32 pid;		/* out: process that attached, in the initial pid namespace */
	__u64 entered;		/* out: invocations that reached the stub */
	__u64 runs;		/* out: both programs have run */
	__u64 not_armed;	/* out: left without state: the entry program
				 * declined, or a nested call took it */
	__u64 entry_missed;	/* out: entry program not run: recursion */
	__u64 exit_missed;	/* out: armed, but exit program not run:
				 * recursion (or detached) */
	__u64 in_flight;	/* out: invocations now between entry and exit */
	char comm[16];		/* out: command that attached */
	char target[PAIRFUSE_NAME_LEN]; /* out: function */
	char module[64];	/* out: module of the function; "" for vmlinux */
	__u64 deep;		/* out: calls that were let pass, counted nowhere else: the
				 * task's stack was nearly full (ABI 1.1) */
	__u64 diverted;		/* out: calls that the shared hook sent to the stub and that
				 * have not come: another's BPF program (fmod_ret, LSM,
				 * bpf_override_return()) has answered them, or they are on
				 * their way (ABI 1.1) */
};

#define PAIRFUSE_IOC_MAGIC	0xbf
#define PAIRFUSE_IOC_INFO	_IOWR(PAIRFUSE_IOC_MAGIC, 0, struct pairfuse_info)
#define PAIRFUSE_IOC_ATTACH	_IOWR(PAIRFUSE_IOC_MAGIC, 1, struct pairfuse_attach)
#define PAIRFUSE_IOC_NEXT	_IOWR(PAIRFUSE_IOC_MAGIC, 2, struct pairfuse_link_info)
#define PAIRFUSE_IOC_LINK_INFO	_IOWR(PAIRFUSE_IOC_MAGIC, 3, struct pairfuse_link_info)
#define PAIRFUSE_IOC_ATTACH_MANY _IOWR(PAIRFUSE_IOC_MAGIC, 4, struct pairfuse_attach_many)
#define PAIRFUSE_IOC_DETACH	_IOW(PAIRFUSE_IOC_MAGIC, 5, struct pairfuse_detach)

#endif /* _UAPI_LINUX_PAIRFUSE_H */
