/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verbs share: option tables, messages, tables.
 *
 * A verb is data (struct cli_verb) and one function. Its option table is what
 * parses the command line and what --help prints; the man page and the bash
 * completion are compared with that by a test.
 */
#ifndef PAIRFUSE_CLI_H
#define PAIRFUSE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NOT_FUSED = 3 };

#define CLI_REST -1	/* the first argument that is no option, and all behind it */

struct cli_option {
	const char *name;	/* without the dashes; NULL ends the table */
	char letter;		/* 0: none */
	const char *arg;	/* name of the argument; NULL: none; "[=N]": may be left out */
	const char *help;
};

struct cli_verb {
	const char *name;
	const char *args;	/* positional, for the usage line */
	const char *summary;
	const char *details;	/* behind the options in --help; may be NULL */
	const struct cli_option *options; /* --help and -v are added */
	int nr_args;		/* positional arguments wanted, or CLI_REST */
	/*
	 * An option, as an index into options[]; value NULL when it has none.
	 * Returns false after a message of cli_bad_value().
	 */
	bool (*option)(void *state, int index, const char *value);
	/* args[nr_args], or NULL terminated; returns enum cli_status */
	int (*run)(void *state, char **args);
	void *state;
};

extern const struct cli_verb cmd_load, cmd_run, cmd_explain, cmd_list, cmd_doctor;

/* --- main.c --- */

extern int cli_verbose;		/* number of -v */

/* --- output.c --- */

/*
 * Standard output: whole lines, also into a pipe, and the reason remembered for
 * which it could not be written.
 */
void cli_output_init(void);
/*
 * At the end: what is to be returned in place of the status, after a message when
 * output was lost. That a reader has gone is not worth one.
 */
int cli_output_end(int status);

/* --- parse.c --- */

/* Parse, then run; argv[0] is the verb. */
int cli_run_verb(const struct cli_verb *verb, int argc, char **argv);
void cli_verb_help(const struct cli_verb *verb, FILE *out);

/* "See 'pairfuse VERB --help'."; returns CLI_USAGE */
int cli_usage(const struct cli_verb *verb);

/* "pairfuse load: --hook: have 'x', need shared or direct" */
void cli_bad_value(const struct cli_option *opt, const char *have, const char *need);

/* A whole number in [min, max]; false: none. */
bool cli_parse_number(const char *text, long min, long max, long *out);

/* --- messages.c --- */

/* "pairfuse: ..." on standard error. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Take the messages of both libraries. */
void cli_messages_init(void);

/*
 * After a failure: the last lines of libbpf that matter, indented, unless they
 * were shown already.
 */
void cli_show_libbpf_tail(void);

/* --- module.c --- */

struct pairfuse_info;

/*
 * Have the kernel module loaded if it is installed and we are root; the error
 * is for pairfuse_device_error(). info may be NULL.
 */
int cli_load_module(struct pairfuse_info *info);
/* What modprobe said when it failed: ": ..." for behind a message, or "". */
const char *cli_modprobe_said(void);

/* --- caps.c --- */

enum cli_cap { CLI_CAP_BPF = 1, CLI_CAP_PERFMON = 2, CLI_CAP_SYS_ADMIN = 4 };

/* Those of them that are effective. */
unsigned int cli_caps(void);
/* In another user namespace than the first one, where they are worth nothing here. */
bool cli_in_user_namespace(void);
/* "CAP_BPF, CAP_PERFMON"; a static buffer */
const char *cli_caps_text(unsigned int set);

/* --- cmd_list.c --- */

/* "256 of 256 usual, 255 of 256 ...": how many of each kind are free. */
const char *cli_stubs_text(const struct pairfuse_info *info, char *buf, size_t len);

/* --- table.c --- */

struct cli_table;

struct cli_table *cli_table_new(size_t nr_columns);
/* One cell after the other, row by row; copied. */
void cli_table_cell(struct cli_table *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Print with aligned columns, first row as the heading; frees. */
void cli_table_print(struct cli_table *t, FILE *out);
void cli_table_free(struct cli_table *t);

/* --- object.c: the options that load and explain have in common --- */

struct pairfuse_object;

struct cli_given {		/* an option as given: "KEY=VALUE" */
	const char *value;
	struct cli_given *next;
};

struct cli_object_options {
	struct cli_given *targets, *sets;
	const char *fs;
	const char *nesting;
	const char *clock;
	const char *opt;
	long self_check;
	bool to_explain;	/* set by the verb: nothing will be loaded */
	const char *btf;	/* explain --btf */
};

/* --self-check, for a verb's table; its value: false after a message. */
#define CLI_SELF_CHECK_OPTION						\
	{ "self-check", 'x', "[=N]",					\
	  "run rewritten pairs beside the original ones first, N calls" },	\
	{ "no-self-check", 'X', NULL,					\
	  "do not try them at all (default: some calls of each)" }

bool cli_self_check(const struct cli_option *opt, const char *value, long *calls);

/* Those that lib/target.c knows; test_cli.sh compares. */
#define CLI_FILESYSTEMS "ext4, xfs, btrfs, f2fs, nfs"

#define CLI_OBJECT_OPTIONS						\
	{ "target", 't', "PROG=FUNC",					\
	  "attach program PROG (or all with placeholder PROG) to FUNC" }, \
	{ "fs", 'f', "FS",						\
	  "attach filesystem placeholders: " CLI_FILESYSTEMS },		\
	{ "set", 's', "VAR=VALUE",					\
	  "set a const volatile variable of the object" },		\
	{ "nesting", 'n', "exact|per-call",				\
	  "what calls inside calls find: the map's state, or their own" }, \
	{ "clock", 'c', "auto|exact",					\
	  "times from the CPU's counter, or by the clock of bpf_ktime_get_ns()" }, \
	{ "opt", 'O', "all|none|NAME,...",				\
	  "optimisations to apply (default: all); -NAME,...: all but these" }, \
	CLI_SELF_CHECK_OPTION
enum { CLI_OPT_TARGET, CLI_OPT_FS, CLI_OPT_SET, CLI_OPT_NESTING, CLI_OPT_CLOCK, CLI_OPT_OPT,
       CLI_OPT_SELF_CHECK, CLI_OPT_NO_SELF_CHECK,
       CLI_NR_OBJECT_OPTIONS };

bool cli_object_option(struct cli_object_options *o, const struct cli_option *opt, int index,
		       const char *value);
/* Open the object and apply the options; a message was printed on failure. */
int cli_object_open(const char *path, struct cli_object_options *o,
		    struct pairfuse_object **out);

#endif /* PAIRFUSE_CLI_H */
