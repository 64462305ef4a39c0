/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libpairfuse: run the entry and exit programs of a BPF object as fused pairs
 *
 * Documentation
 * -------------
 * A *session* (struct pairfuse_object) wraps a struct bpf_object of libbpf. It
 * comes from a file, from memory, or from an object that the caller has opened
 * and loaded already (a skeleton):
 *
 *	pairfuse_object__open("fsdist.bpf.o", &obj);
 *	pairfuse_object__set_option(obj, "target_pid", "42");
 *	pairfuse_object__set_fs(obj, "ext4");
 *	pairfuse_object__load(obj);
 *	pairfuse_object__attach(obj, NULL);
 *	...
 *	pairfuse_object__close(obj);
 *
 *	skel = fsdist_bpf__open_and_load();
 *	pairfuse_object__wrap(skel->obj, &obj);
 *	pairfuse_object__attach(obj, NULL);	// instead of fsdist_bpf__attach()
 *
 * Whatever cannot be fused runs as its author wrote it: attaching succeeds
 * when every program that can run does run, fused or not. Why a pair is not
 * fused is in its struct pairfuse_verdict.
 *
 * Everything is owned by file descriptors: nothing is pinned, and when the
 * process dies nothing stays behind.
 *
 * Functions return 0 or a negative errno; texts go to the callback given to
 * pairfuse_set_log(). A session must not be used by two threads at once.
 * Strings in a verdict live as long as the session.
 */
#ifndef PAIRFUSE_PAIRFUSE_H
#define PAIRFUSE_PAIRFUSE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PAIRFUSE_API
#define PAIRFUSE_API __attribute__((visibility("default")))
#endif

struct bpf_object;
struct pairfuse_object;

/* --- messages --- */

enum pairfuse_log_level {
	PAIRFUSE_LOG_WARN,	/* why a function has failed, or something was left out */
	PAIRFUSE_LOG_INFO,	/* what was done */
	PAIRFUSE_LOG_DEBUG,	/* details, verifier logs */
};

/* A line, without newline. */
typedef void (*pairfuse_log_fn)(void *arg, enum pairfuse_log_level level, const char *line);

/* Process wide; NULL (the default) discards. */
PAIRFUSE_API void pairfuse_set_log(pairfuse_log_fn fn, void *arg);

/* "0.1.0" */
PAIRFUSE_API const char *pairfuse_version(void);

/* --- a session --- */

/*
 * Open a BPF object file. -ENOENT, -EACCES: the file; -ENOEXEC: not a BPF
 * object; else what libbpf says.
 */
PAIRFUSE_API int pairfuse_object__open(const char *path, struct pairfuse_object **out);

/* The same from memory; the name is for messages. The buffer may go after the call. */
PAIRFUSE_API int pairfuse_object__open_mem(const void *buf, size_t size, const char *name,
					   struct pairfuse_object **out);

/*
 * Take over attaching for an object that is loaded and not attached. The
 * caller keeps owning it and closes it after the session.
 *
 * libbpf does not tell which maps were given by bpf_map__reuse_fd(): that such a map is
 * shared with others is not seen, and it may be replaced all the same. An object with
 * reused maps that hold state between entry and exit must not be wrapped; pinned maps
 * are seen. With a map of maps in the object, no map is replaced.
 * -EINVAL: not loaded.
 */
PAIRFUSE_API int pairfuse_object__wrap(struct bpf_object *bpf, struct pairfuse_object **out);

PAIRFUSE_API struct bpf_object *pairfuse_object__bpf(const struct pairfuse_object *obj);

/*
 * Set a `const volatile` global variable, before loading. The value is text
 * for the variable's BTF type: a bool (true, false, 1, 0, ...), an integer
 * (decimal, 0x, 0), an enumerator's name or number, a string for a char array,
 * a comma-separated list for any other array.
 * -ENOENT: no such variable; -EINVAL: no such value; -ERANGE: does not fit.
 */
PAIRFUSE_API int pairfuse_object__set_option(struct pairfuse_object *obj, const char *name,
					     const char *value);

/*
 * The function that a program is attached to, before loading. prog names a
 * program, or the placeholder function in the section names of several.
 * -ENOENT: no such program.
 */
PAIRFUSE_API int pairfuse_object__set_target(struct pairfuse_object *obj, const char *prog,
					     const char *func);

/*
 * Attach the placeholders dummy_file_read, dummy_file_write, dummy_file_open,
 * dummy_file_sync and dummy_getattr to the functions of a filesystem (ext4,
 * xfs, btrfs, f2fs, nfs). -ENOENT: unknown filesystem, or no placeholder.
 */
PAIRFUSE_API int pairfuse_object__set_fs(struct pairfuse_object *obj, const char *fs);

/* What bpf_get_attach_cookie() returns in a program; before attaching. */
PAIRFUSE_API int pairfuse_object__set_cookie(struct pairfuse_object *obj, const char *prog,
					     __u64 cookie);

/*
 * What calls inside calls of one thread find, before loading: "exact" (what the
 * map would hold, where that is possible) or "per-call" (each its own state);
 * NULL for the default, exact for pairs that share a map across several
 * functions. -EINVAL: neither.
 */
PAIRFUSE_API int pairfuse_object__set_nesting(struct pairfuse_object *obj, const char *nesting);

/*
 * By which clock the module takes the time between entry and exit, where the programs
 * do nothing with it but subtract; before loading. "auto" (NULL, the default): the
 * CPU's time stamp counter, where that is the kernel's clock; "exact": the one of
 * bpf_ktime_get_ns(). -EINVAL: neither.
 */
PAIRFUSE_API int pairfuse_object__set_clock(struct pairfuse_object *obj, const char *clock);

/*
 * What is done to make pairs cheaper, before loading: "all" (NULL, the default),
 * "none" (both programs from one place, and no more), or names separated by commas,
 * as `applied` of explain has them, of slot, dead-code, rodata, clock, division,
 * registers, filter, copies, paths and once; each with a '-' in front for all but these.
 * -EINVAL: none of that.
 */
PAIRFUSE_API int pairfuse_object__set_opt(struct pairfuse_object *obj, const char *opt);

/* In place of a number of calls: some, within a fraction of a second for each pair. */
#define PAIRFUSE_SELF_CHECK_BRIEF (~0U)

/*
 * Try rewritten pairs before they are attached: run them beside the original ones in
 * an interpreter, with random contexts, times, threads and nested calls, and refuse
 * ("self-check") those that do something else, or ("unchecked") that cannot be tried.
 * calls: how many; 0 (the default): none; PAIRFUSE_SELF_CHECK_BRIEF: what `pairfuse load`
 * does unasked, where pairs that cannot be tried are fused all the same. Before load or
 * explain, or before attaching what was wrapped. -EBUSY: too late.
 */
PAIRFUSE_API int pairfuse_object__set_self_check(struct pairfuse_object *obj, unsigned int calls);

/*
 * Analyse without the kernel: needs no privilege and loads nothing; instead of
 * pairfuse_object__load(). Field offsets are those that the object was
 * compiled for.
 */
PAIRFUSE_API int pairfuse_object__explain(struct pairfuse_object *obj);

/*
 * Load the programs as they are, and analyse. Programs without a target in
 * this kernel are left out. -EPERM: missing privilege; -ESRCH: no kernel BTF;
 * -ENOENT: no program is left; else what libbpf says.
 */
PAIRFUSE_API int pairfuse_object__load(struct pairfuse_object *obj);

enum pairfuse_engine {
	PAIRFUSE_ENGINE_FUSED,	/* fuse what can be fused */
	PAIRFUSE_ENGINE_SPLIT,	/* the programs as they are */
};

struct pairfuse_attach_opts {
	size_t sz;		/* size of this struct, for compatibility */
	enum pairfuse_engine engine;
	__u32 hook;		/* enum pairfuse_hook of <linux/pairfuse.h> */
	size_t :0;
};

/*
 * Attach all programs; opts may be NULL. When a program can be attached
 * neither way nothing stays attached, and the error is that of the program.
 */
PAIRFUSE_API int pairfuse_object__attach(struct pairfuse_object *obj,
					 const struct pairfuse_attach_opts *opts);

/*
 * For those who attach once: give back what fused pairs do not need, their original
 * programs and the maps that they have shared (a preallocated hash of 10240 elements
 * is a megabyte). The object must own them (not pairfuse_object__wrap()); it cannot be
 * attached again, only detached and closed. -EBUSY: not attached, -EINVAL: not owned.
 */
PAIRFUSE_API int pairfuse_object__release(struct pairfuse_object *obj);

/* Detach everything; maps and their data stay until the session is closed. */
PAIRFUSE_API void pairfuse_object__detach(struct pairfuse_object *obj);

/* Detach and free; NULL is ignored. */
PAIRFUSE_API void pairfuse_object__close(struct pairfuse_object *obj);

/* --- what was decided --- */

struct pairfuse_verdict {
	const char *entry;	/* program names; NULL: there is none */
	const char *exit;
	const char *target;	/* function; NULL when not known */
	const char *module;	/* module of the function; "" for vmlinux or not known */
	const char *carrier;	/* map that carries the state; NULL */
	const char *key;	/* what the map is keyed by */
	__u32 state_size;	/* bytes */
	const char *storage;	/* where the state is: "slot", "task"; NULL */
	const char *nesting;	/* "exact", "per-call"; NULL */
	const char *clock;	/* of the time that the module takes: "counter", "monotonic";
				 * "programs": it takes none; NULL */
	bool fused;		/* attached fused; after explain: can be fused */
	bool left_out;		/* not loaded: nothing runs */
	__u32 hook;		/* enum pairfuse_hook in use */
	__u32 link_id;		/* of the kernel module; 0 when not attached fused */
	int link_fd;		/* owns it, together with the other pairs of its group; -1 */
	const char *reason_id;	/* "none", or why it is not fused */
	const char *reason;	/* the same for humans, "" when fused */
	const char *reason_prog; /* program that the reason points to; NULL */
	int reason_insn;	/* its instruction; -1 */
};

/* Verdicts exist after explain, load or attach; NULL behind the last one. */
PAIRFUSE_API const struct pairfuse_verdict *pairfuse_object__verdict(
	const struct pairfuse_object *obj, size_t index);

#ifdef __cplusplus
}
#endif

#endif /* PAIRFUSE_PAIRFUSE_H */
