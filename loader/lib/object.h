/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inside of a session; the functions of pairfuse.h are its interface.
 *
 * Life of a session:
 *
 *	open ---> (options, targets) ---> load ----> attach ---> detach ---> close
 *	              |                    ^ analysis
 *	              +---> explain        |
 *	wrap ------------------------------+ (at attach)
 *
 * Files: object.c opens and describes, target.c says which function each
 * program belongs to, options.c sets .rodata, session.c loads, relocate.c does
 * what explaining needs of it, analysis_in.c describes them to the analysis,
 * attach.c attaches, verdict.c tells what was decided.
 */
#ifndef PAIRFUSE_OBJECT_H
#define PAIRFUSE_OBJECT_H

#include <bpf/libbpf.h>

#include "analysis.h"
#include "kbtf.h"
#include "pairfuse.h"

enum pairfuse_mode {
	PAIRFUSE_MODE_OPEN,
	PAIRFUSE_MODE_EXPLAIN,	/* bytecode relocated, nothing in the kernel */
	PAIRFUSE_MODE_LOADED,
};

/* A program of the object. */
struct pairfuse_oprog {
	struct bpf_program *bpf;
	enum pairfuse_hook_type at;
	bool sleepable;
	bool kprobe;		/* kprobe or kretprobe */
	bool retprobe;
	bool optional;		/* not loaded by default (SEC("?...")) */
	char *placeholder;	/* function of the section name; NULL: none */
	char *func;		/* function wanted; NULL: none */
	bool func_given;	/* with set_target() or set_fs() */
	bool func_by_user;	/* with set_target() */
	bool func_known;	/* info below is valid */
	struct pairfuse_func info;
	__u64 cookie;

	/* not loaded; then why */
	bool off;
	enum pairfuse_reason off_reason;
	char off_text[256];

	struct bpf_link *link;	/* when attached as it is */
	bool fused;		/* attached as half of a fused pair */
};

/* A pair, or a program without partner. */
struct pairfuse_opair {
	int entry;		/* index into progs[] or -1 */
	int exit;
	const struct pairfuse_pair *analysis; /* NULL: left out before that */
	enum pairfuse_reason reason;
	char reason_text[256];
	int entry_fd;		/* rewritten programs; -1 */
	int exit_fd;
	struct pairfuse_verdict verdict;
};

struct pairfuse_object {
	struct bpf_object *bpf;
	bool owned;		/* opened by us */
	enum pairfuse_mode mode;
	char *name;
	struct pairfuse_kbtf *kbtf; /* NULL: not read yet, or none */
	bool kbtf_tried;

	enum pairfuse_nesting nesting;
	bool exact_clock;	/* no times from the CPU's counter */
	unsigned int without;	/* optimisations: pairfuse_input.without */
	unsigned int self_check; /* calls to try rewritten pairs with; 0: none; or _BRIEF */
	struct pairfuse_oprog *progs;
	size_t nr_progs;

	/* what the analysis is given and answers; after explain, load or attach */
	struct pairfuse_prog *in_progs;
	int *in_index;		/* index into progs[] of each */
	size_t nr_in_progs;
	struct pairfuse_map *in_maps;	/* in the order of libbpf's maps */
	size_t nr_maps;
	enum bpf_map_type *types; /* in that order, before libbpf relocated; NULL: as libbpf says */
	bool *inner;		/* in that order: pairfuse_object_inner_maps(); NULL: not known */
	const struct bpf_map *undeclared; /* a map of maps without a declared element; NULL: none */
	struct pairfuse_result **results; /* by set, see choose.h; indices are in_progs' */
	size_t nr_results;

	struct pairfuse_opair *pairs;
	size_t nr_pairs;
	bool released;		/* pairfuse_object__release() */
	bool attached;
};

/* The kernel's BTF; NULL when there is none, which is said once. */
struct pairfuse_kbtf *pairfuse_object_kbtf(struct pairfuse_object *obj);

/*
 * Explain for the kernel whose BTF is in a file (raw, or the section .BTF of an ELF file),
 * without modules. Returns 0 or a negative errno, which has been said.
 */
int pairfuse_object_set_btf(struct pairfuse_object *obj, const char *path);

/* Describe the programs of obj->bpf; called once, at open or wrap. */
int pairfuse_object_programs(struct pairfuse_object *obj);

/* Leave a program out, with a reason. */
void pairfuse_oprog_off(struct pairfuse_oprog *p, enum pairfuse_reason reason, const char *fmt,
			...) __attribute__((format(printf, 3, 4)));

/* "dummy_file_read": a name that stands for a function to be given. */
bool pairfuse_is_placeholder(const char *func);

/*
 * For explaining: where the only placeholders of an entry and of an exit program
 * differ ("dummy_fentry", "dummy_fexit"), take them for one function, of both
 * kinds of programs.
 */
int pairfuse_object_join_placeholders(struct pairfuse_object *obj);

/*
 * Find out which maps can be elements of the object's maps of maps. To be called before
 * libbpf loads the object, since it forgets then. Where the object does not declare what its
 * elements are, user space says so at run time: all maps can be (explain: none, since
 * `run` sees what is put in).
 */
int pairfuse_object_inner_maps(struct pairfuse_object *obj, bool explain);

/*
 * Have libbpf relocate the programs, without a kernel (relocate.c). Sets obj->types;
 * returns 0 or what libbpf says.
 */
int pairfuse_object_relocate(struct pairfuse_object *obj);

/*
 * Open a file for pairfuse_object__explain() alone. That then takes what libbpf loads
 * with a tool's help only, and kernel symbols that this kernel lacks are 0. Changes
 * what libbpf makes of some sections in the whole process.
 */
int pairfuse_object_open_to_explain(const char *path, struct pairfuse_object **out);

/* Once for the process: libbpf takes all sections. Returns 0 or an error of libbpf. */
int pairfuse_explain_sections(void);

/*
 * Describe programs and maps to the analysis, run it and build obj->pairs. All
 * programs that are not off must have their final bytecode in libbpf.
 */
int pairfuse_object_analyze(struct pairfuse_object *obj);

/* Try the pairs of a result, if that is wanted, and refuse those that differ. */
int pairfuse_object_self_check(struct pairfuse_object *obj, const struct pairfuse_input *input,
			       struct pairfuse_result *res);

/* Index of the map that a BPF_LD_IMM64 of the object's programs refers to; -1: none. */
int pairfuse_object_map_ref(void *obj, const struct bpf_insn *insn);

/* The n-th map of the object as libbpf counts; NULL behind the last. */
struct bpf_map *pairfuse_object_map(const struct pairfuse_object *obj, size_t n);

/* Does the map carry state of any pair, fused or not? */
bool pairfuse_object_is_carrier(const struct pairfuse_object *obj, const struct bpf_map *map);

/*
 * Load a program of type fentry or fexit that does nothing, for a function:
 * what the kernel module takes the target from, and a trial whether the
 * function can be traced at all. Returns an fd or an error, and what the
 * verifier said.
 */
int pairfuse_descriptor_load(const struct pairfuse_func *func, enum bpf_attach_type type,
			     char *text, size_t len);

/* Refuse a pair that the analysis would have fused. */
void pairfuse_opair_refuse(struct pairfuse_opair *pair, enum pairfuse_reason reason,
			   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Bring pair->verdict up to date. */
void pairfuse_object_judge(struct pairfuse_object *obj, struct pairfuse_opair *pair);

#endif /* PAIRFUSE_OBJECT_H */
