/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random pairs as C source, for compilers: what gen.h does with bytecode, as a tool's
 * author would write it down, with libbpf's macros and real functions of the kernel.
 *
 * A file is a tool with several groups of pairs. A group and its statements are numbered
 * over the file; either can be left out without a change to the others (gen.h says how).
 *
 * Programs are valid C and valid BPF: what is read has been written, numbers are unsigned
 * (signed division is for cpu v4 alone), loops end, no address is output. The rest, bytes
 * between members that a compiler copies or not, the check has to sort out.
 */
#ifndef FUZZ_SOURCE_H
#define FUZZ_SOURCE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define SOURCE_MAX_STMTS	4096
#define SOURCE_MAX_FIELDS	6
#define SOURCE_GROUPS		8	/* of a file */
#define SOURCE_GLOBALS		8
#define SOURCE_OPTIONS		4

/* What an argument is, and so what can be done with it. */
enum source_arg_kind {
	SOURCE_NUMBER,
	SOURCE_POINTER,		/* opaque: a number, too */
	SOURCE_FILE, SOURCE_SOCK, SOURCE_INODE, SOURCE_DENTRY,	/* structures with members */
};

struct source_arg {
	const char *type, *name;
	enum source_arg_kind kind;
};

struct source_func {
	const char *name;
	struct source_arg args[5];
	unsigned int nr_args;
};

enum source_hook { SOURCE_FENTRY, SOURCE_KPROBE, SOURCE_SYSCALL };

enum source_key {
	SOURCE_KEY_TID, SOURCE_KEY_ID, SOURCE_KEY_TID64, SOURCE_KEY_TID_OP, SOURCE_KEY_ID_OP,
	SOURCE_KEY_TGID, SOURCE_KEY_ARG, SOURCE_KEY_ZERO, SOURCE_KEY_TASK,
};

enum source_map { SOURCE_HASH, SOURCE_LRU, SOURCE_PERCPU_HASH, SOURCE_ARRAY, SOURCE_PERCPU_ARRAY,
		  SOURCE_TASK };

struct source_field {
	const char *type;	/* NULL: char[16] */
};

/* The pairs that share a carrier. */
struct source_group {
	unsigned int n;
	enum source_hook hook;
	enum source_key key;
	enum source_map map;
	struct source_field fields[SOURCE_MAX_FIELDS];
	unsigned int nr_fields;
	bool scalar;		/* the state is a number, no structure */
	unsigned int nr_pairs;
	bool shared_body;	/* entry and exit are functions that all pairs call */
	bool noinline;		/* and these are not inlined */
	unsigned int filter;	/* 0: none */
	bool filter_exit;	/* the exit repeats it */
	bool scratch;		/* both ends fill a per-CPU buffer first */
	bool second;		/* a second map goes from entry to exit, too */
	bool op_differs;	/* the constant of the key is another one in each pair */
	bool noexist;
	bool declines;		/* the entry looks for an outer call */
	bool task_pid;		/* the thread's number is read out of the task */
	bool spare;		/* an argument register is saved that nobody looks at */
	bool small;		/* little but an array: it is the lowest thing in the frame */
	bool keeps;		/* the exit leaves what it has counted, for user space */
};

struct source {
	__u64 rnd;
	const bool *drop;	/* statements to leave out; NULL: none */
	unsigned int nr_stmts;
	char *text;
	size_t len, cap;
	unsigned int indent;
	unsigned int used_funcs, used_calls;

	/* the program that is being written */
	const struct source_group *g;
	const struct source_func *fn;	/* NULL: arguments are `a` alone, or none */
	unsigned int op;
	bool is_exit;
	bool arg;		/* there is `a` */
	bool ret;		/* there is `ret` */
	bool state;		/* `p` points to the state, or it has been copied to `st` */
	bool copied;
	bool gone;		/* exit: it has been removed */
	bool early;		/* exit: it is removed before it is used */
	unsigned int depth, loops;
};

/* --- src_text.c --- */

unsigned int source_rnd(struct source *s, unsigned int n);
bool source_chance(struct source *s, unsigned int percent);

void source_put(struct source *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of its own, indented. */
void source_line(struct source *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void source_begin(struct source *s);	/* the indentation of what follows */
void source_open(struct source *s);	/* " {" behind what has been put */
void source_close(struct source *s);	/* "}" */

struct source_mark {
	size_t len;
	bool dropped;
};

struct source_mark source_stmt(struct source *s);
void source_stmt_end(struct source *s, struct source_mark m);

/* --- src_func.c --- */

const struct source_func *source_func(struct source *s);	/* one that has not been used */
const char *source_syscall(struct source *s);

/* --- src_value.c --- */

void source_expr(struct source *s, unsigned int depth);	/* a __u64 */
void source_cond(struct source *s, unsigned int depth);
void source_number(struct source *s);

/* --- src_stmt.c --- */

void source_block(struct source *s, unsigned int most);
void source_index(struct source *s);	/* an array, an index that may be negative */
void source_return(struct source *s);	/* with the carrier as it should be left */

/* --- src_output.c: events, other maps, places --- */

void source_output(struct source *s);
void source_map_stmt(struct source *s);
void source_place(struct source *s);

/* --- src_side.c --- */

void source_key(struct source *s);		/* declares `key` */
void source_remove(struct source *s);
void source_pair(struct source *s, unsigned int nr);

/* --- src_file.c --- */

/* The text, to be freed. only: that group and no other; -1: all. */
char *source_new(__u64 seed, int only, const bool *drop, unsigned int *nr_stmts);

#endif /* FUZZ_SOURCE_H */
